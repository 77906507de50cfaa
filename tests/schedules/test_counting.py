from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.schedules import At, Counted, Every, Schedule, count_slots, normalize_schedule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXPRESSIONS = (
    *("* * * * *", "*/7 * * * *", "0 * * * *", "30 2 * * *", "15 6,18 * * 1-5"),
    *("0 0 1 * *", "0 12 L * *", "0 0 29 2 *", "59 23 31 12 *", "1-3 4 */2 * 1"),
)


def walked(schedule: Schedule, first: datetime, last: datetime) -> int:
    number, slot = 0, first
    while slot <= last:
        number += 1
        slot = schedule.next_after(slot) or last + timedelta(1)
    return number


def ends(schedule: Schedule, start: datetime, hours: int) -> tuple[datetime, datetime] | None:
    first = schedule.next_after(start)
    last = schedule.latest_until(start + timedelta(hours=hours))
    return (first, last) if first and last and first <= last else None


@given(
    st.sampled_from(EXPRESSIONS),
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    st.integers(1, 2_000),
)
@settings(deadline=None, max_examples=60)
def test_a_pattern_in_utc_is_counted_as_if_it_were_walked(
    expression: str, start: datetime, hours: int
) -> None:
    schedule = normalize_schedule({"cron": expression}, now=start)
    found = ends(schedule, start, hours)
    if found:
        assert count_slots(schedule, *found) == Counted(walked(schedule, *found))


@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(["Europe/Prague", "America/New_York", "Africa/Casablanca"]),
    st.datetimes(datetime(2015, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    st.integers(1, 1_000),
)
@settings(deadline=None, max_examples=60)
def test_where_clocks_change_no_more_is_told_than_is_certain(
    expression: str, zone: str, start: datetime, hours: int
) -> None:
    schedule = normalize_schedule({"cron": expression, "timezone": zone}, now=start)
    found = ends(schedule, start, hours)
    if found:
        number, is_exact = count_slots(schedule, *found)
        really = walked(schedule, *found)
        assert number == really if is_exact else number <= really


@pytest.mark.parametrize(("seconds", "number"), [(0, 1), (60, 2), (3_600, 61)])
def test_an_interval_is_counted_by_its_length(seconds: int, number: int) -> None:
    schedule = Every(timedelta(minutes=1), NOON)

    assert count_slots(schedule, NOON, NOON + timedelta(seconds=seconds)) == Counted(number)


def test_one_instant_is_one_slot() -> None:
    assert count_slots(At(NOON), NOON, NOON) == Counted(1)
