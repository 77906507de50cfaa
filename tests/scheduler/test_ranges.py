from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.background.task import Outcome, State, Task, TaskRef, slot_key
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.ranges import slots_of
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.service import Change
from chalicelib.schedules import Counted, normalize_schedule
from tests.support.tasks import a_task
from tests.support.world import NOON, World

HOUR = timedelta(hours=1)


def a_row(first: datetime, last: datetime, **fields: Any) -> Task:
    ref = TaskRef("main#J", slot_key(first))
    row = a_task(state=State.CLOSED, outcome=Outcome.MISFIRED, ref=ref)
    return replace(row, last=slot_key(last), **{"ver": 1, **fields})


def a_job(world: World, spec: dict[str, Any], **fields: Any) -> Job:
    schedule = normalize_schedule(spec, now=NOON, default_timezone="utc")
    return replace(world.job(), schedule=schedule, **fields)


def test_a_row_of_one_slot_is_no_range(world: World) -> None:
    assert slots_of(a_row(NOON, NOON), a_job(world, {"cron": "0 * * * *"})) is None


def test_the_slots_of_a_range_are_counted_by_the_schedule(world: World) -> None:
    job = a_job(world, {"cron": "*/15 * * * *"})
    assert slots_of(a_row(NOON, NOON + 2 * HOUR), job) == Counted(9)


def test_a_range_over_a_change_of_clocks_has_at_least_so_many(world: World) -> None:
    job = a_job(world, {"cron": "*/15 * * * *", "timezone": "Europe/Prague"})
    counted = slots_of(a_row(NOON - 60 * 24 * HOUR, NOON), job)
    assert counted is not None
    assert not counted.is_exact
    assert counted.number <= 60 * 96 + 5


def test_a_range_of_another_version_is_not_counted_by_todays_times(world: World) -> None:
    job = a_job(world, {"cron": "*/15 * * * *"}, ver=2)
    assert slots_of(a_row(NOON, NOON + HOUR), job) is None


def test_a_range_that_a_resume_left_is_counted(world: World) -> None:
    job = a_job(world, {"cron": "*/15 * * * *"}, ver=2)
    row = a_row(NOON, NOON + HOUR, reason=Reason.WAS_PAUSED)
    assert slots_of(row, job) == Counted(5)
    assert slots_of(row, replace(job, state=JobState.PAUSED)) is None


def test_an_instant_that_todays_schedule_does_not_have_ends_no_range(world: World) -> None:
    job = a_job(world, {"cron": "0 * * * *"})
    assert slots_of(a_row(NOON, NOON + HOUR / 2), job) is None


@pytest.mark.parametrize(("every", "counted"), [("1m", True), ("2m", False)])
def test_an_interval_counts_its_own_slots_whatever_its_version(
    world: World, every: str, *, counted: bool
) -> None:
    job = world.job()
    world.at(20)
    world.services.tick.run()
    schedule = normalize_schedule({"every": every}, now=world.clock.now(), default_timezone="utc")
    changed = world.services.jobs.edit(
        "main", "token:test", job.id, Change(name="Renamed", schedule=schedule)
    )
    rows = world.services.worker.work.newest(f"main#{job.id}", None, 50)
    (row,) = [each for each in rows if each.outcome is Outcome.MISFIRED]
    assert slots_of(row, changed) == (Counted(15) if counted else None)
