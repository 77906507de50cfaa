"""Everything killed, and nobody there for an hour: the next tick tells of it, and goes on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from chalicelib.settings import Settings
from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import Item, Job, instant, invoke_at_once, left_behind, main, rows

OUTAGE = timedelta(hours=1)
EVERY = timedelta(minutes=10)
RULE = "palyra-local-cron_tick-event"
HORIZON = Settings().horizon


def gaps(cloud: Cloud, last: datetime) -> list[Item]:
    """Return what the journal tells of gaps after a tick."""
    found = [row for row in rows(cloud).scan("journal") if row["kind"] == "scheduler.gap"]
    details = [json.loads(row["content"])["details"] for row in found]
    return [each for each in details if instant(each["last_tick"]) == last]


@pytest.fixture(scope="module")
def last(cloud: Cloud) -> Iterator[datetime]:
    """When the last tick before the outage was."""
    cloud.client("events").disable_rule(Name=RULE)
    yield (datetime.now(UTC) - OUTAGE).replace(microsecond=0)
    cloud.client("events").enable_rule(Name=RULE)


@pytest.fixture(scope="module")
def job(cloud: Cloud, last: datetime) -> Iterator[Job]:
    """A job whose slots were due in the outage, seen after it."""
    left = left_behind(cloud, every=EVERY, first=last + EVERY)
    at = int(last.timestamp() * 1000)
    rows(cloud).put("system", {"pk": "system#last-run", "sk": "cron_tick", "at": at})
    saved = httpx.post(f"{cloud.endpoint}/_local/snapshot", timeout=60)
    assert saved.status_code == 200
    cloud.kill_9()
    cloud.start()
    yield left
    assert main(cloud).delete(f"/v1/jobs/{left.id}").status_code == 200


def test_the_gap_is_marked_from_the_horizon_of_the_last_tick(
    cloud: Cloud, last: datetime, job: Job
) -> None:
    eventually(lambda: gaps(cloud, last), seconds=90, pause=0.5)

    (gap,) = gaps(cloud, last)
    assert instant(gap["from"]) == last + HORIZON
    assert last + OUTAGE <= instant(gap["until"]) == rows(cloud).last_tick()
    assert gap["seconds"] == int((instant(gap["until"]) - instant(gap["from"])).total_seconds())
    assert job.firings()


def test_slots_that_were_due_in_it_are_one_misfired_range(last: datetime, job: Job) -> None:
    first = job.firings()[0]

    assert first["outcome"] == "misfired"
    assert instant(first["slot"]) == last + EVERY
    assert instant(first["last"]) > last + OUTAGE - 2 * EVERY


def test_it_is_marked_once_however_many_ticks_come_after_it(
    cloud: Cloud, last: datetime, job: Job
) -> None:
    invoke_at_once(cloud, "cron_tick", 3)

    assert len(gaps(cloud, last)) == 1
    assert instant(job.show()["next_slot"]) > datetime.now(UTC)
