"""Operators edit, pause, resume and delete jobs at once while their slots come due.

What is true of the ledger follows from the journal alone: it says from when to when which schedule
was in force. What is chosen at random comes from a seed that a failure shows; EDIT_SEED repeats the
choices.
"""

import json
import os
import random
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import httpx
import pytest

from chalicelib.schedules import Schedule, read_schedule
from tests.deployed.cloud import eventually
from tests.deployed.driver import Item, Job, instant, rows
from tests.deployed.moving import MINUTE, MovedCloud

BEGAN = datetime(2028, 1, 1, tzinfo=UTC)
JOBS, OPERATORS, MOST_SECONDS = 6, 2, 120
LEAST_FIRED = 3
# From the instant that a change is made for to its write, at most; a slot may start in between.
WRITTEN_WITHIN = timedelta(seconds=3)
CHANGES = {"reschedule": 3, "reword": 4, "pause": 3, "resume": 5, "delete": 1}
INTERVALS = ("10s", "13s", "17s")
_AGAIN_SECONDS, RESTS_SECONDS = 2, (0.3, 1.5)
VERBS = {"created", "edited", "paused", "resumed", "deleted"}


class Term(NamedTuple):
    """A time in which a job fires by one schedule: later than `since`, until it was changed."""

    schedule: Schedule
    since: datetime
    until: datetime

    def slots(self) -> Iterator[datetime]:
        """Yield the slots that were in force at their instant."""
        slot = self.schedule.next_after(self.since)
        while slot is not None and slot <= self.until:
            yield slot
            slot = self.schedule.next_after(slot)


