"""Menders of what the sweep should have ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.healing.doctor.check import Step
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.mending import Result, cannot
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
