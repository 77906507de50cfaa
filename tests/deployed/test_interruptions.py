"""Workers that are killed or frozen in the middle of a run, on what is really deployed."""

import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.deployed.cloud import BRISK, Cloud, eventually, waits_for_an_event
from tests.deployed.driver import (
    LEASE_SECONDS,
    SCHEDULED,
    TERMINAL,
    Item,
    Job,
    assert_ledger_is_whole,
    assert_one_effect,
    concluded,
    logged,
    main,
    minutely,
    rows,
)

WORKER = "worker_normal"
TRIES = 5
STILL_SECONDS = 0.3
SHIPPED_LEASE_SECONDS = 60
MOST_AFTER_A_LEASE_SECONDS = 120


@pytest.fixture(scope="module")
def job(cloud: Cloud) -> Job:
    minutely(cloud)
    return main(cloud).create_job("interrupted", "10s")


@pytest.fixture
def shipped(cloud: Cloud) -> Iterator[Cloud]:
    """The cloud with the settings that it ships with; the next module starts it with its own."""
    cloud.stop()
    cloud.settings = {}
    cloud.start()
    yield cloud
    cloud.settings = BRISK
    cloud.stop()


def freeze_in_mid_run(cloud: Cloud, job: Job) -> tuple[datetime, list[int]]:
    """Stop the worker while it runs a slot whose first step was accepted; try a few slots.

    Return the slot, and the frozen processes: a run of another job may be among them.
    """
    for _ in range(TRIES):
        slot = job.next_slot()
        wait_for_first_step(cloud, job, slot)
        frozen = freeze_the_busy(cloud)
        if stands_still(cloud, job, slot):
            return slot, frozen
        signal_all(frozen, signal.SIGCONT)
    pytest.fail(f"none of {TRIES} slots could be stopped in the middle of its run")


def freeze_the_busy(cloud: Cloud) -> list[int]:
    """Stop all processes of the worker, and let those go on that only wait for a message.

    A frozen process that waits would keep whatever message it is handed.
    """
    pids = cloud.workers(WORKER)
    signal_all(pids, signal.SIGSTOP)
    idle = [pid for pid in pids if is_idle(pid)]
    signal_all(idle, signal.SIGCONT)
    return [pid for pid in pids if pid not in idle]


def is_idle(pid: int) -> bool:
    """Return whether a process that is being stopped waits for a message."""
    call = Path(f"/proc/{pid}/syscall")
    eventually(lambda: call.read_text().strip() != "running", seconds=5)
    return waits_for_an_event(pid)


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def wait_for_first_step(cloud: Cloud, job: Job, slot: datetime) -> None:
    eventually(
        lambda: has_begun(cloud, job, slot),
        seconds=30,
        pause=0.002,
        why=lambda: str(rows(cloud).work(job, slot)),
    )


def has_begun(cloud: Cloud, job: Job, slot: datetime) -> bool:
    row = rows(cloud).work(job, slot)
    return "checkpoint_seq" in row or row.get("state") in TERMINAL


def stands_still(cloud: Cloud, job: Job, slot: datetime) -> bool:
    """Return whether a slot stays where it is, in the middle of its run."""
    before = rows(cloud).work(job, slot)
    deadline = time.monotonic() + STILL_SECONDS
    while before["state"] == "running" and time.monotonic() < deadline:
        if rows(cloud).work(job, slot) != before:
            return False
    return bool(before["state"] == "running")


def rescue(cloud: Cloud, job: Job, slot: datetime) -> Item:
    """Sweep, as often as the lease is long, until a slot has ended; return its row."""

    def swept() -> bool:
        cloud.invoke("sweep", SCHEDULED)
        return rows(cloud).work(job, slot)["state"] in TERMINAL

    eventually(swept, seconds=45, pause=LEASE_SECONDS)
    return concluded(cloud, job, slot)


def gave_up(cloud: Cloud, run_id: str) -> bool:
    """Return whether a worker has said that a run was taken away from it."""
    lines = [line for line in logged(cloud, WORKER) if line.get("correlation_id") == run_id]
    return "the task was taken away" in [line["message"] for line in lines]


def authors(cloud: Cloud, job: Job, slot: datetime) -> list[int]:
    """Return the token under which each step was put."""
    return [int(step["sk"].partition("#")[0]) for step in rows(cloud).steps(job.run_id(slot))]


class TestKilledWorker:
    def test_its_run_is_finished_by_another_from_where_it_was(self, cloud: Cloud, job: Job) -> None:
        slot, frozen = freeze_in_mid_run(cloud, job)
        done = int(rows(cloud).work(job, slot)["checkpoint_seq"])
        signal_all(frozen, signal.SIGKILL)

        row = rescue(cloud, job, slot)

        assert (row["token"], row["attempt"]) == (2, 1)
        assert authors(cloud, job, slot)[:done] == [1] * done
        assert set(authors(cloud, job, slot)) == {1, 2}
        assert_one_effect(cloud, job, slot)
        (firing,) = [each for each in job.firings() if each.get("run_id") == job.run_id(slot)]
        assert firing["attempt"] == 2


class TestZombie:
    def test_it_writes_nothing_after_it_was_rescued(self, cloud: Cloud, job: Job) -> None:
        slot, frozen = freeze_in_mid_run(cloud, job)
        rescued = rescue(cloud, job, slot)
        header = rows(cloud).header(job.run_id(slot))

        signal_all(frozen, signal.SIGCONT)
        eventually(lambda: gave_up(cloud, job.run_id(slot)), seconds=30)

        assert rows(cloud).work(job, slot) == rescued
        assert rows(cloud).header(job.run_id(slot)) == header
        assert (rescued["token"], rescued["attempt"]) == (2, 1)
        assert_one_effect(cloud, job, slot)


class TestMinute:
    def test_two_firings_one_minute_apart_have_one_run_each(self, cloud: Cloud) -> None:
        every_minute = minutely(cloud)
        first, second = itertools.islice(every_minute.slots(), 2)
        concluded(cloud, every_minute, second)

        assert second - first == timedelta(minutes=1)
        assert_one_effect(cloud, every_minute, first)
        assert_one_effect(cloud, every_minute, second)
        assert "active" not in rows(cloud).hot(every_minute)
        assert_ledger_is_whole(cloud, every_minute)


class TestLedger:
    def test_every_slot_has_one_outcome(self, cloud: Cloud, job: Job) -> None:
        assert_ledger_is_whole(cloud, job)


class TestShippedLease:
    def test_a_killed_workers_run_is_finished_within_a_lease_and_two_minutes_by_itself(
        self, shipped: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        job = main(shipped).create_job("interrupted for a minute", "10s")
        slot, frozen = freeze_in_mid_run(shipped, job)
        signal_all(frozen, signal.SIGKILL)
        killed = time.monotonic()

        eventually(
            lambda: rows(shipped).work(job, slot)["state"] in TERMINAL,
            seconds=SHIPPED_LEASE_SECONDS + MOST_AFTER_A_LEASE_SECONDS,
            pause=1,
            why=lambda: str(rows(shipped).work(job, slot)),
        )
        took = time.monotonic() - killed
        row = concluded(shipped, job, slot)

        with capsys.disabled():
            sys.stdout.write(f"\na killed worker's run had ended {took:.0f} s later\n")
        assert took > SHIPPED_LEASE_SECONDS / 2
        assert (row["token"], row["attempt"]) == (2, 1)
        assert_one_effect(shipped, job, slot)
