"""A ward: the rooms of healing on moto, run as the sweep's function runs them."""

import os
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.functions.wiring import healing, node_upkeep, sweeps
from chalicelib.functions.wiring.container import Container
from chalicelib.healing.service import Operator
from chalicelib.incidents.incident import RuntimeIncidentRecord
from tests.support.world import MINUTE, World

ADMIN = Operator("main", "token:admin", is_admin=True)


@dataclass
class Ward:
    """Healing in one mode."""

    world: World
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = replace(self.world.settings, **self.settings)
        of = Container(settings=settings, clock=self.world.clock, random_bytes=os.urandom)
        self.sweep, self.watch = healing.sweep(of), healing.watch(of)
        self.healer, self.service = healing.healer(of), healing.incidents(of)
        self.store, self.collector = sweeps.incidents(of), node_upkeep.collector(of)
        self.heartbeats = sweeps.heartbeats(of)

    def minute(self, minutes: float = 1) -> dict[str, int]:
        """Let time pass, and the sweep come at its end."""
        self.world.clock.move(minutes * MINUTE)
        return self.swept()

    def swept(self) -> dict[str, int]:
        """Let the sweep come now; return what it did, and what was healed."""
        until = self.world.clock.now() + MINUTE
        done = self.sweep.run(until)
        done["heartbeats"] = self.collector.run()
        done["faults"] = self.watch.run()
        return done | self.healer.run(until)

    def all(self, owner: str = "main") -> list[RuntimeIncidentRecord]:
        """Return every incident of an owner."""
        return list(self.store.listed(owner, None, 100).items)

    def one(self, kind: str, owner: str = "main") -> RuntimeIncidentRecord:
        """Return the only incident of a kind."""
        (found,) = [each for each in self.all(owner) if each.kind == kind]
        return found

    def changes(self, record: RuntimeIncidentRecord) -> list[str]:
        """Return what became of an incident, the first first."""
        history = self.store.history(record.owner, record.id)
        return [str(entry.change) for entry in reversed(history)]

    def attempts(self, record: RuntimeIncidentRecord) -> list[tuple[str, str]]:
        """Return what was done about an incident, and how it ended, the first first."""
        attempts = self.store.attempts(record.owner, record.id)
        return [(each.remediation, str(each.status)) for each in reversed(attempts)]
