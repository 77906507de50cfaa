from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.healing.decision import MOST_TRIES, Cause, Step, decide
from chalicelib.healing.modes import Mode
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import FLAPPING, RuntimeIncidentRecord, Sighting
from chalicelib.incidents.incident import decide as seen
from chalicelib.incidents.kind import IncidentKind
from tests.support.world import MINUTE, NOON

KIND = kinds.DEAD_WORK
SECOND = timedelta(seconds=1)


def an_incident(kind: IncidentKind = KIND) -> RuntimeIncidentRecord:
    sighting = Sighting(owner="main", kind=kind, dedupe_key="k", occurrence="1", summary="s")
    return seen(None, sighting, NOON).record


def step(
    record: RuntimeIncidentRecord,
    *,
    kind: IncidentKind = KIND,
    mode: Mode = Mode.AUTO,
    cause: Cause = Cause.PRESENT,
    now: datetime = NOON + MINUTE,
) -> Step:
    return decide(record, kind, mode, cause, now)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(Mode.DISABLED, Step.NOTHING), (Mode.OBSERVE_ONLY, Step.SKIP), (Mode.AUTO, Step.REMEDY)],
)
def test_a_fault_that_is_there_ends_as_its_mode_says(mode: Mode, expected: Step) -> None:
    assert step(an_incident(), mode=mode) is expected


@pytest.mark.parametrize("mode", [Mode.OBSERVE_ONLY, Mode.AUTO])
def test_a_fault_whose_cause_is_gone_is_over(mode: Mode) -> None:
    assert step(an_incident(), mode=mode, cause=Cause.GONE) is Step.RESOLVE


def test_nothing_is_over_before_its_quiet_time() -> None:
    kind = kinds.FUNCTION_FAILING
    record = an_incident(kind)
    assert step(record, kind=kind, cause=Cause.GONE, now=NOON + kind.quiet - SECOND) is Step.NOTHING
    assert step(record, kind=kind, cause=Cause.GONE, now=NOON + kind.quiet) is Step.RESOLVE


def test_what_was_seen_by_a_clock_that_is_ahead_is_over_with_its_cause() -> None:
    record = an_incident(kinds.CLOCK_SKEW)
    now = NOON - 99 * MINUTE
    assert step(record, kind=kinds.CLOCK_SKEW, cause=Cause.GONE, now=now) is Step.RESOLVE


def test_what_would_be_done_is_said_once() -> None:
    said = replace(an_incident(), tries=1, tried_at=NOON)
    assert step(said, mode=Mode.OBSERVE_ONLY, now=NOON + 99 * MINUTE) is Step.NOTHING


def test_attempts_are_made_after_longer_and_longer_pauses_and_then_it_is_left_to_an_operator() -> (
    None
):
    record, pauses = an_incident(), []
    for tries in range(1, MOST_TRIES + 1):
        record = replace(record, tries=tries, tried_at=NOON)
        steps = [step(record, now=NOON + minutes * MINUTE) for minutes in range(20)]
        pauses.append(steps.count(Step.NOTHING))
    assert pauses == [2, 4, 8]
    assert step(record, now=NOON + 8 * MINUTE) is Step.ESCALATE


def test_what_is_left_to_an_operator_is_tried_no_more_and_is_over_after_a_long_quiet() -> None:
    record = replace(an_incident(), is_escalated=True)
    assert step(record) is Step.NOTHING
    assert step(record, cause=Cause.GONE, now=NOON + FLAPPING - SECOND) is Step.NOTHING
    assert step(record, cause=Cause.GONE, now=NOON + FLAPPING) is Step.RESOLVE


BY_HAND = [kind for kind in kinds.KINDS.values() if not kind.remediation.may_run_alone]


@pytest.mark.parametrize("kind", BY_HAND, ids=lambda kind: kind.name)
@pytest.mark.parametrize("mode", Mode)
def test_what_needs_an_operator_is_never_done_without_one(kind: IncidentKind, mode: Mode) -> None:
    assert step(an_incident(kind), kind=kind, mode=mode) is Step.NOTHING


@given(
    mode=st.sampled_from(Mode),
    tries=st.integers(0, 9),
    tried=st.none() | st.integers(0, 999),
    is_escalated=st.booleans(),
)
def test_what_nobody_knows_the_cause_of_is_left_as_it_is(
    mode: Mode, tries: int, tried: int | None, *, is_escalated: bool
) -> None:
    tried_at = None if tried is None else NOON - tried * SECOND
    record = replace(an_incident(), tries=tries, tried_at=tried_at, is_escalated=is_escalated)
    assert step(record, mode=mode, cause=Cause.UNKNOWN) is Step.NOTHING
