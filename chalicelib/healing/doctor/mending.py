"""What a mender is, and what it says became of a step."""

from typing import NamedTuple, Protocol

from chalicelib.healing.doctor.check import Step
from chalicelib.healing.doctor.examination import Outcome


class Result(NamedTuple):
    """What became of a step."""

    outcome: Outcome
    told: str


class Mender(Protocol):
    """Something that mends one kind of thing."""

    @property
    def can_undo(self) -> bool:
        """Return whether what it did can be put back."""

    def apply(self, step: Step, *, again: bool) -> Result:
        """Make a change, if its target is still as it was seen.

        Args:
            step: the change.
            again: a worker that died may have made it already.

        Raises:
            NotKnown: this cloud does not have it, or the doctor may not do it.
            Unavailable: AWS did not answer.
        """

    def undo(self, step: Step, *, again: bool) -> Result:
        """Put back what `apply` did, if it is still so; of menders that can."""


def changed(what: str) -> Result:
    """Return that a target is no more as it was seen."""
    return Result(Outcome.UNCHANGED, f"{what}: nothing was done")


def cannot(step: Step, *, again: bool) -> Result:
    """Return that a step cannot be put back."""
    del again
    return Result(Outcome.UNCHANGED, f"{step.mender} cannot be undone")
