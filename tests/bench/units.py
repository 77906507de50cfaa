"""What work costs, by DynamoDB's billing rules on the real items, and how large those may get."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.background.kinds import Conclusion, Ending
from chalicelib.background.lease import Lease
from chalicelib.background.shards import shard_of
from chalicelib.background.store import End, NewTask
from chalicelib.background.task import (
    Attempt,
    Outcome,
    State,
    Task,
    TaskRef,
    derived_key,
    slot_key,
)
from chalicelib.scheduler.job import KIND
from chalicelib.scheduler.judgement import Held
from chalicelib.settings import Settings, resource
from chalicelib.tables import owned
from tests.bench.figure import Figure
from tests.bench.simulated import NOON, Rooms, rooms
from tests.simulation.units import Units

TASK_GOAL, EVENT_GOAL = 5, 6
FIRST_EVENT_GOAL, LATER_EVENT_GOAL = 4, 1
FIRING_GOAL = 5
RUN_GOAL, STEP_GOAL = 14, 2
IDLE_GOAL = 1
LARGEST_ROW_BYTES = 1023
_STEPS = 3
_PAYLOAD_BYTES = 300
_FEW_JOBS, _MANY_JOBS, _MOST_JOBS = 10, 1_000, 100_000
_OPEN, _DUE = 10_000, 10
_LONGEST_OWNER = "o" * 32
_LONGEST_SCHEDULE = {
    "cron": ",".join(["0", *map(str, range(10, 49))]) + " * * * *",
    "timezone": "America/Argentina/ComodRivadavia",
}
_LARGE = 10**9
_STOP = timedelta(minutes=4)


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield what events, tasks, slots, ticks and sweeps cost, and the largest rows."""
    yield from _event()
    yield from _task()
    yield from _slot()
    yield from _idle_tick((_FEW_JOBS, _MANY_JOBS) if quick else (_FEW_JOBS, _MANY_JOBS, _MOST_JOBS))
    yield from _sweep()
    yield from _rows()


class _Nothing:
    """A kind of task that ends at once."""

    def __init__(self, conclusion: Conclusion) -> None:
        self.conclusion = conclusion

    def perform(self, _task: Task, _lease: Lease) -> Ending:
        return Ending(end=End(State.SUCCEEDED, Outcome.FIRED, ""))


def _event() -> Iterator[Figure]:
    """The first event of a stream, which enters the register with it, and any other."""
    with rooms() as made:
        with made.counted() as first:
            made.append("first", "subject")
        with made.counted() as later:
            made.append("later", "subject")
    yield _figure("units.first_event_of_a_stream", first, FIRST_EVENT_GOAL)
    yield _figure("units.event", later, LATER_EVENT_GOAL)


def _task() -> Iterator[Figure]:
    """A task that a machine makes: enqueue, claim and finish."""
    with rooms() as made:
        made.begin_streams()
        made.worker.kinds = {"nothing": _Nothing(made.worker.aftermath.otherwise)}
        with made.counted() as units:
            task = made.worker.work.put(_new(made, "one"))
            made.worker.handle(task.ref, NOON + _STOP)
    yield _figure("units.task_with_event", units, EVENT_GOAL)
    del units.base[resource("journal")]
    yield _figure("units.task", units, TASK_GOAL)


def _slot() -> Iterator[Figure]:
    """A slot, to its message and to its last write."""
    with rooms() as made:
        made.begin_streams()
        job = made.job("5m")
        made.at(3)
        with made.counted() as firing:
            made.tick.run()
        now = made.at(5)
        with made.counted() as running:
            made.worker.handle(TaskRef(owned("main", job.id), slot_key(now)), now + _STOP)
    del firing.base[resource("system")]  # The tick's own row: one for all jobs.
    yield _figure("units.firing", firing, FIRING_GOAL)
    yield _figure("units.tick_to_done", _sum(firing, running), RUN_GOAL + STEP_GOAL * _STEPS)


def _idle_tick(sizes: Sequence[int]) -> Iterator[Figure]:
    """A tick with nothing to do costs the same, however many jobs there are."""
    read = {number: idle_tick(number) for number in sizes}
    costs = [sum(units.reads.values()) for units in read.values()]
    details = {"jobs": list(sizes), "read_units": costs}
    yield Figure(
        name="units.idle_tick",
        value=max(costs) / Settings().shards,
        unit="read units a shard",
        goal=IDLE_GOAL,
        details=details | {"shards": Settings().shards} | _details(read[sizes[-1]]),
    )
    yield Figure(
        name="units.idle_tick_growth",
        value=max(costs) - min(costs),
        unit="read units more with the most jobs",
        goal=0,
        details=details,
    )


def idle_tick(jobs: int) -> Units:
    """Return what a tick costs in a new container with so many jobs, none of them due."""
    with rooms() as made:
        made.many_jobs(jobs)
        with made.counted() as units:
            counts = made.tick.run()
    if any(counts.values()):
        raise RuntimeError(f"the tick was to find nothing: {counts}")
    return units


