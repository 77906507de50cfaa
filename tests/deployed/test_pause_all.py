"""Everything paused at once, by the command line, and going on again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from infra.local.place import CHECKOUT
from tests.deployed.cloud import eventually
from tests.deployed.driver import Job, assert_one_effect, main, rows
from tests.deployed.moving import (
    FIVE_MINUTES,
    MINUTE,
    SECOND,
    MovedCloud,
    every_five_minutes,
    ledger,
)

BEGAN = datetime(2030, 9, 1, tzinfo=UTC)
_PALYRA = "from cli.main import main; main()"
FIRST, HANDED, MISSED, LAST, *_ = every_five_minutes(BEGAN)


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved.alone()


def palyra(cloud: MovedCloud, *arguments: str) -> None:
    """Run the command line on the cloud."""
    named = {"PALYRA_URL": cloud.api, "PALYRA_TOKEN": cloud.token}
    done = subprocess.run(
        [sys.executable, "-c", _PALYRA, *arguments],
        cwd=CHECKOUT,
        env=os.environ | named,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def job(cloud: MovedCloud) -> Iterator[Job]:
    """A job whose first slot has fired, and the next was handed over before all was paused."""
    cloud.move_to(BEGAN)
    made = cloud.job(FIVE_MINUTES)
    cloud.move_to(FIRST + SECOND)
    cloud.tick()
    cloud.settle(made)
    cloud.move_to(HANDED - 2 * MINUTE)
    cloud.tick()
    assert rows(cloud).work(made, HANDED)["outcome"] == "handed"
    palyra(cloud, "pause", "--all")
    yield made
    palyra(cloud, "resume", "--all")
    cloud.delete(made)


@pytest.fixture(scope="module")
def task(cloud: MovedCloud, job: Job) -> str:
    """A task that was asked for while everything is paused, after its message has come."""
    cloud.move_to(HANDED + SECOND)
    answer = job.owner.post("/v1/tasks", {"kind": "background_prompt", "payload": {"prompt": "?"}})
    assert answer.status_code == 201, answer.text
    eventually(lambda: rows(cloud).undelivered() == 0, seconds=30)
    return str(answer.json()["id"])


def state(cloud: MovedCloud, task: str) -> str:
    return str(main(cloud).get(f"/v1/tasks/{task}").json()["state"])


def test_a_slot_that_was_handed_over_before_does_not_start(
    cloud: MovedCloud, job: Job, task: str
) -> None:
    del task
    rows(cloud).deliver_again(job, HANDED)
    eventually(lambda: rows(cloud).work(job, HANDED)["outcome"] == "paused", seconds=30)

    assert rows(cloud).header(job.run_id(HANDED)) == {}
    assert "everything was paused" in rows(cloud).work(job, HANDED)["reason"]


def test_ticks_sweeps_and_operators_start_nothing(cloud: MovedCloud, job: Job, task: str) -> None:
    cloud.move_to(MISSED + SECOND)
    counts = cloud.tick()
    cloud.sweep()
    refused = job.owner.post(f"/v1/jobs/{job.id}/run", {})

    assert counts["handed"] == 0
    assert counts["gated"] > 0
    assert refused.status_code == 409
    assert [slot for slot, _ in ledger(job)] == [FIRST, HANDED]
    assert state(cloud, task) == "queued"


def test_afterwards_what_came_due_meanwhile_is_paused_and_the_next_fires(
    cloud: MovedCloud, job: Job, task: str
) -> None:
    cloud.move_to(MISSED + MINUTE)
    palyra(cloud, "resume", "--all")
    cloud.move_to(LAST + SECOND)
    cloud.tick()
    cloud.settle(job)
    # Not before its time: work that waits for the gate is looked at within five minutes.
    cloud.move_to(LAST + 4 * MINUTE)
    cloud.sweep()
    eventually(lambda: state(cloud, task) == "succeeded", seconds=30)

    assert ledger(job)[:4] == [
        (FIRST, "fired"),
        (HANDED, "paused"),
        (MISSED, "paused"),
        (LAST, "fired"),
    ]
    assert_one_effect(cloud, job, LAST)
