"""Tasks of tests: rows without a table, and a kind that does what a test says."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.background.kinds import Conclusion, Continuation, Ending, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.looking import Pace
from chalicelib.background.service import TaskDraft
from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task, TaskRef
from tests.support.world import MINUTE, NOON, Services, World

SECOND = timedelta(seconds=1)
OPERATOR = "token:test"
KIND = "errand"
PACE = Pace(lease=60 * SECOND, horizon=150 * SECOND, grace=120 * SECOND, child_timeout=600 * SECOND)
DONE = Ending(end=End(State.SUCCEEDED, Outcome.FIRED, ""))

type Act = Callable[[Task, Lease], Ending | Continuation | Waiting]


def a_task(**fields: Any) -> Task:
    """Return a queued task of no table, changed as a test wants it."""
    made: dict[str, Any] = {
        "ref": TaskRef("main#tasks", "01M81J18G068RKEJVNQ9RFVHWP"),
        "kind": KIND,
        "state": State.QUEUED,
        "outcome": Outcome.HANDED,
        "lane": "normal",
        "shard": 0,
        "last_attempt": 2,
        "last": "01M81J18G068RKEJVNQ9RFVHWP",
        "wake_at": NOON,
    }
    return Task(**made | fields)


def finish(_task: Task, _lease: Lease) -> Ending:
    """Succeed."""
    return DONE


def break_down(_task: Task, _lease: Lease) -> Ending:
    """Fail an attempt."""
    raise ValueError("it broke")


@dataclass
class Errands:
    """A kind of task that does what a test says: one act each time, the last one for ever."""

    conclusion: Conclusion
    acts: list[Act]
    performed: list[Task] = field(default_factory=list)

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        self.performed.append(task)
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return act(task, lease)

    def check(self, payload: Mapping[str, Any]) -> None:
        """Take any payload."""


def errands(services: Services, *acts: Act) -> Errands:
    """Let workers and operators of these services know the kind."""
    kind = Errands(services.worker.aftermath.otherwise, list(acts or [finish]))
    services.worker.kinds = {**services.worker.kinds, KIND: kind}
    services.tasks.kinds = {**services.tasks.kinds, KIND: kind}
    return kind


def errand(world: World, **fields: Any) -> Task:
    """Make a task of the kind."""
    return world.services.tasks.create("main", OPERATOR, TaskDraft(kind=KIND, **fields)).task


def claimed(world: World, ref: TaskRef, name: str = "a") -> Task:
    """Take a task as a worker does."""
    return world.services.worker.work.claim(ref, name, world.clock.now())


def abandoned(world: World, ref: TaskRef) -> Task:
    """Take a task, and let its lease end."""
    task = claimed(world, ref)
    world.clock.move(MINUTE + SECOND)
    return task


class HandHeart:
    """A heart that beats when a test says so."""

    def __init__(self) -> None:
        self.every = timedelta()
        self.beat: Callable[[], bool] = bool

    @contextmanager
    def beating(self, every: timedelta, beat: Callable[[], bool]) -> Iterator[None]:
        self.every, self.beat = every, beat
        try:
            yield
        finally:
            self.beat = bool
