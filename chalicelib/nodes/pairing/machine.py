"""The states of a code and of a pairing session, and what leads from one to the other.

`TRANSITIONS` is all that there is: no arrow leaves a state that stands nowhere on its left, so what
has failed, was rejected, has expired or is active stays so. Every arrow is one conditional write on
the state and the version, and asks for the deadline of the state that it leaves.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from chalicelib.nodes.pairing import limits


class CodeState(StrEnum):
    """Where a code stands; there is none in which somebody holds it without having proven it."""

    ACTIVE = "active"
    CONSUMED = "consumed"
    DEAD = "dead"


class SessionState(StrEnum):
    """Where a pairing session stands."""

    AWAITING_HELLO = "awaiting_hello"
    VERIFYING = "verifying"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    ISSUED = "issued"
    ACTIVE = "active"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Step(StrEnum):
    """What happens to a session."""

    HELLO = "hello"
    PROVE = "prove"
    APPROVE = "approve"
    ISSUE = "issue"
    ACTIVATE = "activate"
    FAIL = "fail"
    REJECT = "reject"
    EXPIRE = "expire"


TRANSITIONS: Mapping[tuple[SessionState, Step], SessionState] = {
    (SessionState.AWAITING_HELLO, Step.HELLO): SessionState.VERIFYING,
    (SessionState.AWAITING_HELLO, Step.EXPIRE): SessionState.EXPIRED,
    (SessionState.VERIFYING, Step.PROVE): SessionState.PENDING_APPROVAL,
    (SessionState.VERIFYING, Step.FAIL): SessionState.FAILED,
    (SessionState.VERIFYING, Step.EXPIRE): SessionState.EXPIRED,
    (SessionState.PENDING_APPROVAL, Step.APPROVE): SessionState.APPROVED,
    (SessionState.PENDING_APPROVAL, Step.REJECT): SessionState.REJECTED,
    (SessionState.PENDING_APPROVAL, Step.EXPIRE): SessionState.EXPIRED,
    (SessionState.APPROVED, Step.ISSUE): SessionState.ISSUED,
    (SessionState.APPROVED, Step.FAIL): SessionState.FAILED,
    (SessionState.APPROVED, Step.EXPIRE): SessionState.EXPIRED,
    (SessionState.ISSUED, Step.ACTIVATE): SessionState.ACTIVE,
    (SessionState.ISSUED, Step.EXPIRE): SessionState.EXPIRED,
}
ENDED = frozenset(SessionState) - {before for before, _ in TRANSITIONS}
# The node has proven the code, and is not a node yet.
REQUESTED = frozenset({SessionState.PENDING_APPROVAL, SessionState.APPROVED, SessionState.ISSUED})
# How long a state may last that is entered with a deadline of its own.
LASTS: Mapping[SessionState, timedelta] = {
    SessionState.PENDING_APPROVAL: limits.APPROVAL,
    SessionState.APPROVED: limits.CLAIM,
    SessionState.ISSUED: limits.ACTIVATION,
}


class NoSuchStep(Exception):
    """A session is in no state from which this could happen to it."""


def after(state: SessionState, step: Step) -> SessionState:
    """Return the state that a step leads to.

    Raises:
        NoSuchStep: it leads nowhere from here.
    """
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise NoSuchStep(f"{step} leads nowhere from {state}") from None