@dataclass
class Storm:
    """What operators did to some jobs, and what came of it."""

    cloud: MovedCloud
    seed: int
    jobs: list[Job]
    made: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._over = threading.Event()

    def rage(self) -> None:
        """Let operators, ticks and sweeps be at work at once; then end all jobs."""
        with ThreadPoolExecutor(OPERATORS + 2) as pool:
            work = [pool.submit(self._operate, number) for number in range(OPERATORS)]
            work += [
                pool.submit(self._repeat, each) for each in (self.cloud.tick, self.cloud.sweep)
            ]
            try:
                eventually(self._has_raged, seconds=MOST_SECONDS, pause=1, why=self._figures)
            finally:
                self._over.set()
            for each in work:
                each.result(60)
        self.cloud.delete(*self.jobs)
        # Behind all that was handed over ahead.
        self.cloud.move_to(self.cloud.now() + 5 * MINUTE)
        self.cloud.go_on(*self.jobs)

    def terms(self, job: Job) -> list[Term]:
        """Return the times in which a job fired, as the journal tells them."""
        return list(_terms(told(self.cloud, job)))

    def _has_raged(self) -> bool:
        """Return whether each change was made, and enough has fired between them."""
        with suppress(httpx.TransportError):  # It is too busy to answer.
            has_fired = len(self.outcomes("fired")) >= LEAST_FIRED
            return has_fired and self.made.keys() == CHANGES.keys()
        return False

    def _figures(self) -> str:
        return f"seed {self.seed}: {self.made}"

    def outcomes(self, *which: str) -> list[Item]:
        """Return the rows of all jobs that have one of these outcomes."""
        return [row for job in self.jobs for row in job.firings() if row["outcome"] in which]

    def _operate(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        while not self._over.is_set():
            (what,) = chance.choices(list(CHANGES), list(CHANGES.values()))
            with suppress(httpx.TransportError):  # Nobody knows whether it was done.
                answer = self._change(what, chance)
                assert answer.status_code in {200, 409}, answer.text
                self.made[what] += answer.status_code == 200
            self._over.wait(chance.uniform(*RESTS_SECONDS))

    def _change(self, what: str, chance: random.Random) -> httpx.Response:
        # Some are spared, so that something fires to the end.
        spared = {"delete": 4, "reschedule": 2, "pause": 1, "resume": 1}.get(what, 0)
        job = chance.choice(self.jobs[spared:])
        if what == "delete":
            return job.owner.delete(f"/v1/jobs/{job.id}")
        if what in {"pause", "resume"}:
            return job.owner.post(f"/v1/jobs/{job.id}/{what}", {})
        every: Item = {"schedule": {"every": chance.choice(INTERVALS)}}
        body = every if what == "reschedule" else {"name": f"renamed {chance.random()}"}
        return self.cloud.ask_to_change(job, body)

    def _repeat(self, function: Callable[[], object]) -> None:
        while not self._over.wait(_AGAIN_SECONDS):
            function()


def _terms(changes: list[Item]) -> Iterator[Term]:
    """Yield what was in force between each change and the next; a deletion is the last."""
    schedule, state, since = "", "enabled", BEGAN
    for change, following in pairwise(changes):
        schedule = change["details"].get("schedule", schedule)
        state = change["details"].get("state", state)
        since = instant(change["at"]) if begins(change) else since
        if state == "enabled":
            yield Term(read_schedule(schedule), since, instant(following["at"]))


def told(cloud: MovedCloud, job: Job) -> list[Item]:
    """Return what the journal tells of a job's changes, in their order."""
    found = [json.loads(row["content"]) for row in rows(cloud).scan("journal")]
    own = [each for each in found if each.get("subject") == job.id]
    kinds = {f"job.{verb}" for verb in VERBS}
    return sorted(
        (each for each in own if each["kind"] in kinds),
        key=lambda each: (instant(each["at"]), each["details"].get("ver", 0)),
    )


def begins(change: Item) -> bool:
    """Return whether slots count from a change on."""
    by_schedule = change["kind"] == "job.edited" and "schedule" in change["details"]
    return by_schedule or change["kind"] in {"job.created", "job.resumed", "job.deleted"}


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved


@pytest.fixture(scope="module")
def storm(cloud: MovedCloud) -> Storm:
    """A storm that is over."""
    seed = int(os.environ.get("EDIT_SEED") or secrets.randbelow(2**32))
    cloud.move_to(BEGAN)
    storm = Storm(cloud, seed, [cloud.job({"every": INTERVALS[0]}) for _ in range(JOBS)])
    storm.rage()
    return storm


@pytest.fixture(autouse=True)
def seed(storm: Storm) -> None:
    """Let each failure show the seed."""
    sys.stdout.write(f"EDIT_SEED={storm.seed}\n")


def covers(row: Item, slot: datetime) -> bool:
    return instant(row["slot"]) <= slot <= instant(row.get("last") or row["slot"])


def fires_in(term: Term, slot: datetime) -> bool:
    return term.since < slot and slot in term.schedule


def test_there_was_a_storm(storm: Storm) -> None:
    assert storm.made.keys() == CHANGES.keys()
    assert len(storm.outcomes("fired")) >= LEAST_FIRED
    assert storm.outcomes("superseded", "paused")


def test_every_slot_that_was_in_force_has_its_place_in_the_ledger(storm: Storm) -> None:
    for job in storm.jobs:
        ledger = job.firings()
        slots = {slot for term in storm.terms(job) for slot in term.slots()}
        missing = [slot for slot in slots if not any(covers(row, slot) for row in ledger)]
        assert missing == []


def test_nothing_is_open_and_nothing_is_doubled(cloud: MovedCloud, storm: Storm) -> None:
    for job in storm.jobs:
        ledger = job.firings()
        fired = [row["run_id"] for row in ledger if row["outcome"] == "fired"]
        ends = [event["details"]["run_id"] for event in rows(cloud).events(job, "run.finished")]
        assert "handed" not in {row["outcome"] for row in ledger}
        assert [run["id"] for run in rows(cloud).runs_of(job)] == fired
        assert sorted(ends) == fired


def test_only_slots_in_force_fire(storm: Storm) -> None:
    for job in storm.jobs:
        terms = storm.terms(job)
        fired = [instant(row["slot"]) for row in job.firings() if row["outcome"] == "fired"]
        assert [slot for slot in fired if not any(fires_in(term, slot) for term in terms)] == []


def test_no_slot_at_or_before_a_change_of_its_schedule_starts_after_it(storm: Storm) -> None:
    for job in storm.jobs:
        begun = [instant(change["at"]) for change in told(storm.cloud, job) if begins(change)]
        for run in job.runs():
            started, slot = instant(run["started_at"]), instant(run["slot"])
            assert [at for at in begun if slot <= at < started - WRITTEN_WITHIN] == []