def _sweep() -> Iterator[Figure]:
    """A sweep costs what is due, whatever else is open."""
    alone, among_many = _swept(_DUE), _swept(_OPEN)
    details = {"open": _OPEN, "due": _DUE}
    yield Figure(
        name="units.sweep",
        value=_all(among_many),
        unit="read and write units",
        goal=_all(alone),
        details=details | _details(among_many),
    )
    yield Figure(
        name="calls.sweep",
        value=among_many.calls.total(),
        unit="calls",
        goal=alone.calls.total(),
        details=details,
    )


def _swept(number: int) -> Units:
    with rooms() as made:
        for index in range(number):
            later = NOON + timedelta(days=1) if index >= _DUE else NOON
            made.worker.work.put(_new(made, str(index), wake_at=later))
        made.at(1)
        with made.counted() as units:
            done = made.swept()
    if done["send"] != _DUE:
        raise RuntimeError(f"the sweep was to find {_DUE} tasks: {done}")
    return units


def _rows() -> Iterator[Figure]:
    """The rows that every slot writes, each a unit a write as long as it is under a KB."""
    slot = NOON + timedelta(days=366)
    with rooms() as made:
        job = made.job(_LONGEST_SCHEDULE, owner=_LONGEST_OWNER)
        made.cloud.instant = slot
        ref = TaskRef(owned(_LONGEST_OWNER, job.id), slot_key(slot))
        made.worker.work.put(_slot_row(ref, slot))
        _grow(made, "jobs", ref.pk, "hot", ver=_LARGE, max_attempts=16)
        _grow(made, "work", ref.pk, ref.sk, ver=_LARGE, token=_LARGE, last_attempt=15)
        task = _run(made, ref)
        made.jobs.jobs.lock(task, _LARGE)
        waiter = replace(task, ref=TaskRef(ref.pk, slot_key(slot + timedelta(minutes=1))))
        made.jobs.jobs.wait(waiter, Held(ref.sk, task.token, "", _LARGE))
        yield _largest("row.hot", made.size("jobs", ref.pk, "hot"))
        fired = made.size("work", *ref)
        for _ in range(15):
            task = _failed(made, task)
        end = End(State.UNKNOWN, Outcome.FIRED, "r" * 200)
        made.worker.work.end(task, end, slot)
    yield _largest("row.slot", fired, after_16_attempts=made.size("work", *ref))


def _run(made: Rooms, ref: TaskRef) -> Task:
    now = made.cloud.now()
    task = made.worker.work.claim(ref, "c" * 24, now)
    return made.worker.work.checkpoint(task, _LARGE, "h" * 64, now)


def _failed(made: Rooms, task: Task) -> Task:
    now = made.cloud.now()
    attempt = Attempt(task.attempt + 1, now, now, State.FAILED, "r" * 200)
    return _run(made, made.worker.work.rearm(task, attempt, now, now).ref)


def _grow(made: Rooms, table: str, pk: str, sk: str, **values: int) -> None:
    """Let an item have been written very often."""
    made.cloud.dynamo.call(
        "UpdateItem",
        {
            "TableName": resource(table),
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
            "ExpressionAttributeNames": {f"#{name}": name for name in values},
            "ExpressionAttributeValues": {f":{name}": {"N": str(n)} for name, n in values.items()},
        },
    )


def _new(made: Rooms, name: str, wake_at: datetime = NOON) -> NewTask:
    sk = derived_key(name)
    shard = shard_of(f"main#tasks/{sk}", made.settings.shards)
    return NewTask(
        ref=TaskRef("main#tasks", sk),
        kind="nothing",
        lane="normal",
        shard=shard,
        last_attempt=2,
        last=sk,
        wake_at=wake_at,
        not_before=None if wake_at == NOON else wake_at,
        created_at=NOON,
        payload="p" * _PAYLOAD_BYTES,
    )


def _slot_row(ref: TaskRef, slot: datetime) -> NewTask:
    return NewTask(
        ref=ref,
        kind=KIND,
        lane="normal",
        shard=63,
        last_attempt=15,
        ver=1,
        last=ref.sk,
        wake_at=slot,
        created_at=slot,
    )


def _figure(name: str, units: Units, goal: int) -> Figure:
    return Figure(
        name=name,
        value=units.writes.total(),
        unit="write units",
        goal=goal,
        details=_details(units),
    )


def _largest(name: str, size: int, **details: int) -> Figure:
    return Figure(name=name, value=size, unit="bytes", goal=LARGEST_ROW_BYTES, details=details)


def _details(units: Units) -> dict[str, object]:
    return {
        "by_table": {_short(name): number for name, number in units.writes.items()},
        "reads": {_short(name): number for name, number in units.reads.items()},
        "calls": {_short(name): number for name, number in units.calls.items()},
    }


def _short(name: str) -> str:
    return name.replace(resource(""), "")


def _all(units: Units) -> float:
    return units.writes.total() + sum(units.reads.values())


def _sum(*parts: Units) -> Units:
    """Return what all parts cost together."""
    total = Units()
    for part in parts:
        total.base.update(part.base)
        total.index.update(part.index)
        total.calls.update(part.calls)
        for name, units in part.reads.items():
            total.reads[name] = total.reads.get(name, 0) + units
    return total
