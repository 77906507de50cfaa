from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.incidents import life
from chalicelib.incidents.incident import (
    FLAPPING,
    FLAPS,
    IncidentState,
    RuntimeIncidentRecord,
    Sighting,
    decide,
    is_flapping,
)
from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.incidents.kinds import DEAD_WORK
from tests.support.world import MINUTE, NOON

SEEN = Sighting(
    owner="main", kind=DEAD_WORK, dedupe_key="k", occurrence="0", summary="it hangs", subject="T"
)


def an_incident() -> RuntimeIncidentRecord:
    return decide(None, SEEN, NOON).record


def returned(times: int, every: timedelta, *, by: str = "") -> RuntimeIncidentRecord:
    """Let a fault be resolved and come back."""
    record, now = an_incident(), NOON
    for number in range(times):
        now += every
        over = life.resolved(record, now, by=by)
        record = decide(over, replace(SEEN, occurrence=f"{number + 1}"), now).record
    return record


def test_what_comes_back_too_often_too_soon_is_escalated() -> None:
    assert not returned(FLAPS - 1, MINUTE).is_escalated
    escalated = returned(FLAPS, MINUTE)
    assert escalated.is_escalated
    assert escalated.severity is IncidentSeverity.HIGH


def test_what_comes_back_now_and_then_is_not() -> None:
    record = returned(20, FLAPPING)
    assert not record.is_escalated
    assert record.severity is DEAD_WORK.severity
    assert len(record.returns) == FLAPS


def test_what_an_operator_resolves_begins_anew() -> None:
    assert not returned(20, MINUTE, by="token:laptop").is_escalated


def test_an_escalated_one_that_stays_away_is_no_longer_so_when_it_comes_back() -> None:
    record = returned(FLAPS, MINUTE)
    later = NOON + timedelta(days=1)
    over = life.resolved(record, later)
    assert not decide(over, replace(SEEN, occurrence="x"), later).record.is_escalated


@given(st.lists(st.integers(0, 10_000), max_size=9))
def test_it_flaps_where_the_last_three_returns_lie_within_an_hour(minutes: list[int]) -> None:
    returns = [NOON + each * MINUTE for each in sorted(minutes, reverse=True)]
    expected = len(returns) >= 3 and returns[0] - returns[2] <= timedelta(hours=1)
    assert is_flapping(returns) is expected


def test_what_was_tried_is_forgotten_when_it_comes_back() -> None:
    tried = life.left_alone(an_incident(), NOON)
    over = life.resolved(life.acknowledged(tried, "token:laptop", NOON), NOON)
    record = decide(over, replace(SEEN, occurrence="x"), NOON).record
    assert (record.tries, record.tried_at, record.acknowledged_by) == (0, None, "")


def test_who_acknowledged_it_first_stays_named() -> None:
    once = life.acknowledged(an_incident(), "token:laptop", NOON)
    assert life.acknowledged(once, "token:phone", NOON + MINUTE) is once


def test_an_attempt_that_fails_leaves_it_open() -> None:
    record = life.remediating(an_incident(), NOON)
    assert (record.state, record.tries) == (IncidentState.REMEDIATING, 1)
    assert life.not_remedied(record, NOON).state is IncidentState.OPEN


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("low", "high"), ("medium", "high"), ("high", "critical"), ("critical", "critical")],
)
def test_what_is_escalated_is_one_degree_worse_and_high_at_least(
    severity: str, expected: str
) -> None:
    record = replace(an_incident(), severity=IncidentSeverity(severity))
    assert life.escalated(record, NOON).severity == expected


def test_each_change_is_a_version_and_never_earlier_than_the_last() -> None:
    record = an_incident()
    for change in (life.remediating, life.not_remedied, life.escalated, life.resolved):
        after = change(record, NOON - MINUTE)
        assert (after.version, after.changed_at) == (record.version + 1, NOON)
        record = after
