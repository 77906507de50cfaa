"""OrchestratorBackgroundTask: one unit of durable work, and the rules of its life.

A ledger row is the task of its slot; every other task has a ULID. `TRANSITIONS` is the whole life.
Rules R1 to R3 of the protocol hold for every write: a worker writes only while the token is its
own and the row is running; whoever else moves a row raises the token; a worker that was refused
once writes nothing more.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.clock import EPOCH

QUEUE = "tasks"
SLOT_DIGITS = 12
LOWEST_PRIORITY, HIGHEST_PRIORITY = -10, 10
_SLOT = re.compile(r"[0-9]{12}")
_ID_BYTES = 16


class Lane(StrEnum):
    """A queue and the worker function that reads it."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def workers(self) -> int:
        """Return how many tasks of the lane are worked on at once, at most."""
        return 2 if self is Lane.LOW else 8


class State(StrEnum):
    """Where a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"

    @property
    def is_terminal(self) -> bool:
        """Return whether nothing more will happen to it, unless an operator retries it."""
        return self not in _OPEN


_OPEN = frozenset({State.QUEUED, State.RUNNING, State.PAUSED})
_WAITING = frozenset({State.QUEUED, State.PAUSED})
_HELD = frozenset({State.RUNNING})


class Move(StrEnum):
    """What can happen to a task."""

    CLAIM = "claim"
    KEEP = "keep"
    END = "end"
    REARM = "rearm"
    CONTINUE = "continue"
    PARK = "park"
    SHELVE = "shelve"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    TAKE = "take"
    REPLACE = "replace"
    EXPIRE = "expire"
    FAIL = "fail"
    RETRY = "retry"


class Transition(NamedTuple):
    """A move: from which states, to which, and by whom.

    Attributes:
        by_holder: made by the worker that holds the task, under its token; every other move
            raises the token.
    """

    source: frozenset[State]
    target: frozenset[State]
    by_holder: bool


_ENDS = frozenset({State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.CANCELLED, State.CLOSED})
_QUEUED = frozenset({State.QUEUED})
_PAUSED = frozenset({State.PAUSED})
TRANSITIONS: Mapping[Move, Transition] = {
    # A message, or a rescue when the holder's lease is over.
    Move.CLAIM: Transition(frozenset({State.QUEUED, State.RUNNING}), _HELD, by_holder=False),
    # A checkpoint or a renewal of the lease.
    Move.KEEP: Transition(_HELD, _HELD, by_holder=True),
    Move.END: Transition(_HELD, _ENDS, by_holder=True),
    # An attempt failed and others are left.
    Move.REARM: Transition(_HELD, _QUEUED, by_holder=True),
    # The work goes on in another invocation; no attempt is counted.
    Move.CONTINUE: Transition(_HELD, _QUEUED, by_holder=True),
    # It waits for somebody else: a lock's holder, a sibling.
    Move.PARK: Transition(_HELD, _QUEUED, by_holder=True),
    # No function knows its kind; an operator decides.
    Move.SHELVE: Transition(_HELD, _PAUSED, by_holder=True),
    Move.PAUSE: Transition(_QUEUED, _PAUSED, by_holder=False),
    Move.RESUME: Transition(_PAUSED, _QUEUED, by_holder=False),
    Move.CANCEL: Transition(_WAITING, frozenset({State.CANCELLED}), by_holder=False),
    # A holder that was asked to stop and did not, or is dead.
    Move.TAKE: Transition(_HELD, frozenset({State.CANCELLED}), by_holder=False),
    # A newer slot of the same job takes the job's lock from it.
    Move.REPLACE: Transition(_OPEN, frozenset({State.CANCELLED}), by_holder=False),
    Move.EXPIRE: Transition(_OPEN, frozenset({State.EXPIRED}), by_holder=False),
    # The last attempt's holder is dead.
    Move.FAIL: Transition(_HELD, frozenset({State.FAILED}), by_holder=False),
    Move.RETRY: Transition(
        frozenset({State.FAILED, State.UNKNOWN, State.CANCELLED, State.EXPIRED}),
        _QUEUED,
        by_holder=False,
    ),
}


class Outcome(StrEnum):
    """What became of a slot."""

    HANDED = "handed"
    FIRED = "fired"
    SKIPPED = "skipped"
    QUEUE_FULL = "queue_full"
    SUPERSEDED = "superseded"
    PAUSED = "paused"
    MISFIRED = "misfired"
    DENIED = "denied"


class Origin(StrEnum):
    """What a slot's row was made by."""

    SCHEDULE = "schedule"
    RUN_NOW = "run_now"
    CATCH_UP = "catch_up"
    REPLAY = "replay"
    BACKFILL = "backfill"

    @property
    def is_patient(self) -> bool:
        """Return whether it makes up for a slot of the past, and waits while another one runs."""
        return self in _PATIENT


_PATIENT = frozenset({Origin.CATCH_UP, Origin.REPLAY, Origin.BACKFILL})


class Checkpoint(NamedTuple):
    """The last accepted step: the token it was written under, and its number in the run."""

    token: int
    seq: int


def partition(owner: str, subject: str | None) -> str:
    """Return where what is a part of a job or task is kept; the queue for a part of nothing."""
    return f"{owner}#{subject or QUEUE}"


