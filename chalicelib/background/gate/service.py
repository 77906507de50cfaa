"""GateService: operators close and open the gate, of their owner or of everything.

A stage begins with one owner, `main`, and it is that one's admins who may pause everybody. What
they do to everybody stands in the system's journal.
"""

from dataclasses import dataclass

from chalicelib.background.gate.gate import EVERYTHING, Gate
from chalicelib.background.gate.store import GateStore
from chalicelib.clock import Clock
from chalicelib.errors import Denied, Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.tables import SYSTEM, Cancelled

FIRST_OWNER = "main"
_TRIES = 8


@dataclass(kw_only=True, eq=False, repr=False)
class GateService:
    """Changes the gate, each change with its event."""

    gates: GateStore
    journal: JournalStore
    clock: Clock

    def read(self) -> Gate:
        """Return the gate."""
        return self.gates.read()

    def close(self, owner: str, actor: str, *, everything: bool = False) -> Gate:
        """Let no work of an owner, or of anybody, begin; closing it again writes nothing.

        Raises:
            Denied: only the first owner may close it for everybody.
            Unavailable: AWS did not answer, or others kept changing it.
        """
        return self._change(owner, actor, everything=everything, closes=True)

    def open(self, owner: str, actor: str, *, everything: bool = False) -> Gate:
        """Let work begin again; opening what is open writes nothing.

        Raises:
            Denied: only the first owner may open it for everybody.
            Unavailable: AWS did not answer, or others kept changing it.
        """
        return self._change(owner, actor, everything=everything, closes=False)

    def _change(self, owner: str, actor: str, *, everything: bool, closes: bool) -> Gate:
        scope = _scope(owner, everything=everything)
        for _ in range(_TRIES):
            now, before = self.clock.now(), self.gates.read()
            after = before.closing(scope, actor, now) if closes else before.opening(scope, now)
            if after == before:
                return before
            try:
                event = _event(owner, actor, scope, after, closes=closes)
                self.journal.append_with(event, [self.gates.write(after)])
            except Cancelled:
                continue  # Somebody else changed it, or this was refused by its own effect.
            return after
        raise Unavailable("the gate keeps changing", fix="try again")


def _scope(owner: str, *, everything: bool) -> str:
    if not everything:
        return owner
    if owner != FIRST_OWNER:
        raise Denied(
            f"only admins of the owner {FIRST_OWNER} may pause everybody",
            field="scope",
            fix=f'use "owner", or a token of {FIRST_OWNER}',
        )
    return EVERYTHING


def _event(owner: str, actor: str, scope: str, gate: Gate, *, closes: bool) -> Event:
    period = gate.periods[scope][-1]
    at = period.since if closes or period.until is None else period.until
    return Event(
        id=f"gate/{gate.ver}",
        owner=SYSTEM if scope == EVERYTHING else owner,
        kind="gate.closed" if closes else "gate.opened",
        actor=actor,
        subject="gate",
        at=at,
        details={"scope": "everything" if scope == EVERYTHING else "owner", "ver": gate.ver},
    )
