"""Hung work is healed, and living work is never touched: a thousand simulated cases of each.

A worker takes a task and works on it in steps with deadlines, while sweeps come once a minute from
a machine whose clock is up to five seconds off, and messages are delivered twice. Who hangs keeps
its lease until the step's deadline, and no longer; who was killed keeps it until it ends.
"""

import logging
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.background.lease import Lease
from chalicelib.background.queue import decode
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import State, Task
from chalicelib.functions.wiring import healing
from chalicelib.incidents.incident import RuntimeIncidentRecord
from tests.simulation.containers import Function
from tests.simulation.faults import Crash, Schedule
from tests.simulation.simulate import Simulator
from tests.simulation.world import World
from tests.support.tasks import DONE, KIND, Errands, finish

CASES = 1_000
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEASE = 60 * SECOND
MOST_SKEW = 5
# Two sweeps may be a minute apart, and what they send is taken at once here.
HEALED_WITHIN = LEASE + 2 * MINUTE + 2 * MOST_SKEW * SECOND


@dataclass
class Case:
    """One task, who works on it, and who looks after it."""

    world: World
    seed: int
    attempts: int = 3
    chance: random.Random = field(init=False)
    next_sweep: datetime = field(init=False)
    last_beat: datetime = field(init=False)
    healed_at: datetime | None = None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.world.begin(Schedule("hung", self.seed))
        self.world.most_calls = 1_000_000
        functions = self.world.functions
        self.first, self.second = functions.workers["normal"]
        self.sweeper: Function = functions.sweep
        for function in (self.first, self.second, self.sweeper):
            function.clock.skew = self.chance.randint(-MOST_SKEW, MOST_SKEW) * SECOND
        self.next_sweep = self.world.now + self.chance.randint(0, 59) * SECOND
        self.last_beat = self.world.now
        self.healer = healing.healer(self.sweeper.container)
        self.sweep = healing.sweep(self.sweeper.container)
        self._known(self.second, Errands(self.second.worker.aftermath.otherwise, [finish]))
        self.task = self._made().ref

    def _made(self) -> Task:
        tasks = self.world.functions.api.tasks
        conclusion = self.first.worker.aftermath.otherwise
        tasks.kinds = {**tasks.kinds, KIND: Errands(conclusion, [finish])}
        draft = TaskDraft(kind=KIND, max_attempts=self.attempts)
        return tasks.create("main", "token:test", draft).task

    def _known(self, function: Function, kind: Any) -> None:
        function.worker.kinds = {**function.worker.kinds, KIND: kind}

    def begin(self, act: Any) -> None:
        """Let the first worker take the task's message, and work as `act` says."""
        self._known(self.first, Errands(self.first.worker.aftermath.otherwise, [act]))
        (message,) = self.world.queues.visible()
        again = self.world.queues.duplicate(message) if self.chance.random() < 1 / 2 else None
        self.world.queues.delete(message)
        ref, clock = decode(message.body), self.first.clock
        self.first.worker.handle(ref, clock.now() + timedelta(hours=1))
        if again:
            self.world.queues.delete(again)

    def pass_time(self, until: datetime, lease: Lease | None) -> None:
        """Let time pass, in which a living process beats, sweeps come, and messages are taken."""
        every, beat, beating = self._heart()
        next_beat = self.world.now + every
        while self.world.now < until:
            self.world.pass_time(min(next_beat, self.next_sweep, until) - self.world.now)
            if self.world.now >= next_beat:
                # A thread comes late where its process has much to do.
                self.world.pass_time(self.chance.randint(0, 2) * SECOND)
                beating = beating and lease is not None and beat()
                self.last_beat = self.world.now if beating else self.last_beat
                next_beat = self.world.now + every
            if self.world.now >= self.next_sweep:
                self._sweep()

    def _heart(self) -> Any:
        beats = self.first.heart.beats
        return (*beats[-1], True) if beats else (LEASE, bool, False)

    def _sweep(self) -> None:
        self.next_sweep += MINUTE
        for _ in range(self.chance.choice((1, 1, 2))):
            self.sweep.run(self.sweeper.clock.now() + MINUTE)
        for message in self.world.queues.visible():
            self.world.queues.delete(message)
            self.second.take(message.body, self.second.clock.now() + 4 * MINUTE)
        self.healer.run(self.sweeper.clock.now() + MINUTE)
        if self.healed_at is None and self.row().state.is_terminal:
            self.healed_at = self.world.now

    def row(self) -> Task:
        """Return the task as it is."""
        task = self.second.worker.work.get(self.task)
        assert task is not None
        return task

    def incidents(self) -> list[RuntimeIncidentRecord]:
        """Return all that was told."""
        return list(self.healer.incidents.listed("main", None, 50).items)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world for thousands of cases; what they log is not kept."""
    logging.disable(logging.CRITICAL)
    made = Simulator()
    with made.installed():
        yield made.world
    logging.disable(logging.NOTSET)


def working(case: Case, steps: list[tuple[timedelta, timedelta]]) -> Any:
    """Return work of steps, each with its deadline and the time that it takes."""

    def act(_task: Task, lease: Lease) -> Any:
        for deadline, lasts in steps:
            with lease.step(deadline):
                case.pass_time(case.world.now + lasts, lease)
            assert not lease.is_asked_to_stop()
        return DONE

    return act


def test_work_that_is_slow_but_alive_is_never_touched(world: World) -> None:
    for seed in range(CASES):
        case = Case(world, seed)
        steps = []
        for _ in range(case.chance.randint(1, 3)):
            deadline = case.chance.randint(61, 280) * SECOND
            # What beats in the deadline's last half lease is safe for half a lease more.
            lasts = deadline * case.chance.uniform(0.3, 1.0)
            steps.append((deadline, lasts))
        case.begin(working(case, steps))
        assert (case.row().state, case.row().token) == (State.SUCCEEDED, 1), seed
        assert case.incidents() == [], seed


def frozen(case: Case, deadline: timedelta, *, wakes: bool) -> Any:
    """Return work that hangs in a step, whose process lives, and may wake long after."""

    def act(_task: Task, lease: Lease) -> Any:
        with lease.step(deadline):
            case.pass_time(case.world.now + deadline + 10 * MINUTE, lease)
        if not wakes:
            raise Crash
        return DONE

    return act


def killed(case: Case, after: timedelta) -> Any:
    """Return work whose process ends in the middle of a step, without a word."""

    def act(_task: Task, lease: Lease) -> Any:
        with lease.step(timedelta(hours=1)):
            case.pass_time(case.world.now + after, lease)
            raise Crash

    return act


def judge(case: Case, died_at: datetime) -> None:
    """Check that a task was healed in time, told once, and not ended by who was dead."""
    row, expected = case.row(), State.FAILED if case.attempts == 1 else State.SUCCEEDED
    assert row.state is expected, case.seed
    assert row.token >= 2, case.seed
    assert case.healed_at is not None, case.seed
    assert case.healed_at - max(died_at, case.last_beat) <= HEALED_WITHIN, case.seed
    (incident,) = case.incidents()
    assert (incident.kind, incident.state) == ("dead-work", "resolved"), case.seed
    assert incident.reopened == 0, case.seed


def test_work_that_hangs_past_its_deadline_with_its_lease_kept_is_healed(world: World) -> None:
    for seed in range(CASES):
        case = Case(world, seed, attempts=1 if seed % 4 == 0 else 3)
        deadline = case.chance.randint(20, 240) * SECOND
        begun = world.now
        with suppress(Crash):
            case.begin(frozen(case, deadline, wakes=seed % 2 == 0))
        judge(case, begun + deadline)


def test_work_whose_process_was_killed_is_healed(world: World) -> None:
    for seed in range(CASES):
        case = Case(world, seed, attempts=1 if seed % 4 == 0 else 3)
        after = case.chance.randint(0, 300) * SECOND
        with suppress(Crash):
            case.begin(killed(case, after))
        died_at = world.now
        case.first.heart.beats.clear()
        case.pass_time(world.now + 10 * MINUTE, None)
        judge(case, died_at)
