import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.background.task import Origin, Outcome
from chalicelib.scheduler.misfire import Plan, plan
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import Every, Schedule, count_slots, normalize_schedule
from tests.support.world import MINUTE, NOON

GRACE = 3 * MINUTE
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
CATCH_UP = CronMisfirePolicy.CATCH_UP
EVERY_MINUTE = Every(MINUTE, NOON - timedelta(days=3650))
EVERY_HOUR = Every(HOUR, NOON - timedelta(days=10))
FASTEST = timedelta(milliseconds=5)


def plans(schedule: Schedule, slot: datetime, now: datetime) -> list[Plan]:
    """Return all that a tick plans from a slot on, for a job that catches up."""
    made, following = [], slot
    while following <= now:
        made.append(plan(following, schedule, now, GRACE, CATCH_UP))
        following = schedule.next_after(made[-1].last) or now + DAY
    return made


@pytest.mark.parametrize("late", [timedelta(minutes=-2), timedelta(), GRACE - timedelta(seconds=1)])
@pytest.mark.parametrize("policy", CronMisfirePolicy)
def test_a_slot_within_the_grace_is_handed_over(late: timedelta, policy: CronMisfirePolicy) -> None:
    assert plan(NOON, EVERY_MINUTE, NOON + late, GRACE, policy) == Plan(Outcome.HANDED, NOON)


def test_a_slot_as_old_as_the_grace_is_missed() -> None:
    assert plan(NOON, EVERY_MINUTE, NOON + GRACE, GRACE) == Plan(Outcome.MISFIRED, NOON, "missed")


def test_missed_slots_share_one_range_up_to_the_latest_missed_one() -> None:
    missed = plan(NOON, EVERY_MINUTE, NOON + timedelta(hours=1), GRACE)

    assert missed.last == NOON + timedelta(minutes=57)


def test_ten_missed_years_are_one_range() -> None:
    start = EVERY_MINUTE.next_after(EVERY_MINUTE.anchor)
    assert start is not None

    assert plan(start, EVERY_MINUTE, NOON, GRACE).last == NOON - GRACE


@pytest.mark.parametrize("missed", [1, 2, 3])
def test_up_to_three_missed_slots_of_the_last_day_run_each(missed: int) -> None:
    made = plans(EVERY_HOUR, NOON, NOON + (missed - 1) * HOUR + 10 * MINUTE)

    assert made == [
        Plan(Outcome.HANDED, NOON + number * HOUR, origin=Origin.CATCH_UP)
        for number in range(missed)
    ]


def test_of_more_than_three_missed_slots_the_newest_runs_for_all() -> None:
    made = plans(EVERY_HOUR, NOON, NOON + 5 * HOUR + 10 * MINUTE)

    assert made == [
        Plan(Outcome.MISFIRED, NOON + 4 * HOUR, Reason.COLLAPSED),
        Plan(Outcome.HANDED, NOON + 5 * HOUR, origin=Origin.CATCH_UP),
    ]


def test_what_is_older_than_a_day_waits_for_an_operator() -> None:
    now = NOON + 49 * HOUR + 10 * MINUTE

    made = plans(EVERY_HOUR, NOON, now)

    assert made == [
        Plan(Outcome.MISFIRED, NOON + 25 * HOUR, Reason.REVIEW),
        Plan(Outcome.MISFIRED, NOON + 48 * HOUR, Reason.COLLAPSED),
        Plan(Outcome.HANDED, NOON + 49 * HOUR, origin=Origin.CATCH_UP),
    ]


def test_a_single_slot_of_two_days_ago_waits_for_an_operator() -> None:
    daily = Every(7 * DAY, NOON - 7 * DAY)

    assert plans(daily, NOON, NOON + 2 * DAY) == [Plan(Outcome.MISFIRED, NOON, Reason.REVIEW)]


def test_a_grace_of_more_than_a_day_keeps_what_is_within_it() -> None:
    assert plan(NOON, EVERY_HOUR, NOON + 30 * HOUR, 40 * HOUR, CATCH_UP).outcome is Outcome.HANDED
    assert plan(NOON, EVERY_HOUR, NOON + 50 * HOUR, 40 * HOUR, CATCH_UP).last == NOON + 10 * HOUR


def test_nothing_is_planned_beyond_what_has_another_reason() -> None:
    gate = NOON + 2 * HOUR + 1 * MINUTE

    planned = plan(NOON, EVERY_HOUR, NOON + 9 * HOUR, GRACE, until=gate)

    assert planned.last == NOON + 2 * HOUR


@given(st.integers(10, 100_000), st.integers(0, 40 * 86_400), st.integers(150, 3_600))
@settings(deadline=None)
def test_catch_up_leaves_no_slot_out_and_runs_three_at_most(
    interval: int, late: int, grace: int
) -> None:
    schedule = Every(interval * SECOND, NOON - interval * SECOND)
    now, slot = NOON + late * SECOND, NOON
    limit, caught = now - grace * SECOND, 0
    while slot <= limit:
        made = plan(slot, schedule, now, grace * SECOND, CATCH_UP)
        assert slot <= made.last <= limit
        caught += made.origin is Origin.CATCH_UP
        if made.outcome is Outcome.HANDED:
            assert made.last == slot > now - DAY
        slot = schedule.next_after(made.last) or now
    assert caught <= 3


@pytest.mark.parametrize("policy", CronMisfirePolicy)
@pytest.mark.parametrize("zone", ["utc", "Europe/Prague"])
def test_ten_missed_years_of_each_minute_are_planned_and_counted_at_once(
    policy: CronMisfirePolicy, zone: str
) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    start = now - timedelta(days=3652)
    schedule = normalize_schedule({"cron": "* * * * *", "timezone": zone}, now=start)
    fastest = timedelta(days=1)
    for _ in range(5):  # The best of some: a busy machine is not what is measured.
        begun = time.perf_counter()
        slot, missed = start, 0
        while slot <= now - GRACE:
            made = plan(slot, schedule, now, GRACE, policy)
            missed += count_slots(schedule, slot, made.last).number
            slot = schedule.next_after(made.last) or now
        fastest = min(fastest, timedelta(seconds=time.perf_counter() - begun))

    assert missed > 5_000_000
    assert fastest < FASTEST
