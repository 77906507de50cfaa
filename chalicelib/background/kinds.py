"""What a kind of task must be able to do; `functions/wiring` fills the registry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from chalicelib.background.lease import Lease
from chalicelib.background.store import End
from chalicelib.background.task import Task
from chalicelib.journal.event import Event


class FollowUp(NamedTuple):
    """A task that is made before the one it follows ends.

    Attributes:
        name: what tells it from the other follow-ups of the same task; its id is derived from it.
    """

    name: str
    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a task that was performed.

    Attributes:
        end: how it ends.
        event: a decision that is journaled in the same transaction as the end.
        is_clean: nothing was taken or begun, so nothing has to be concluded.
        follow_ups: what is made before it ends.
    """

    end: End
    event: Event | None = None
    is_clean: bool = False
    follow_ups: Sequence[FollowUp] = ()


class Continuation(NamedTuple):
    """The task goes on in another invocation, at an instant."""

    at: datetime


class Waiting(NamedTuple):
    """The task is put back until another lets it go on.

    Attributes:
        reason: what it waits for.
        is_over: asked when it was put back; whether it was let go before it could be seen there.
        is_sent: who lets it go on sends its message; where nobody does, the sweep has to ask.
        until: when it goes on although nobody let it; None where it waits however long it takes.
    """

    reason: str
    is_over: Callable[[], bool]
    is_sent: bool
    until: datetime | None = None


class Stopped(Exception):
    """The task was asked to stop, and its worker has seen it."""


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

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        """Do the work of a claimed task, from its checkpoint on.

        Raises:
            LostClaim: the task was taken away; stop.
            Stopped: it was asked to stop.
            Unavailable: infrastructure failed; the lease will end and the task be rescued.
            Exception: anything else is a failed attempt.
        """


class Creatable(Protocol):
    """A kind that operators may create."""

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that such a task could not be carried out with.

        Raises:
            Invalid: names the field of the payload and the fix.
        """
