"""A run that lasts over the next slots of its job: each concurrency policy does as it says.

The run lasts because its first attempt fails and the next comes a quarter of an hour later: a slot
that has fired keeps its job's lock until it has ended.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.deployed.cloud import eventually
from tests.deployed.driver import Item, Job, instant, key, rows
from tests.deployed.moving import (
    FIVE_MINUTES,
    MINUTE,
    SECOND,
    MovedCloud,
    broken,
    every_five_minutes,
    fired,
    ledger,
    mended,
    tried,
)

BEGAN = datetime(2030, 7, 1, tzinfo=UTC)
FIRST, SECOND_SLOT, THIRD, FOURTH, *_ = every_five_minutes(BEGAN)
RETRIED = FIRST + 15 * MINUTE
TERMS: Item = {"backoff_seconds": 900, "max_attempts": 2}


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved


@pytest.fixture(scope="module")
def jobs(cloud: MovedCloud) -> Iterator[dict[str, Job]]:
    """A job of each policy, behind three slots and the end of the run of the first."""
    cloud.move_to(BEGAN)
    policies = ("forbid", "queue_one", "replace")
    made = {each: cloud.job(FIVE_MINUTES, concurrency=each, **TERMS) for each in policies}
    made["edited"] = cloud.job(FIVE_MINUTES, concurrency="forbid", **TERMS)
    begin(cloud, made)
    edit_before_dispatch(cloud, made["edited"])
    cloud.tick()
    eventually(lambda: has_met(cloud, made, SECOND_SLOT), seconds=60)
    cloud.move_to(THIRD + SECOND)
    cloud.tick()
    eventually(lambda: has_met(cloud, made, THIRD), seconds=60)
    cloud.move_to(max(RETRIED, instant_of_retry(cloud, made["forbid"])) + 5 * SECOND)
    cloud.sweep()
    cloud.settle(*made.values())
    yield made
    cloud.delete(*made.values())


def begin(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    """Let the first slot of each job fail once."""
    broken(cloud)
    cloud.move_to(FIRST + SECOND)
    cloud.tick()
    for job in jobs.values():
        tried(cloud, job, FIRST, 1)
    mended(cloud)


def edit_before_dispatch(cloud: MovedCloud, job: Job) -> None:
    """Hand the second slot over under one policy, and let it come due under another."""
    cloud.move_to(SECOND_SLOT - 2 * MINUTE)
    cloud.tick()
    assert rows(cloud).work(job, SECOND_SLOT)["outcome"] == "handed"
    assert cloud.ask_to_change(job, {"concurrency": "replace"}).status_code == 200
    cloud.move_to(SECOND_SLOT + SECOND)


def has_met(cloud: MovedCloud, jobs: dict[str, Job], slot: datetime) -> bool:
    """Deliver what waits for its instant; say whether each job has decided about a slot."""
    undecided = [job for job in jobs.values() if not is_decided(cloud, job, slot)]
    for job in undecided:
        rows(cloud).deliver_again(job, slot)
    return not undecided


def is_decided(cloud: MovedCloud, job: Job, slot: datetime) -> bool:
    row = rows(cloud).work(job, slot)
    if row.get("state") == "queued":
        return rows(cloud).hot(job).get("pending") == key(slot) and int(row["token"]) > 0
    return "finished_at" in row


def instant_of_retry(cloud: MovedCloud, job: Job) -> datetime:
    return datetime.fromtimestamp(int(rows(cloud).work(job, FIRST)["not_before"]) / 1000, UTC)


def state(job: Job, slot: datetime) -> tuple[str, int]:
    (row,) = [row for row in job.firings() if instant(row["slot"]) == slot]
    return row["state"], row["attempt"]


def until_third(job: Job) -> list[str]:
    return [outcome for slot, outcome in ledger(job) if slot <= THIRD]


def test_forbid_skips_what_meets_a_run(jobs: dict[str, Job]) -> None:
    assert until_third(jobs["forbid"]) == ["fired", "skipped", "skipped"]
    assert state(jobs["forbid"], FIRST) == ("succeeded", 2)


def test_queue_one_lets_one_slot_wait_and_no_other(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    job = jobs["queue_one"]
    first, second = (rows(cloud).header(job.run_id(slot)) for slot in (FIRST, SECOND_SLOT))

    assert until_third(job) == ["fired", "fired", "queue_full"]
    assert state(job, FIRST) == ("succeeded", 2)
    assert first["ended_at"] <= second["started_at"]


def test_replace_ends_the_older_run_for_the_newer(jobs: dict[str, Job]) -> None:
    job = jobs["replace"]

    assert until_third(job) == ["fired", "fired", "fired"]
    assert state(job, FIRST)[0] == "cancelled"
    assert [state(job, slot) for slot in (SECOND_SLOT, THIRD)] == [("succeeded", 1)] * 2


def test_a_policy_that_is_changed_before_dispatch_decides(jobs: dict[str, Job]) -> None:
    assert state(jobs["edited"], FIRST)[0] == "cancelled"
    assert state(jobs["edited"], SECOND_SLOT) == ("succeeded", 1)


def test_each_run_has_one_end_and_no_lock_is_left(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    for job in jobs.values():
        for slot in fired(job):
            (event,) = rows(cloud).finished(job, slot)
            assert event["state"] == state(job, slot)[0]
        assert not {"active", "pending"} & rows(cloud).hot(job).keys()
