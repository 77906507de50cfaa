from datetime import timedelta

import pytest

from chalicelib.background.task import Outcome
from chalicelib.scheduler.misfire import Plan, plan
from chalicelib.schedules import Every
from tests.support.world import MINUTE, NOON

GRACE = 3 * MINUTE
EVERY_MINUTE = Every(MINUTE, NOON - timedelta(days=3650))


@pytest.mark.parametrize("late", [timedelta(minutes=-2), timedelta(), GRACE - timedelta(seconds=1)])
def test_a_slot_within_the_grace_is_handed_over(late: timedelta) -> None:
    assert plan(NOON, EVERY_MINUTE, NOON + late, GRACE) == Plan(Outcome.HANDED, NOON)


def test_a_slot_as_old_as_the_grace_is_missed() -> None:
    assert plan(NOON, EVERY_MINUTE, NOON + GRACE, GRACE) == Plan(Outcome.MISFIRED, NOON, "missed")


def test_missed_slots_share_one_range_up_to_the_latest_missed_one() -> None:
    missed = plan(NOON, EVERY_MINUTE, NOON + timedelta(hours=1), GRACE)

    assert missed.last == NOON + timedelta(minutes=57)


def test_ten_missed_years_are_one_range() -> None:
    start = EVERY_MINUTE.next_after(EVERY_MINUTE.anchor)
    assert start is not None

    assert plan(start, EVERY_MINUTE, NOON, GRACE).last == NOON - GRACE
