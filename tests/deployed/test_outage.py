"""Everything off while time passes: afterwards each job does what its misfire policy says."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.deployed.driver import Job, assert_one_effect, instant, rows
from tests.deployed.moving import FIVE_MINUTES, MINUTE, SECOND, MovedCloud, fired, ledger

BEGAN = datetime(2030, 6, 1, tzinfo=UTC)
OFF, LATER = BEGAN + 5 * MINUTE, BEGAN + 47 * MINUTE
NEXT_WEEK = BEGAN + timedelta(days=7)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved.alone()


@pytest.fixture(scope="module")
def jobs(cloud: MovedCloud) -> Iterator[dict[str, Job]]:
    """Jobs whose slots came due while emulator and functions were dead, and after that."""
    cloud.move_to(BEGAN)
    made = {
        "skips": cloud.job(FIVE_MINUTES),
        "handed over": cloud.job({"cron": "7 * * * *"}),
        "catches up": cloud.job({"cron": "10-59/15 * * * *"}, misfire="catch_up"),
        "collapses": cloud.job({"cron": "3-59/8 * * * *"}, misfire="catch_up"),
    }
    cloud.move_to(OFF + SECOND)
    cloud.tick()
    cloud.settle(*made.values())
    saved = httpx.post(f"{cloud.endpoint}/_local/snapshot", timeout=60)
    assert saved.status_code == 200
    cloud.kill_9()
    cloud.move_to(LATER + SECOND)
    cloud.start()
    cloud.tick()
    cloud.go_on(*made.values())
    yield made
    cloud.delete(*made.values())


def at(minutes: int) -> datetime:
    return BEGAN + minutes * MINUTE


def test_a_job_that_skips_has_one_row_for_all_that_it_missed(jobs: dict[str, Job]) -> None:
    (missed,) = [row for row in jobs["skips"].firings() if row["outcome"] == "misfired"]

    assert (instant(missed["slot"]), instant(missed["last"])) == (at(10), at(40))
    assert missed["reason"] == "missed"
    # The last one is late, but within the grace.
    assert fired(jobs["skips"]) == [at(5), at(45)]


def test_what_was_handed_over_before_it_runs_after_it(
    cloud: MovedCloud, jobs: dict[str, Job]
) -> None:
    assert ledger(jobs["handed over"]) == [(at(7), "fired")]
    assert_one_effect(cloud, jobs["handed over"], at(7))


def test_a_job_that_catches_up_runs_what_it_missed(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    assert ledger(jobs["catches up"]) == [(at(10), "fired"), (at(25), "fired"), (at(40), "fired")]
    for slot in fired(jobs["catches up"]):
        assert_one_effect(cloud, jobs["catches up"], slot)


def test_of_many_missed_slots_the_newest_runs_for_all(jobs: dict[str, Job]) -> None:
    (missed,) = [row for row in jobs["collapses"].firings() if row["outcome"] == "misfired"]

    assert (instant(missed["slot"]), instant(missed["last"])) == (at(11), at(35))
    assert missed["reason"] == "collapsed into the newest missed slot"
    assert fired(jobs["collapses"]) == [at(3), at(43)]


def test_the_journal_tells_of_the_gap_once(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    del jobs
    cloud.tick()
    told = [row for row in rows(cloud).scan("journal") if row["kind"] == "scheduler.gap"]
    gaps = [json.loads(row["content"])["details"] for row in told]

    (gap,) = [gap for gap in gaps if OFF <= instant(gap["last_tick"]) < LATER]
    assert instant(gap["last_tick"]) < OFF + MINUTE
    assert LATER <= instant(gap["until"]) < LATER + MINUTE


def test_what_was_missed_for_more_than_a_day_waits_for_an_operator(
    cloud: MovedCloud, jobs: dict[str, Job]
) -> None:
    job = jobs["catches up"]
    cloud.move_to(NEXT_WEEK + SECOND)
    cloud.tick()
    cloud.go_on(job)

    (reviewed,) = [row for row in job.firings() if str(row.get("reason")).startswith("missed too")]
    assert instant(reviewed["last"]) == NEXT_WEEK - DAY - 5 * MINUTE
    assert fired(job)[-1] == NEXT_WEEK - 5 * MINUTE
    assert job.show()["review_required"]
