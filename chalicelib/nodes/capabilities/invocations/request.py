"""CapabilityRequest: one thing that a device is asked to do, and the rules of its life.

`TRANSITIONS` is the whole life. A request is handed over under a claim that the device makes up:
who comes without it answers for a life that is over. What was handed over and not answered is
handed over again only where that does no harm; else nobody knows what came of it, and it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class RequestState(StrEnum):
    """Where a request stands."""

    QUEUED = "queued"
    DISPATCHED = "dispatched"
    AWAITING_LOCAL_MEDIATION = "awaiting_local_mediation"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REJECTED = "rejected"

    @property
    def is_terminal(self) -> bool:
        """Return whether nothing more happens to it."""
        return self not in OPEN


OPEN = frozenset(
    {RequestState.QUEUED, RequestState.DISPATCHED, RequestState.AWAITING_LOCAL_MEDIATION}
)


class Move(StrEnum):
    """What can happen to a request."""

    HAND_OVER = "hand_over"
    ASK_PERSON = "ask_person"
    AGREE = "agree"
    REFUSE = "refuse"
    SUCCEED = "succeed"
    FAIL = "fail"
    TAKE_BACK = "take_back"
    LOSE = "lose"
    TIME_OUT = "time_out"
    REJECT = "reject"


class Transition(NamedTuple):
    """A move: from which states, to which, and by whom.

    Attributes:
        by_claim: made by the device under the claim that the request was handed over with.
    """

    source: frozenset[RequestState]
    target: RequestState
    by_claim: bool


_QUEUED = frozenset({RequestState.QUEUED})
_DISPATCHED = frozenset({RequestState.DISPATCHED})
_AWAITING = frozenset({RequestState.AWAITING_LOCAL_MEDIATION})
TRANSITIONS: Mapping[Move, Transition] = {
    Move.HAND_OVER: Transition(_QUEUED, RequestState.DISPATCHED, by_claim=False),
    # Again, too: a device that was started anew asks its person anew; nothing was done yet.
    Move.ASK_PERSON: Transition(
        _QUEUED | _AWAITING, RequestState.AWAITING_LOCAL_MEDIATION, by_claim=False
    ),
    Move.AGREE: Transition(_AWAITING, RequestState.DISPATCHED, by_claim=True),
    Move.REFUSE: Transition(_AWAITING, RequestState.REJECTED, by_claim=True),
    Move.SUCCEED: Transition(_DISPATCHED, RequestState.SUCCEEDED, by_claim=True),
    Move.FAIL: Transition(_DISPATCHED | _AWAITING, RequestState.FAILED, by_claim=True),
    # It was not answered in time, and may be handed over again.
    Move.TAKE_BACK: Transition(_DISPATCHED, RequestState.QUEUED, by_claim=False),
    # It was not answered in time, and nobody knows whether it was done.
    Move.LOSE: Transition(_DISPATCHED, RequestState.FAILED, by_claim=False),
    Move.TIME_OUT: Transition(OPEN, RequestState.TIMED_OUT, by_claim=False),
    # The device, its grant or the run that asked is gone.
    Move.REJECT: Transition(OPEN, RequestState.REJECTED, by_claim=False),
}


class Limits(NamedTuple):
    """How long a request may take.

    Attributes:
        wait: until the device has taken it, and its person agreed.
        answer: from there until the result; each time that it is handed over.
    """

    wait: timedelta
    answer: timedelta


LEAST_WAIT, MOST_WAIT = timedelta(seconds=10), timedelta(hours=1)
DEFAULT_WAIT = timedelta(minutes=5)
LEAST_ANSWER, MOST_ANSWER = timedelta(seconds=1), timedelta(seconds=120)
DEFAULT_ANSWER = timedelta(seconds=30)
MOST_DISPATCHES = 3
MOST_OPEN = 32
LARGEST_BYTES = 64 * 1024
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRequest:
    """Something that a device is asked to do.

    Attributes:
        capability: its name, and `terms_sha256` what was granted of it.
        arguments: JSON.
        requested_by: who asked, as `token:laptop` or `run:..`.
        task_id: the task that waits for the answer; empty where none does.
        limits: how long it may take.
        claim: what the device made up when it took it.
        dispatches: how often it was handed over to be done.
        deadline: when something happens by itself, as long as it is open.
        output: JSON; what the device answered.
        reason: why it did not succeed.
        is_uncertain: it may have been done, and nobody knows.
        version: raised by every change.
    """

    owner: str
    device_id: str
    id: str
    capability: str
    terms_sha256: str
    is_idempotent: bool
    needs_mediation: bool
    arguments: str
    requested_by: str
    task_id: str = ""
    state: RequestState = RequestState.QUEUED
    limits: Limits
    claim: str = ""
    dispatches: int = 0
    created_at: datetime
    changed_at: datetime
    dispatched_at: datetime | None = None
    deadline: datetime
    output: str = ""
    reason: str = ""
    is_uncertain: bool = False
    version: int = 1

    @property
    def begin_by(self) -> datetime:
        """Return until when it may be taken, and agreed to."""
        return self.created_at + self.limits.wait
