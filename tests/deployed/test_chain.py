"""From a job to its runs, on what is really deployed: every link of the chain, by itself."""

import hashlib
import itertools
import statistics
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import (
    Item,
    Job,
    Owner,
    assert_ledger_is_whole,
    assert_one_effect,
    concluded,
    instant,
    invoke_at_once,
    key,
    left_behind,
    logged,
    main,
    minutely,
    rows,
)

WITHIN_SECONDS = 3.0
FIRINGS = 10
IN_TURN = timedelta(seconds=3.3)


@pytest.fixture(scope="module")
def jobs(cloud: Cloud) -> list[Job]:
    """Three jobs that fire every ten seconds, in turn, beside one that does every minute."""
    minutely(cloud)
    start = datetime.now(UTC)
    return [made_at(cloud, start + number * IN_TURN) for number in range(3)]


@pytest.fixture(scope="module")
def job(jobs: list[Job]) -> Job:
    return jobs[0]


def made_at(cloud: Cloud, moment: datetime) -> Job:
    eventually(lambda: datetime.now(UTC) >= moment, seconds=10)
    return main(cloud).create_job(f"every ten seconds from {moment:%S}", "10s")


@pytest.fixture(scope="module")
def handed_at_first(cloud: Cloud, job: Job) -> datetime:
    """The first slot that was not handed over when the job was made."""
    return rows(cloud).handed_until(job)


@pytest.fixture(scope="module")
def slot(cloud: Cloud, job: Job, handed_at_first: datetime) -> datetime:
    """The job's first slot, after its run."""
    first = next(job.slots())
    assert first < handed_at_first
    concluded(cloud, job, first)
    return first


@pytest.fixture(scope="module")
def stranger(cloud: Cloud) -> Owner:
    """Another owner of the same stage."""
    return Owner(cloud, cloud.token_of("stranger"))


class TestRun:
    def test_a_slot_becomes_one_run_of_three_steps(
        self, cloud: Cloud, job: Job, slot: datetime
    ) -> None:
        assert_one_effect(cloud, job, slot)
        kinds = [step["kind"] for step in job.owner.run(job.run_id(slot))["steps"]]
        assert kinds == ["model", "tool", "model"]
        assert len(rows(cloud).steps(job.run_id(slot))) == 3

    def test_its_result_tells_what_the_stores_really_hold(self, job: Job, slot: datetime) -> None:
        run = job.owner.run(job.run_id(slot))
        seen = run["steps"][1]["content"]
        since_tick = instant(run["started_at"]) - instant(seen["scheduler"]["last_tick"])

        assert timedelta(0) < since_tick < timedelta(seconds=90)
        assert seen["background"]["lanes"]["normal"]["delayed"] > 0
        assert seen["background"]["active_runs"] >= 1
        assert f"scheduler.last_tick = {seen['scheduler']['last_tick']}" in run["result"]

    def test_it_names_the_policy_that_allowed_it(self, job: Job, slot: datetime) -> None:
        assert job.owner.run(job.run_id(slot))["policies"] == ["default-dispatch-read-only"]

    def test_its_firing_stands_in_the_ledger(self, job: Job, slot: datetime) -> None:
        (firing,) = [row for row in job.firings() if instant(row["slot"]) == slot]

        assert (firing["outcome"], firing["run_id"]) == ("fired", job.run_id(slot))
        assert (firing["state"], firing["attempt"]) == ("succeeded", 1)


class TestOwners:
    def test_another_owner_sees_nothing_of_it(
        self, stranger: Owner, job: Job, slot: datetime
    ) -> None:
        paths = [
            f"/v1/jobs/{job.id}",
            f"/v1/jobs/{job.id}/firings",
            f"/v1/runs/{job.run_id(slot)}",
        ]

        assert stranger.jobs() == []
        assert [stranger.get(path).status_code for path in paths] == [404, 404, 404]

    def test_it_sees_nothing_of_another_owner(self, stranger: Owner, job: Job) -> None:
        theirs = stranger.create_job("theirs", "1d")

        assert [shown["id"] for shown in stranger.jobs()] == [theirs.id]
        assert theirs.id not in [shown["id"] for shown in job.owner.jobs()]

    def test_nobody_without_a_token_comes_in(self, cloud: Cloud, job: Job, slot: datetime) -> None:
        forged = Owner(cloud, f"palyra_main_{'A' * 43}")
        paths = ["/v1/jobs", f"/v1/jobs/{job.id}", f"/v1/runs/{job.run_id(slot)}"]

        assert [forged.get(path).status_code for path in paths] == [401, 401, 401]
        assert httpx.post(f"{cloud.api}/v1/jobs", json={}, timeout=30).status_code == 401

    def test_tokens_are_stored_as_hashes_alone(self, cloud: Cloud, stranger: Owner) -> None:
        assert stranger.jobs() is not None
        stored = str(rows(cloud).scan("access"))

        assert hashlib.sha256(cloud.token.encode()).hexdigest() in stored
        assert cloud.token.rpartition("_")[2] not in stored
        assert "palyra_stranger_" not in stored


