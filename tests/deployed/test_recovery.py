"""Everything killed at once, on what is really deployed: the jobs go on."""

import pytest

from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import (
    Job,
    assert_ledger_is_whole,
    assert_one_effect,
    concluded,
    instant,
    main,
    sweep_until_settled,
)

SNAPSHOT_SECONDS = 3.0


@pytest.fixture(scope="module")
def job(cloud: Cloud) -> Job:
    """A job that was made just before the kill, its first slots handed over but not fired."""
    return main(cloud).create_job("survivor", "10s")


def wait_for_a_snapshot(cloud: Cloud) -> None:
    """Wait for a snapshot that was begun after this was called, so for the second one."""
    for _ in range(2):
        before = snapshot(cloud)
        eventually(lambda: snapshot(cloud) != before, seconds=4 * SNAPSHOT_SECONDS)  # noqa: B023


def snapshot(cloud: Cloud) -> str:
    return (cloud.place.emulated / "current").readlink().name


class TestKillOfEverything:
    def test_slots_that_were_handed_over_before_it_fire_after_it(
        self, cloud: Cloud, job: Job
    ) -> None:
        slot = next(job.slots())
        wait_for_a_snapshot(cloud)

        cloud.kill_9()
        cloud.start()
        sweep_until_settled(cloud, job, slot)

        concluded(cloud, job, slot)
        assert_one_effect(cloud, job, slot)

    def test_later_slots_fire_too(self, cloud: Cloud, job: Job) -> None:
        slot = job.next_slot()

        concluded(cloud, job, slot)

        assert_one_effect(cloud, job, slot)

    def test_no_slot_of_any_job_before_it_is_lost_or_doubled(self, cloud: Cloud, job: Job) -> None:
        made = instant(job.show()["created_at"])
        jobs = [Job(job.owner, shown["id"]) for shown in job.owner.jobs()]

        assert job.id in [each.id for each in jobs]
        for each in jobs:
            sweep_until_settled(cloud, each, made)
            assert_ledger_is_whole(cloud, each, made)

    def test_no_slot_of_its_own_is_lost_or_doubled(self, cloud: Cloud, job: Job) -> None:
        assert_ledger_is_whole(cloud, job)
