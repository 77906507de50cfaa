"""What a kind of task must be able to do; `functions/wiring` fills the registry."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.background.store import End
from chalicelib.background.task import Task
from chalicelib.journal.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a task that was performed.

    Attributes:
        end: how it ends.
        event: a decision that is journaled in the same transaction as the end.
        is_clean: nothing was taken or begun, so nothing has to be concluded.
    """

    end: End
    event: Event | None = None
    is_clean: bool = False


class Conclusion(Protocol):
    """What follows the end of a task of one kind."""

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Do what follows a terminal state: let go, record.

        Args:
            task: a terminal task.
            again: another worker may have done a part of it and died.
        """

    def is_concluded(self, task: Task) -> bool:
        """Return whether that has been done to its end."""


class Kind(Protocol):
    """One kind of durable work."""

    @property
    def conclusion(self) -> Conclusion:
        """Return what follows the end of such a task."""

    def perform(self, task: Task) -> Ending:
        """Do the work of a claimed task, from its checkpoint on.

        Raises:
            LostClaim: the task was taken away; stop.
            Unavailable: infrastructure failed; the lease will end and the task be rescued.
            Exception: anything else is a failed attempt.
        """