class TaskRef(NamedTuple):
    """Where a task is kept: the partition, and the slot or ULID in it.

    A partition is an owner and a job, the queue `tasks`, or the task that this one came from: a
    task's id names all it came from, joined by `-`.
    """

    pk: str
    sk: str

    @classmethod
    def of(cls, owner: str, task_id: str) -> "TaskRef":
        """Return where the task of an id is kept."""
        subject, _, sk = task_id.rpartition("-")
        return cls(partition(owner, subject), sk)

    @property
    def owner(self) -> str:
        """Return the workspace it belongs to."""
        return self.pk.partition("#")[0]

    @property
    def subject(self) -> str:
        """Return what it is a part of: its job, its parent's id, or `tasks`."""
        return self.pk.partition("#")[2]

    @property
    def id(self) -> str:
        """Return the task's id, which is that of its run: a rescue goes on with it."""
        return self.sk if self.subject == QUEUE else f"{self.subject}-{self.sk}"

    @property
    def concerned(self) -> tuple[str, ...]:
        """Return the ids that a fault of the task concerns: its own, and a slot's job."""
        return (self.id, self.subject) if self.is_slot else (self.id,)

    @property
    def run_id(self) -> str:
        """Return the id of the task's run."""
        return self.id

    @property
    def parent(self) -> "TaskRef | None":
        """Return the task that this one came from, or None for a slot or a task of the queue."""
        if self.subject == QUEUE or self.is_slot:
            return None
        return TaskRef.of(self.owner, self.subject)

    @property
    def is_slot(self) -> bool:
        """Return whether it is a ledger row."""
        return bool(_SLOT.fullmatch(self.sk))

    @property
    def slot(self) -> datetime:
        """Return the instant that a ledger row is due."""
        return slot_instant(self.sk)

    def offspring(self, sk: str) -> "TaskRef":
        """Return where a task that comes from this one is kept."""
        return TaskRef(partition(self.owner, self.id), sk)


class CancelRequest(NamedTuple):
    """OrchestratorCancelRequest: somebody wants a task to stop."""

    at: datetime
    reason: str


class Membership(NamedTuple):
    """A delegated task's place among its siblings.

    Attributes:
        serial: it waits for the siblings of its group that were made before it.
    """

    group: str
    serial: bool


class Attempt(NamedTuple):
    """An attempt that failed, or the end of an earlier life that an operator retried.

    Attributes:
        number: from 1.
        state: `failed` for an attempt; the terminal state for the end of a life.
    """

    number: int
    started_at: datetime | None
    ended_at: datetime
    state: State
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was when it was read.

    Attributes:
        attempt: the attempt under way, from 0.
        head: the link of the last accepted step, empty before the first.
        repeat: the checkpoint whose outside call an operator allowed to be made again.
        payload: JSON, or empty where there is none or it is kept elsewhere.
        payload_key: where a large payload is kept, or empty.
        children: how many tasks it has delegated, and `descendants` those of its whole tree.
        busy: which of its children may run now.
        history: the attempts that failed, oldest first; one that died without a word is missing.
        requested_by: who asked for it, or empty where the schedule or another task did.
        is_erased: what it was told and what came of it is gone.
        origin: what a slot's row was made by.
        stands_for: sort key of the past slot that a firing makes up for, or empty.
    """

    ref: TaskRef
    kind: str
    state: State
    outcome: Outcome
    reason: str = ""
    lane: str
    priority: int = 0
    shard: int
    token: int = 0
    claim: str = ""
    attempt: int = 0
    last_attempt: int
    ver: int = 0
    last: str
    resends: int = 0
    wake_at: datetime | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    cancel: CancelRequest | None = None
    checkpoint: Checkpoint | None = None
    head: str = ""
    repeat: Checkpoint | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    claimed_at: datetime | None = None
    finished_at: datetime | None = None
    hops: int = 0
    depth: int = 0
    payload: str = ""
    payload_key: str = ""
    payload_sha256: str = ""
    membership: Membership | None = None
    children: int = 0
    descendants: int = 0
    busy: str = ""
    history: tuple[Attempt, ...] = ()
    requested_by: str = ""
    is_erased: bool = False
    origin: Origin = Origin.SCHEDULE
    stands_for: str = ""

    @property
    def has_fired(self) -> bool:
        """Return whether its first step was accepted; it is never judged again then."""
        return self.outcome is Outcome.FIRED

    @property
    def due(self) -> datetime | None:
        """Return the instant before which it must not begin, or None."""
        if self.ref.is_slot:
            return max(self.ref.slot, self.not_before or self.ref.slot)
        return self.not_before

    @property
    def shown_state(self) -> str:
        """Return its state, or `cancel_requested` while that is asked of it."""
        waiting = self.cancel is not None and not self.state.is_terminal
        return "cancel_requested" if waiting else str(self.state)

    @property
    def reason_for_all(self) -> str:
        """Return why it ended, without what an operator wrote and what an error says.

        Either may be about somebody, and the journal keeps what nobody can erase.
        """
        if self.state is State.CANCELLED:
            return ""
        return self.reason.partition(": ")[0] if self.state is State.FAILED else self.reason

    def lease_is_over(self, now: datetime) -> bool:
        """Return whether whoever holds it is believed dead."""
        return self.lease_until is None or self.lease_until < now


def lane_of(priority: int) -> Lane:
    """Return the lane of a priority from -10 to 10."""
    if priority > 0:
        return Lane.HIGH
    return Lane.LOW if priority < 0 else Lane.NORMAL


def derived_key(*names: str) -> str:
    """Return a sort key of 26 characters, the same for the same names."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return base64.b32encode(digest[:_ID_BYTES]).decode().rstrip("=")


def slot_key(slot: datetime) -> str:
    """Return a slot as the sort key of its row: seconds since 1970 in fixed width."""
    return f"{(slot - EPOCH) // timedelta(seconds=1):0{SLOT_DIGITS}}"


def slot_instant(key: str) -> datetime:
    """Return the slot of a sort key."""
    return EPOCH + timedelta(seconds=int(key))
