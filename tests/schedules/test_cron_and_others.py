"""Beside cronsim and croniter: where they answer otherwise, and why we do not.

cronsim follows the same rules, so that it is held against the engine by chance; what it does
otherwise is listed with its reason, and a difference without one fails. croniter is held against
it on ordinary days only: it has its own mind about clock changes.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.schedules import Cron, InvalidSchedule
from tests.schedules import oracle
from tests.schedules.expressions import DENSE, EXPRESSIONS
from tests.schedules.zones import changes, places, zone

Place = tuple[str, datetime]
LONG_AGO = datetime(1969, 1, 1, tzinfo=UTC)
_RANGE_OF_ONE = re.compile(r"([0-9]+)-\1/[0-9]+")


def ours(expression: str, name: str) -> Cron | None:
    try:
        return Cron.parse(expression, zone=name, now=LONG_AGO)
    except InvalidSchedule:
        return None


def cronsims(expression: str, name: str, at: datetime) -> datetime | None:
    answer = next(CronSim(expression, at.astimezone(zone(name))), None)
    return None if answer is None else answer.astimezone(UTC)


def reason(expression: str, name: str, at: datetime, answer: datetime | None) -> str | None:
    """Return why cronsim may answer otherwise, or None where it may not."""
    is_again = at.astimezone(zone(name)).fold and not oracle.is_interval(expression)
    instants = [each.timestamp() for each in (at, answer) if each]
    near = [
        change
        for change in changes(name)
        if any(abs(change.at - instant) < 3 * 86_400 for instant in instants)
    ]
    reasons = {
        "it takes a range of one value with a step for one that is open": any(
            _RANGE_OF_ONE.fullmatch(term) for term in re.split("[ ,]", expression)
        ),
        "in the second pass of an hour it answers the past, or skips what follows": is_again,
        "it steps by whole hours over a change that is none": any(
            (change.after - change.before) % 3_600 for change in near
        ),
        "it steps by whole minutes over clocks that have seconds": any(
            change.before % 60 or change.after % 60 for change in near
        ),
        "it goes on from a midnight or a full hour that clocks do not show": (
            bool(near) and oracle.is_interval(expression)
        ),
    }
    return next((words for words, holds in reasons.items() if holds), None)


@settings(deadline=None, max_examples=300)
@given(EXPRESSIONS | DENSE, places())
def test_cronsim_differs_where_there_is_a_reason(expression: str, place: Place) -> None:
    name, at = place
    schedule = ours(expression, name)
    assume(schedule is not None)
    assert schedule is not None

    answer, slot = cronsims(expression, name, at), schedule.next_after(at)

    assert answer == slot or reason(expression, name, at, answer) is not None


@pytest.mark.parametrize(
    ("expression", "name", "after", "theirs", "right"),
    [
        # The hour comes again, and half past two has been.
        (
            "30 2 * * *",
            "Europe/Prague",
            "2026-10-25T02:10+01:00",
            "2026-10-25T02:30+02:00",
            "2026-10-26T02:30+01:00",
        ),
        (
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T01:10-05:00",
            "2026-11-01T01:30-04:00",
            "2026-11-02T01:30-05:00",
        ),
    ],
)
def test_cronsim_answers_the_past(
    expression: str, name: str, after: str, theirs: str, right: str
) -> None:
    at, schedule = datetime.fromisoformat(after), ours(expression, name)
    assert schedule is not None
    assert cronsims(expression, name, at) == datetime.fromisoformat(theirs) <= at
    assert schedule.next_after(at) == datetime.fromisoformat(right) > at


@pytest.mark.parametrize("expression", ["@daily", "@hourly", "@weekly"])
def test_cronsim_knows_no_macros(expression: str) -> None:
    assert ours(expression, "utc") is not None
    with pytest.raises(CronSimError):
        CronSim(expression, LONG_AGO)


def test_cronsim_takes_a_range_of_one_for_an_open_one() -> None:
    at = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    schedule = ours("5-5/15 * * * *", "utc")
    assert schedule is not None
    assert next(CronSim("5-5/15 * * * *", at)) == at + timedelta(minutes=10)
    assert schedule.next_after(at) == at + timedelta(minutes=55)


def test_cronsim_takes_seconds_which_we_leave_to_intervals() -> None:
    assert next(CronSim("*/10 * * * * *", LONG_AGO)) == LONG_AGO + timedelta(seconds=10)
    assert ours("*/10 * * * * *", "utc") is None


_PLAIN = st.sampled_from(
    [
        "*/5 * * * *",
        "30 2 * * *",
        "0 9-17 * * 1-5",
        "0 0 1 * *",
        "15 */3 * 2-11 *",
        "0 0 L * *",
        "0 0 13 * 5",
        "0 12 * * 1#2",
        "5,35 6,18 1,15 * *",
        "0 0 29 2 *",
        "1-59/7 3 * jun,sep *",
    ]
)


@settings(deadline=None)
@given(_PLAIN, st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001 - made aware below
def test_croniter_agrees_where_no_clock_changes(expression: str, naive: datetime) -> None:
    at, schedule = naive.replace(tzinfo=UTC), ours(expression, "utc")
    assert schedule is not None
    theirs = croniter(expression, at, implement_cron_bug=True).get_next(datetime)
    assert schedule.next_after(at) == theirs


def test_croniter_fires_again_in_the_second_pass() -> None:
    at = datetime.fromisoformat("2026-10-25T02:10+01:00").astimezone(zone("Europe/Prague"))
    theirs, schedule = (
        croniter("30 2 * * *", at).get_next(datetime),
        ours("30 2 * * *", "Europe/Prague"),
    )
    assert schedule is not None
    assert theirs.isoformat() == "2026-10-25T02:30:00+01:00"
    assert schedule.next_after(at) == datetime.fromisoformat("2026-10-26T02:30+01:00")


@pytest.mark.parametrize("expression", ["0 22-2 * * *", "0 0 1 1 * 0 2027"])
def test_croniter_takes_what_we_refuse(expression: str) -> None:
    assert croniter(expression, datetime(2026, 1, 1, tzinfo=UTC)).get_next(datetime)
    assert ours(expression, "utc") is None
