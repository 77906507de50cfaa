"""OrchestratorBackgroundTask: one unit of durable work, and the rules of its life.

A ledger row is the task of its slot. Rules R1 to R3 of the protocol hold for every write: a worker
writes only while the token is its own and the row is running; whoever takes work away raises the
token; a worker that was refused once writes nothing more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.clock import EPOCH

SLOT_DIGITS = 12
_BACKOFF_CAP = timedelta(hours=1)
_MOST_DOUBLINGS = 16
_RESEND_CAP_MINUTES = 60


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CLOSED = "closed"

    @property
    def is_terminal(self) -> bool:
        """Return whether nothing more will happen to it."""
        return self not in {State.QUEUED, State.RUNNING}


class Outcome(StrEnum):
    """What became of a slot."""

    HANDED = "handed"
    FIRED = "fired"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    MISFIRED = "misfired"
    DENIED = "denied"


class Checkpoint(NamedTuple):
    """The last accepted step: the token it was written under, and its number in the run."""

    token: int
    seq: int


class TaskRef(NamedTuple):
    """Where a task is kept: the partition (owner and job), and the slot in it."""

    pk: str
    sk: str

    @property
    def owner(self) -> str:
        """Return the workspace it belongs to."""
        return self.pk.partition("#")[0]

    @property
    def subject(self) -> str:
        """Return the id of the job it is a firing of."""
        return self.pk.partition("#")[2]

    @property
    def run_id(self) -> str:
        """Return the id of the task's run; derived, so that a rescue goes on with it."""
        return f"{self.subject}-{self.sk}"

    @property
    def slot(self) -> datetime:
        """Return the instant that it is due."""
        return slot_instant(self.sk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was when it was read.

    Attributes:
        head: the link of the last accepted step, empty before the first.
    """

    ref: TaskRef
    kind: str
    state: State
    outcome: Outcome
    reason: str
    lane: str
    shard: int
    token: int
    claim: str
    attempt: int
    last_attempt: int
    ver: int
    last: str
    resends: int
    wake_at: datetime | None
    lease_until: datetime | None
    not_before: datetime | None
    checkpoint: Checkpoint | None
    head: str
    finished_at: datetime | None

    @property
    def has_fired(self) -> bool:
        """Return whether its first step was accepted; it is never judged again then."""
        return self.outcome is Outcome.FIRED

    def lease_is_over(self, now: datetime) -> bool:
        """Return whether whoever holds it is believed dead."""
        return self.lease_until is None or self.lease_until < now


class SweepAction(StrEnum):
    """What the sweep does with an open task whose time to be looked at has come."""

    NOTHING = "nothing"
    WAIT = "wait"
    SEND = "send"
    FAIL = "fail"


def sweep_action(task: Task, now: datetime) -> SweepAction:
    """Decide what to do with an open task."""
    if task.state.is_terminal or task.wake_at is None or task.wake_at > now:
        return SweepAction.NOTHING
    if task.state is State.QUEUED:
        return SweepAction.SEND
    if not task.lease_is_over(now):
        return SweepAction.WAIT
    return SweepAction.SEND if task.attempt < task.last_attempt else SweepAction.FAIL


def resend_pause(resends: int) -> timedelta:
    """Return how long to wait for a message that was sent again: 1, 2, 4 .. 60 minutes."""
    return timedelta(minutes=min(2 ** min(resends, 6), _RESEND_CAP_MINUTES))


def retry_pause(attempt: int, base: timedelta) -> timedelta:
    """Return the back-off after a failed attempt, doubled for each, at most an hour."""
    doublings: int = 2 ** min(attempt, _MOST_DOUBLINGS)
    return min(base * doublings, _BACKOFF_CAP)


def slot_key(slot: datetime) -> str:
    """Return a slot as the sort key of its row: seconds since 1970 in fixed width."""
    return f"{(slot - EPOCH) // timedelta(seconds=1):0{SLOT_DIGITS}}"


def slot_instant(key: str) -> datetime:
    """Return the slot of a sort key."""
    return EPOCH + timedelta(seconds=int(key))
