"""Policies that are changed between a slot's hand-over and its instant: the newer ones decide."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.deployed.cloud import eventually
from tests.deployed.driver import Item, Job, assert_one_effect, main, rows
from tests.deployed.moving import FIVE_MINUTES, MINUTE, MovedCloud, every_five_minutes

BEGAN = datetime(2030, 10, 1, tzinfo=UTC)
FIRST, SECOND_SLOT, *_ = every_five_minutes(BEGAN)
TOO_OLD = timedelta(seconds=10)
FORBIDDEN = """
@id("nothing-by-schedule")
forbid (principal, action == Action::"dispatch", resource)
when { context.trigger == "schedule" };
"""


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved


@pytest.fixture(scope="module")
def version(cloud: MovedCloud) -> Iterator[int]:
    """A version of policies that forbid; what decided before decides again afterwards."""
    cloud.move_to(BEGAN)
    made = main(cloud).post("/v1/policies", {"text": FORBIDDEN})
    assert made.status_code == 201, made.text
    yield int(made.json()["version"])
    activate(cloud, 0)


@pytest.fixture(scope="module")
def job(cloud: MovedCloud) -> Iterator[Job]:
    cloud.move_to(BEGAN)
    made = cloud.job(FIVE_MINUTES)
    yield made
    cloud.delete(made)


def activate(cloud: MovedCloud, version: int) -> None:
    answer = main(cloud).post(f"/v1/policies/{version}/activate", {})
    assert answer.status_code == 200, answer.text


def handed_over(cloud: MovedCloud, job: Job, slot: datetime) -> None:
    """Hand a slot over two minutes ahead."""
    cloud.move_to(slot - 2 * MINUTE)
    cloud.tick()
    assert rows(cloud).work(job, slot)["outcome"] == "handed"


def come_due(cloud: MovedCloud, job: Job, slot: datetime) -> Item:
    """Let the slot's instant come, and its message; return its row at its end."""
    cloud.move_to(slot + TOO_OLD)
    rows(cloud).deliver_again(job, slot)
    eventually(lambda: "finished_at" in rows(cloud).work(job, slot), seconds=30)
    return rows(cloud).work(job, slot)


def test_what_is_forbidden_meanwhile_is_denied_and_told(
    cloud: MovedCloud, job: Job, version: int
) -> None:
    handed_over(cloud, job, FIRST)
    activate(cloud, version)

    row = come_due(cloud, job, FIRST)

    assert row["outcome"] == "denied"
    assert rows(cloud).header(job.run_id(FIRST)) == {}
    (event,) = rows(cloud).events(job, "slot.denied")
    assert event["details"]["policies"] == ["nothing-by-schedule"]
    assert event["actor"] == "system:daemon"


def test_what_is_allowed_again_meanwhile_runs(cloud: MovedCloud, job: Job, version: int) -> None:
    del version
    handed_over(cloud, job, SECOND_SLOT)
    activate(cloud, 0)

    come_due(cloud, job, SECOND_SLOT)
    cloud.settle(job)

    assert_one_effect(cloud, job, SECOND_SLOT)
