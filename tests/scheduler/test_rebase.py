from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.scheduler.rebase import is_outdated, rebased, rebased_slot
from chalicelib.schedules import Cron, Every, normalize_schedule, read_schedule, timezone

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def cron(expression: str, zone: str = "Europe/Prague") -> Cron:
    made = normalize_schedule({"cron": expression, "timezone": zone}, now=NOON)
    assert isinstance(made, Cron)
    return made


def test_a_schedule_of_another_tzdata_is_outdated_until_it_is_read_anew() -> None:
    old = replace(cron("30 2 * * *"), tzdata="1999a")

    assert is_outdated(old)
    assert not is_outdated(rebased(old))
    assert read_schedule(rebased(old).text()).text().endswith(f"tzdata {timezone.VERSION}")


def test_an_interval_knows_no_tzdata() -> None:
    assert not is_outdated(Every(HOUR, NOON))


def test_a_slot_that_is_still_one_stays() -> None:
    schedule = cron("30 2 * * *")
    slot = schedule.next_after(NOON)
    assert slot is not None

    assert rebased_slot(schedule, slot) == slot


@pytest.mark.parametrize("off", [-3 * HOUR, -HOUR, HOUR, 3 * HOUR])
def test_a_slot_that_moved_by_hours_is_the_same_slot(off: timedelta) -> None:
    schedule = cron("30 2 * * *")
    slot = schedule.next_after(NOON)
    assert slot is not None

    assert rebased_slot(schedule, slot + off) == slot


def test_no_two_slots_of_the_old_view_become_one_of_the_new() -> None:
    schedule, slots = cron("0 6,18 * * *"), []
    slot = schedule.next_after(NOON)
    for _ in range(20):
        assert slot is not None
        slots.append(slot)
        slot = schedule.next_after(slot)

    assert [rebased_slot(schedule, each - HOUR) for each in slots] == slots
