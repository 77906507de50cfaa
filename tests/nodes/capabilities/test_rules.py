"""The rules of requests, schemas and pauses: whatever is asked of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Conflict, Invalid
from chalicelib.nodes.capabilities.invocations import moves, pace
from chalicelib.nodes.capabilities.invocations.moves import Why
from chalicelib.nodes.capabilities.invocations.request import (
    MOST_DISPATCHES,
    OPEN,
    TRANSITIONS,
    CapabilityRequest,
    Limits,
    Move,
    RequestState,
)
from chalicelib.nodes.capabilities.schema import check_schema, faults

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = Limits(timedelta(minutes=5), timedelta(seconds=30))
ONE, TWO = "claim-of-one-process", "claim-of-another-one"


def a_request(**fields: Any) -> CapabilityRequest:
    made = CapabilityRequest(
        owner="main",
        device_id="01JDABCDEFGHJKMNPQRSTVWXYZ",
        id="01M81J18G00000000000000000",
        capability="camera.take",
        terms_sha256="0" * 64,
        is_idempotent=False,
        needs_mediation=False,
        arguments="{}",
        requested_by="token:laptop",
        limits=LIMITS,
        created_at=NOON,
        changed_at=NOON,
        deadline=NOON + LIMITS.wait,
    )
    return replace(made, **fields)


def test_what_has_ended_goes_nowhere() -> None:
    ended = set(RequestState) - OPEN
    assert not any(state in each.source for each in TRANSITIONS.values() for state in ended)


def test_every_state_can_be_reached_and_every_open_one_ends() -> None:
    reached = {each.target for each in TRANSITIONS.values()}
    assert reached == set(RequestState)
    for state in OPEN:
        targets = {each.target for each in TRANSITIONS.values() if state in each.source}
        assert targets - OPEN


def test_only_the_device_says_what_it_did() -> None:
    by_claim = {move for move, each in TRANSITIONS.items() if each.by_claim}
    assert by_claim == {Move.AGREE, Move.REFUSE, Move.SUCCEED, Move.FAIL}


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "agree", "refuse", "succeed", "fail", "look", "reject"]),
        st.sampled_from([ONE, TWO]),
        st.integers(0, 400),
    ),
    max_size=12,
)


@given(steps=_STEPS, idempotent=st.booleans(), mediation=st.booleans())
def test_whatever_happens_nothing_is_done_twice_and_versions_rise(
    *, steps: list[tuple[str, str, int]], idempotent: bool, mediation: bool
) -> None:
    request = a_request(is_idempotent=idempotent, needs_mediation=mediation)
    now, handed = NOON, 0
    for what, claim, seconds in steps:
        now += timedelta(seconds=seconds)
        try:
            after = _step(request, what, claim, now)
        except Conflict:
            continue
        if after is None or after is request:
            continue
        assert after.version == request.version + 1
        assert not request.state.is_terminal
        if after.state is RequestState.DISPATCHED:
            handed += 1
            assert not mediation or request.state is RequestState.AWAITING_LOCAL_MEDIATION
            assert after.deadline == now + LIMITS.answer
        if after.state is RequestState.SUCCEEDED:
            assert claim == request.claim
        request = after
    assert handed <= (MOST_DISPATCHES if idempotent else 1)
    is_doubtful = request.state.is_terminal and not idempotent and handed > 0
    if is_doubtful and request.state in {RequestState.REJECTED, RequestState.TIMED_OUT}:
        assert request.is_uncertain


def _step(
    request: CapabilityRequest, what: str, claim: str, now: datetime
) -> CapabilityRequest | None:
    if what == "take":
        return moves.taken(request, claim, now)
    if what in {"agree", "refuse"}:
        return moves.mediated(request, claim, now, agreed=what == "agree")
    if what == "succeed":
        return moves.succeeded(request, claim, "{}", now)
    if what == "fail":
        return moves.failed(request, claim, "no camera", now)
    if what == "look":
        return moves.overdue(request, now)
    return None if request.state.is_terminal else moves.rejected(request, Why.CANCELLED, now)


@given(idempotent=st.booleans(), mediation=st.booleans(), taken=st.booleans())
def test_every_open_request_ends_by_itself(
    *, idempotent: bool, mediation: bool, taken: bool
) -> None:
    request = a_request(is_idempotent=idempotent, needs_mediation=mediation)
    if taken:
        request = moves.taken(request, ONE, NOON + timedelta(seconds=299))
    for _ in range(3):
        if request.state.is_terminal:
            break
        after = moves.overdue(request, request.deadline)
        assert after is not None
        request = after
    assert request.state.is_terminal


@pytest.mark.parametrize(
    ("minutes", "busy", "seconds"),
    [
        *((0, False, 5), (2, False, 10), (4, False, 20), (6, False, 40), (8, False, 60)),
        *((999_999, False, 60), (60, True, 5), (-5, False, 5)),
    ],
)
def test_a_pause_grows_while_nothing_is_asked(*, minutes: int, busy: bool, seconds: int) -> None:
    last = NOON - timedelta(minutes=minutes)
    assert pace.pause(last, NOON, is_busy=busy) == timedelta(seconds=seconds)
    assert pace.pause(None, NOON, is_busy=busy) == timedelta(seconds=5 if busy else 60)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text("ab$", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])},
        optional={"enum": st.lists(JSON, min_size=1, max_size=3), "minimum": st.integers(-9, 9)},
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner}),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.text("ab", max_size=2), inner),
            },
            optional={"additionalProperties": st.booleans()},
        ),
    ),
    max_leaves=6,
)


@given(inner=SCHEMAS, value=JSON)
def test_a_schema_that_is_taken_judges_whatever_comes(inner: Any, value: Any) -> None:
    schema = {"type": "object", "properties": {"it": inner}, "required": ["it"]}
    check_schema(schema, "arguments")
    found = faults(schema, {"it": value}, "arguments")
    assert all(each.field.startswith("arguments.it") and each.fix for each in found)


@given(schema=JSON)
def test_whatever_is_no_schema_is_refused_by_name(schema: Any) -> None:
    try:
        check_schema(schema, "arguments")
    except Invalid as error:
        refused = error
    else:
        assert schema["type"] == "object"
        return
    assert refused.faults[0].field.startswith("arguments")
    assert refused.faults[0].fix


@given(inner=SCHEMAS, value=JSON)
def test_what_a_schema_takes_is_what_the_standard_takes(inner: Any, value: Any) -> None:
    validator = jsonschema.Draft202012Validator(inner)
    is_whole_float = "integer" in json.dumps(inner) and _has_whole_float(value)
    if not is_whole_float:  # 1.0 is an integer to the standard, and to us a number.
        assert validator.is_valid(value) is (faults(inner, value, "it") == [])


def _has_whole_float(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_whole_float, inner))


def test_a_schema_that_is_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(9):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(Invalid, match="nested too deep"):
        check_schema(schema, "arguments")
