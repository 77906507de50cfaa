"""A world for one test: the real rooms on moto, and a clock that only tests move."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from chalicelib import aws
from chalicelib.background.kinds import Continuation, Ending, Waiting
from chalicelib.background.queue import LaneQueue
from chalicelib.background.service import TaskService
from chalicelib.background.sweep import Sweep
from chalicelib.background.task import Lane, Task, TaskRef, slot_key
from chalicelib.background.worker import Worker
from chalicelib.functions.wiring import api, sweeping, ticks, workers
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.store import JournalRow, JournalStore
from chalicelib.runs.transcripts import Transcripts
from chalicelib.scheduler.job import CronConcurrencyPolicy, Job
from chalicelib.scheduler.service import Draft, JobService
from chalicelib.scheduler.tick import Tick
from chalicelib.schedules import normalize_schedule
from chalicelib.settings import Settings
from chalicelib.tables import owned
from tests.support import stack
from tests.support.functions import invoking_here

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False
    instant: datetime = NOON

    def now(self) -> datetime:
        return self.instant

    def move(self, by: timedelta) -> None:
        self.instant += by


@dataclass
class Services:
    """The use cases that triggers call."""

    tick: Tick
    sweep: Sweep
    worker: Worker
    jobs: JobService
    tasks: TaskService
    transcripts: Transcripts
    clock: TestClock

    def handle(self, ref: TaskRef) -> None:
        """Let a worker take a message, with most of Lambda's five minutes left."""
        self.worker.handle(ref, self.clock.now() + timedelta(seconds=280))

    def perform(self, task: Task) -> Ending | Continuation | Waiting:
        """Do the work of a claimed task, without what a worker does before and after it."""
        lease = self.worker._lease(task, self.clock.now() + timedelta(seconds=280))
        return self.worker.kinds[task.kind].perform(task, lease)

    def swept(self) -> dict[str, int]:
        """Let the sweep run."""
        return self.sweep.run(self.clock.now() + timedelta(seconds=45))


@dataclass
class World:
    """Everything a test of the protocol needs, under the names of the protocol."""

    clock: TestClock = field(default_factory=TestClock)
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self.services = self.container()

    def container(self, **settings: Any) -> Services:
        """Return services as a fresh container makes them, nothing cached."""
        fresh = Container(
            settings=replace(self.settings, **settings),
            clock=self.clock,
            random_bytes=os.urandom,
        )
        return Services(
            tick=ticks.tick(fresh),
            sweep=sweeping.sweep(fresh),
            worker=workers.worker(fresh, Lane.NORMAL),
            jobs=api.jobs(fresh),
            tasks=api.tasks(fresh),
            transcripts=api.transcripts(fresh),
            clock=self.clock,
        )

    def job(self, every: str = "60s", owner: str = "main", **fields: Any) -> Job:
        """Make a job; its slots within the horizon are handed over."""
        draft = Draft(
            name=fields.get("name", "health"),
            schedule=normalize_schedule({"every": every}, now=self.clock.now()),
            prompt=fields.get("prompt", "Summarize health"),
            tools=fields.get("tools", ["system.health"]),
            concurrency=fields.get("concurrency", CronConcurrencyPolicy.FORBID),
        )
        return self.services.jobs.create(owner, "token:test", draft).job

    def ref(self, job: Job, minutes: float = 1, owner: str = "main") -> TaskRef:
        """Return the row of a job's slot, so many minutes after noon."""
        return TaskRef(owned(owner, job.id), slot_key(NOON + minutes * MINUTE))

    def at(self, minutes: float) -> datetime:
        """Move the clock to so many minutes after noon."""
        self.clock.instant = NOON + minutes * MINUTE
        return self.clock.instant

    def task(self, ref: TaskRef) -> Task:
        """Return a row that must exist."""
        task = self.services.worker.work.get(ref)
        assert task is not None
        return task

    def ledger(self, job: Job) -> dict[str, str]:
        """Return the outcome of each of a job's rows by its slot."""
        page = self.services.jobs.firings("main", job.id, None, 200)
        return {f"{task.ref.slot:%H:%M:%S}": str(task.outcome) for task in reversed(page.items)}

    def events(self, kind: str) -> list[JournalRow]:
        """Return the journal's events of a kind."""
        return [row for row in JournalRow.scan() if row.kind == kind]

    def personal(self, kind: str) -> list[Any]:
        """Return what a reader sees that is personal in the journal's events of a kind."""
        fresh = Container(settings=self.settings, clock=self.clock, random_bytes=os.urandom)
        store = JournalStore()
        rows = [store.entry(row.pk, int(row.sk)) for row in self.events(kind)]
        return api.personal(fresh).opened([entry for entry in rows if entry])

    def messages(self) -> int:
        """Return how many messages were sent and not taken."""
        lanes = self.services.worker.courier.lanes.values()
        return sum(sum(queue.depths().values()) for queue in lanes)


@contextmanager
def a_world(settings: Settings | None = None) -> Iterator[World]:
    """Make the stack of the template on moto, and a world on it."""
    with mock_aws(), patch.object(aws, "client", _shared_client), invoking_here():
        stack.make()
        world = World(settings=settings or Settings())
        with patch.object(LaneQueue, "date", _dated(world)):
            yield world


def _dated(world: World) -> Callable[[LaneQueue], str]:
    """Let AWS have the world's clock; it is asked all the same."""
    asked = LaneQueue.date

    def date(queue: LaneQueue) -> str:
        asked(queue)
        return format_datetime(world.clock.now(), usegmt=True)

    return date


# The rooms make their own otherwise, one for each container.
_shared_client = cache(aws.client)