class TestPunctuality:
    def test_firings_start_within_three_seconds_of_their_slots(
        self, jobs: list[Job], capsys: pytest.CaptureFixture[str]
    ) -> None:
        def runs() -> list[Item]:
            return [run for job in jobs for run in job.runs()]

        eventually(lambda: len(runs()) >= FIRINGS, seconds=90, pause=1)

        late = [
            (instant(run["started_at"]) - instant(run["slot"])).total_seconds() for run in runs()
        ]
        with capsys.disabled():
            figures = f"p50 {statistics.median(late):.2f} s, max {max(late):.2f} s"
            sys.stdout.write(f"\n{len(late)} firings started after their slot: {figures}\n")
        assert min(late) >= 0
        # One of them may meet a worker that the emulator has yet to start.
        assert sorted(late)[-2] <= WITHIN_SECONDS
        assert max(late) <= 2 * WITHIN_SECONDS


class TestTick:
    def test_a_scheduled_tick_comes_by_itself(self, cloud: Cloud, job: Job) -> None:
        made = instant(job.show()["created_at"])

        eventually(lambda: rows(cloud).last_tick() > made, seconds=75, pause=0.5)

    def test_it_hands_over_slots_that_the_creation_did_not(
        self, cloud: Cloud, job: Job, handed_at_first: datetime
    ) -> None:
        eventually(lambda: rows(cloud).work(job, handed_at_first), seconds=75, pause=0.5)

        assert rows(cloud).handed_until(job) > handed_at_first
        assert key(handed_at_first) > key(next(job.slots()))


class TestRepeats:
    def test_a_message_delivered_again_while_and_after_it_runs_changes_nothing(
        self, cloud: Cloud, job: Job
    ) -> None:
        slot = job.next_slot()
        eventually(
            lambda: rows(cloud).work(job, slot)["state"] == "running", seconds=20, pause=0.005
        )
        rows(cloud).deliver_again(job, slot, times=2)
        row = concluded(cloud, job, slot)
        rows(cloud).deliver_again(job, slot, times=2)
        eventually(lambda: rows(cloud).undelivered() == 0, seconds=30)

        assert rows(cloud).work(job, slot) == row
        assert row["token"] == 1
        assert len(rows(cloud).steps(job.run_id(slot))) == 3
        assert_one_effect(cloud, job, slot)

    def test_five_ticks_at_once_hand_each_slot_over_once(self, cloud: Cloud) -> None:
        invoke_at_once(cloud, "cron_tick", 5)  # So that none of the next has to start first.
        every = timedelta(seconds=15)
        job = left_behind(cloud, every=every, first=datetime.now(UTC) + timedelta(seconds=5))

        counts = invoke_at_once(cloud, "cron_tick", 5)
        slots = [instant(row["slot"]) for row in job.firings()]
        concluded(cloud, job, slots[0])

        assert [count["failed"] for count in counts] == [0] * 5
        assert slots == list(itertools.islice(job.slots(), len(slots)))
        assert slots[-1] + every == rows(cloud).handed_until(job)
        assert_one_effect(cloud, job, slots[0])


class TestLogs:
    def test_lines_about_a_slot_carry_the_id_of_its_run_from_tick_to_worker(
        self, cloud: Cloud, job: Job, handed_at_first: datetime
    ) -> None:
        handed = job.run_id(handed_at_first)
        done = {line.get("correlation_id") for line in logged(cloud, "worker_normal")}
        told = {line.get("correlation_id") for line in logged(cloud, "cron_tick")}

        assert handed in told
        assert {run["id"] for run in job.runs()} <= done


class TestLedger:
    def test_every_slot_has_one_outcome(self, cloud: Cloud, jobs: list[Job]) -> None:
        for job in jobs:
            assert_ledger_is_whole(cloud, job)
