"""Fifty rounds of kill -9 under load: nothing is lost, and nothing happens twice.

What is chosen at random comes from a seed that a failure shows; KILL_SEED repeats the choices.
"""

import os
import secrets
import statistics
import sys
from collections import Counter
from itertools import takewhile

import pytest

from tests.deployed.audit import Audit, id_of, payload_of
from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import Item, key, main, rows
from tests.deployed.storm import ROUND_SECONDS, ROUNDS, Kill, Storm

pytestmark = pytest.mark.skipif(
    not os.environ.get("TEST_STORM"), reason="make test-all asks for it with TEST_STORM"
)


@pytest.fixture(scope="module")
def storm(cloud: Cloud) -> Storm:
    """A storm that is over."""
    seed = int(os.environ.get("KILL_SEED") or secrets.randbelow(2**32))
    storm = Storm(cloud, seed, main(cloud).create_job("in the storm", "10s"))
    storm.rage()
    return storm


@pytest.fixture(scope="module")
def audit(storm: Storm) -> Audit:
    return storm.audit()


@pytest.fixture(autouse=True)
def seed(storm: Storm) -> None:
    """Let each failure show the seed."""
    sys.stdout.write(f"KILL_SEED={storm.seed}\n")


class TestStorm:
    def test_it_killed_processes_at_work(
        self, storm: Storm, audit: Audit, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{figures(storm, audit)}\n")

        assert len(storm.kills) == ROUNDS
        assert sum(each.process.is_busy for each in storm.kills) >= ROUNDS / 5
        assert len(storm.accepted) >= ROUNDS / 2
        assert rescued(audit)


class TestNothingIsLost:
    def test_every_accepted_task_came_to_an_end(self, storm: Storm, audit: Audit) -> None:
        assert set(storm.accepted.values()) - {id_of(task) for task in audit.tasks} == set()
        assert audit.open == []

    def test_every_success_has_its_follow_up(self, audit: Audit) -> None:
        assert audit.without_follow_up == []

    def test_every_slot_of_the_job_has_a_row(self, storm: Storm, audit: Audit) -> None:
        own = slots_of(storm, audit)
        ranges = [(str(row["sk"]), str(row.get("last", row["sk"]))) for row in own]
        slots = list(takewhile(lambda slot: slot <= storm.until, storm.job.slots()))

        assert len(slots) >= ROUNDS * ROUND_SECONDS // 10
        assert [
            slot for slot in slots if not any(first <= key(slot) <= last for first, last in ranges)
        ] == []


class TestNothingIsDoubled:
    def test_every_task_was_made_once(self, audit: Audit) -> None:
        names = Counter(payload_of(task).get("prompt") for task in audit.tasks)
        del names[None]  # Slots.

        assert [name for name, count in names.items() if count > 1] == []

    def test_the_accepted_steps_of_each_run_are_one_chain(self, audit: Audit) -> None:
        assert audit.wrong_chains == []

    def test_each_task_has_one_terminal_event_and_one_end_of_its_run(self, audit: Audit) -> None:
        assert audit.wrong_ends == []


class TestLimits:
    def test_attempts_stay_within_theirs(self, audit: Audit) -> None:
        assert audit.wrong_attempts == []

    def test_the_lock_of_the_job_is_free_or_names_a_slot_of_it(self, storm: Storm) -> None:
        hot = rows(storm.cloud).hot(storm.job)
        held = rows(storm.cloud)._get("work", hot["pk"], hot["active"]) if "active" in hot else {}

        assert "active" not in hot or held["token"] >= hot["active_token"]

    def test_the_job_goes_on(self, storm: Storm) -> None:
        def has_fired() -> bool:
            later = [row for row in own_rows(storm) if row["sk"] > key(storm.until)]
            return "succeeded" in [row["state"] for row in later]

        eventually(has_fired, seconds=60, pause=1)


def own_rows(storm: Storm) -> list[Item]:
    """Return all rows of the job's slots."""
    return [row for row in rows(storm.cloud).scan("work") if row["pk"] == f"main#{storm.job.id}"]


def slots_of(storm: Storm, audit: Audit) -> list[Item]:
    """Return the rows of the job's slots."""
    return [task for task in audit.tasks if task["pk"] == f"main#{storm.job.id}"]


def rescued(audit: Audit) -> list[Item]:
    """Return the tasks that a worker took with it, and another one went on with."""
    return [task for task in audit.tasks if task["attempt"] and "history" not in task]


def figures(storm: Storm, audit: Audit) -> str:
    """Return what a reader wants to know of the storm."""
    functions = Counter(each.process.function for each in storm.kills)
    waited = sorted(took for task in rescued(audit) for took in since_its_kill(storm, task)) or [0]
    shown = {
        "kills": len(storm.kills),
        "of processes at work": sum(each.process.is_busy for each in storm.kills),
        "of starting ones": sum(not each.process.is_warm for each in storm.kills),
        "by function": dict(functions.most_common()),
        "seconds under load": round(storm.load_seconds),
        "tasks accepted": len(storm.accepted),
        "tasks and slots": dict(Counter(str(task["state"]) for task in audit.tasks)),
        "outcomes of slots": dict(Counter(slot["outcome"] for slot in slots_of(storm, audit))),
        "attempts that died": sum(int(task["attempt"]) for task in audit.tasks),
        "tasks rescued": len(rescued(audit)),
        "ends concluded by the next delivery": storm.redelivered,
        "sweeps": {name: count for name, count in storm.swept.items() if count},
        "seconds from kill to end, p50 and max": (statistics.median(waited), waited[-1]),
        "seconds from load to the last end": round(storm.drain_seconds),
    }
    return "\n".join(f"{name}: {value}" for name, value in shown.items())


def since_its_kill(storm: Storm, task: Item) -> list[float]:
    """Return the seconds from the first kill that may have hit a task to its end."""
    begun, taken_again = int(task["started_at"]), int(task["claimed_at"])
    kills = [each.at.timestamp() * 1000 for each in storm.kills if of_lane(each, task)]
    hits = [at for at in kills if begun <= at <= taken_again]
    return [(int(task["finished_at"]) - hits[0]) / 1000] if hits else []


def of_lane(struck: Kill, task: Item) -> bool:
    return struck.process.function == f"worker_{task['lane']}"
