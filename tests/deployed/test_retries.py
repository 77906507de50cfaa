"""Slots whose attempts fail are tried again after their job's own pauses, and no oftener."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.deployed.cloud import eventually
from tests.deployed.driver import Item, Job, assert_one_effect, instant, rows
from tests.deployed.moving import (
    FIVE_MINUTES,
    MINUTE,
    SECOND,
    MovedCloud,
    broken,
    every_five_minutes,
    mended,
    tried,
)

BEGAN = datetime(2030, 11, 1, tzinfo=UTC)
SLOT, NEXT, *_ = every_five_minutes(BEGAN)
PAUSE = timedelta(seconds=40)
TERMS: Item = {"backoff_seconds": 40, "max_attempts": 3, "pause_after_failures": 1}


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved.alone()


@pytest.fixture(scope="module")
def job(cloud: MovedCloud) -> Iterator[Job]:
    cloud.move_to(BEGAN)
    made = cloud.job(FIVE_MINUTES, **TERMS)
    yield made
    cloud.delete(made)


@pytest.fixture(scope="module")
def rests(cloud: MovedCloud, job: Job) -> list[timedelta]:
    """How long a slot rested after each of two attempts that failed; the third works."""
    broken(cloud)
    cloud.move_to(SLOT + SECOND)
    cloud.tick()
    rested = [rest(cloud, job, times) for times in (1, 2)]
    mended(cloud)
    rows(cloud).deliver_again(job, SLOT)
    cloud.settle(job)
    return rested


def rest(cloud: MovedCloud, job: Job, times: int) -> timedelta:
    """Let an attempt fail; go on to where the next is due, and not before, and let it begin."""
    row = tried(cloud, job, SLOT, times)
    due = datetime.fromtimestamp(int(row["not_before"]) / 1000, UTC)
    ended = instant(attempts(job)[times - 1]["ended_at"])
    rows(cloud).deliver_again(job, SLOT)
    eventually(lambda: rows(cloud).undelivered() == 0, seconds=30)
    assert rows(cloud).work(job, SLOT)["attempt"] == times
    cloud.move_to(due + SECOND)
    if times == 1:
        rows(cloud).deliver_again(job, SLOT)
    return due - ended


def attempts(job: Job) -> list[Item]:
    answer = job.owner.get(f"/v1/tasks/{job.run_id(SLOT)}")
    assert answer.status_code == 200, answer.text
    found: list[Item] = answer.json()["attempts"]
    return found


def test_each_pause_is_twice_the_one_before(rests: list[timedelta]) -> None:
    assert [round(rest / PAUSE, 1) for rest in rests] == [1, 2]


def test_the_slot_has_one_effect_after_all(
    cloud: MovedCloud, job: Job, rests: list[timedelta]
) -> None:
    del rests
    (firing,) = [row for row in job.firings() if instant(row["slot"]) == SLOT]

    assert_one_effect(cloud, job, SLOT)
    assert firing["attempt"] == 3
    assert [each["state"] for each in attempts(job)] == ["failed", "failed", "succeeded"]


def test_a_job_that_fails_for_good_pauses_itself(
    cloud: MovedCloud, job: Job, rests: list[timedelta]
) -> None:
    del rests
    broken(cloud)
    cloud.move_to(NEXT + SECOND)
    cloud.tick()
    for times in (1, 2):
        tried(cloud, job, NEXT, times)
        cloud.move_to(cloud.now() + 3 * MINUTE)
        rows(cloud).deliver_again(job, NEXT)
    cloud.settle(job)
    mended(cloud)
    eventually(lambda: job.show()["state"] == "paused", seconds=30)

    (event,) = rows(cloud).finished(job, NEXT)
    assert event["state"] == "failed"
    cloud.move_to(NEXT + 60 * MINUTE)
    cloud.tick()
    assert instant(job.firings()[-1]["slot"]) == NEXT
