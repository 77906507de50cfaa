"""What becomes of a request by what happens to it: pure, and refused where it cannot happen."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hmac import compare_digest
from typing import Any

from chalicelib.errors import Conflict
from chalicelib.nodes.capabilities.invocations.request import (
    MOST_DISPATCHES,
    TRANSITIONS,
    CapabilityRequest,
    Move,
    RequestState,
)


class Why(StrEnum):
    """Why a request ended without a success, where the device did not say."""

    NOT_TAKEN = "not_taken"
    NOT_AGREED = "not_agreed"
    NOT_ANSWERED = "not_answered"
    OUTCOME_UNKNOWN = "outcome_unknown"
    PERSON_REFUSED = "person_refused"
    DEVICE_NOT_ACTIVE = "device_not_active"
    NOT_GRANTED = "not_granted"
    RUN_ENDED = "run_ended"
    CANCELLED = "cancelled"


def taken(request: CapabilityRequest, claim: str, now: datetime) -> CapabilityRequest:
    """Return a request that its device takes, to do it or to ask its person.

    The same claim again finds what it took.

    Raises:
        Conflict: it has ended, or was handed over and is not to be done twice.
    """
    _check_open(request)
    if _is_claim(request, claim):
        return request
    if request.state is RequestState.DISPATCHED:
        raise Conflict(
            "the request was handed over under another claim",
            fix="leave it: it ends, or is offered again, when its time to be answered is over",
        )
    if request.needs_mediation:
        return _moved(request, Move.ASK_PERSON, now, claim=claim, deadline=request.begin_by)
    return _handed_over(request, Move.HAND_OVER, claim, now)


def mediated(
    request: CapabilityRequest, claim: str, now: datetime, *, agreed: bool
) -> CapabilityRequest:
    """Return a request that the person at the device agreed to, or refused.

    Raises:
        Conflict: it does not wait for that, or under another claim.
    """
    _check_claim(request, claim)
    if agreed and request.state is RequestState.DISPATCHED:
        return request
    _check_open(request)
    if request.state is not RequestState.AWAITING_LOCAL_MEDIATION:
        raise Conflict("the request does not wait for a person", fix="send its result")
    if agreed:
        return _handed_over(request, Move.AGREE, claim, now)
    return _ended(request, Move.REFUSE, now, Why.PERSON_REFUSED)


def succeeded(
    request: CapabilityRequest, claim: str, output: str, now: datetime
) -> CapabilityRequest:
    """Return a request that its device has done; late, too, while nobody said otherwise.

    Raises:
        Conflict: it was not handed over under this claim, or has ended otherwise.
    """
    _check_claim(request, claim)
    if request.state is RequestState.SUCCEEDED and request.output == output:
        return request
    _check_open(request)
    if request.state is not RequestState.DISPATCHED:
        raise Conflict("the person at the device has not agreed", fix="send that first")
    return _ended(request, Move.SUCCEED, now, output=output)


def failed(request: CapabilityRequest, claim: str, reason: str, now: datetime) -> CapabilityRequest:
    """Return a request that its device could not do.

    Raises:
        Conflict: it was not handed over under this claim, or has ended otherwise.
    """
    _check_claim(request, claim)
    if request.state is RequestState.FAILED and request.reason == reason:
        return request
    _check_open(request)
    return _ended(request, Move.FAIL, now, reason)


def rejected(request: CapabilityRequest, why: Why, now: datetime) -> CapabilityRequest:
    """Return an open request that is not to be done any more."""
    return _ended(request, Move.REJECT, now, why, is_uncertain=_may_be_done(request))


def overdue(request: CapabilityRequest, now: datetime) -> CapabilityRequest | None:
    """Return what a request becomes because its time is over, or None where it is not."""
    if request.state.is_terminal or now < request.deadline:
        return None
    if request.state is RequestState.QUEUED:
        return _ended(request, Move.TIME_OUT, now, Why.NOT_TAKEN)
    if request.state is RequestState.AWAITING_LOCAL_MEDIATION:
        return _ended(request, Move.TIME_OUT, now, Why.NOT_AGREED)
    if not request.is_idempotent:
        return _ended(request, Move.LOSE, now, Why.OUTCOME_UNKNOWN, is_uncertain=True)
    if request.dispatches >= MOST_DISPATCHES or now >= request.begin_by:
        return _ended(request, Move.TIME_OUT, now, Why.NOT_ANSWERED)
    return _moved(request, Move.TAKE_BACK, now, claim="", deadline=request.begin_by)


def _handed_over(
    request: CapabilityRequest, move: Move, claim: str, now: datetime
) -> CapabilityRequest:
    return _moved(
        request,
        move,
        now,
        claim=claim,
        dispatches=request.dispatches + 1,
        dispatched_at=now,
        deadline=now + request.limits.answer,
    )


def _ended(
    request: CapabilityRequest, move: Move, now: datetime, reason: str = "", **fields: Any
) -> CapabilityRequest:
    return _moved(request, move, now, reason=str(reason), deadline=now, **fields)


def _moved(
    request: CapabilityRequest, move: Move, now: datetime, **fields: Any
) -> CapabilityRequest:
    transition = TRANSITIONS[move]
    if request.state not in transition.source:
        raise ValueError(f"{move} does not begin at {request.state}")
    version = request.version + 1
    return replace(request, state=transition.target, changed_at=now, version=version, **fields)


def _may_be_done(request: CapabilityRequest) -> bool:
    return request.state is RequestState.DISPATCHED and not request.is_idempotent


def _is_claim(request: CapabilityRequest, claim: str) -> bool:
    return compare_digest(request.claim.encode(), claim.encode())


def _check_claim(request: CapabilityRequest, claim: str) -> None:
    if not request.claim or not _is_claim(request, claim):
        raise Conflict(
            "the request was not handed over under this claim", fix="take it before you answer it"
        )


def _check_open(request: CapabilityRequest) -> None:
    if request.state.is_terminal:
        why = f": {request.reason}" if request.reason else ""
        raise Conflict(f"the request is {request.state}{why}", fix="leave it")
