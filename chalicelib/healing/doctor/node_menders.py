"""Menders of what the sweep should have ended, and of what the nodes' front trusts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.healing.doctor.check import Step
from chalicelib.healing.doctor.checks import nodes
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.mending import Result, cannot, changed
from chalicelib.healing.doctor.rooms import Rooms

_RUNS_FOR = timedelta(seconds=30)


@dataclass(eq=False)
class Upkeep:
    """Ends what is over, as the next sweep would.

    Attributes:
        run: ends what is due until an instant, and returns how much that was.
        told: what was done with it.
    """

    rooms: Rooms
    run: Callable[[datetime], int]
    told: str
    can_undo: bool = False

    def apply(self, step: Step, *, again: bool) -> Result:
        """End all that is due once."""
        del step  # All of it is looked at.
        number = self.run(self.rooms.clock.now() + _RUNS_FOR)
        if not number:
            nothing = Outcome.DONE if again else Outcome.UNCHANGED
            return Result(nothing, "nothing is due any more")
        return Result(Outcome.DONE, f"{number} {self.told}")

    def undo(self, step: Step, *, again: bool) -> Result:
        """Say that it cannot."""
        return cannot(step, again=again)


@dataclass(eq=False)
class Publishing:
    """Writes the truststore anew; what it was before stays a version of the object.

    It is not put back: what the table does not have is not to be trusted.
    """

    rooms: Rooms
    can_undo: bool = False

    def apply(self, step: Step, *, again: bool) -> Result:
        """Write it, if it is still as it was seen."""
        wanted, now = nodes.wanted(self.rooms), self.rooms.truststore.get()
        if now == wanted and again:
            return Result(Outcome.DONE, "it has the authorities of the table")
        if nodes.digest(now) != step.before:
            return changed("the truststore is another by now")
        self.rooms.truststore.put(wanted)
        outcome = Outcome.DONE if self.rooms.truststore.get() == wanted else Outcome.FAILED
        return Result(outcome, "it was written as the table has the authorities")

    def undo(self, step: Step, *, again: bool) -> Result:
        """Say that it cannot."""
        return cannot(step, again=again)
