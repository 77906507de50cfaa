"""What the scheduler can say of its own health: of a whole stage, by bounded reads.

Nothing here looks at all jobs. What the last tick counted stands beside its instant; what is due
now is read from the first few rows of each shard, which are its oldest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.background.gate.store import GateStore
from chalicelib.clock import Clock, rfc3339
from chalicelib.scheduler.store import JobStore, TickLog


@dataclass(kw_only=True, eq=False, repr=False)
class SchedulerHealth:
    """Reads the earliest next slots of every shard, and the last tick."""

    jobs: JobStore
    ticks: TickLog
    gates: GateStore
    clock: Clock
    shards: int

    def health(self) -> Mapping[str, Any]:
        """Return the last tick, and the oldest slot that is due but not handed over.

        Of what the tick counted only what is not 0 is told: each run that looks keeps all of it.
        Slots of those whose gate is closed are not due: they wait for it.
        """
        now, last, gate = self.clock.now(), self.ticks.seen(), self.gates.read()
        slots = [
            slot.at
            for shard in range(self.shards)
            for slot in self.jobs.next_slots(shard)
            if not gate.excuses(slot.owner, slot.at)
        ]
        oldest_due = min((slot for slot in slots if slot <= now), default=None)
        return {
            "last_tick": rfc3339(last.at) if last else None,
            "last_counts": _told(last.counts) if last and last.counts is not None else None,
            "oldest_due_slot": rfc3339(oldest_due) if oldest_due else None,
            "next_slot": rfc3339(min(slots)) if slots else None,
        }


def _told(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
