"""Checks of durable work: what the sweep should have looked at, and what nobody works on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.background.heartbeats.record import HeartbeatKey, WorkHeartbeatKind
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.clock import rfc3339
from chalicelib.healing.doctor.check import Look, Step, Verdict, found
from chalicelib.healing.doctor.jobs import each_job
from chalicelib.healing.doctor.rooms import Rooms

SWEEP, HEARTBEAT = "work.sweep", "work.heartbeat"
# The sweep comes every minute: two were missed, and the third is late.
LATE = timedelta(seconds=150)
# A sweep that comes when the lease ends has as long again for whoever is before it.
_RESCUED_WITHIN = timedelta(seconds=90)
_CONCLUDED_WITHIN = timedelta(minutes=2)
_SAMPLE = 100


def overdue(rooms: Rooms) -> Look:
    """Look for open tasks that the sweep should have looked at."""
    before = rooms.clock.now() - LATE
    late = [task for task in _open(rooms, before) if task.wake_at and task.wake_at <= before]
    bad = [
        f"{_name(rooms, task)} is {task.state}: nobody looked since {rooms.ago(task.wake_at)} ago"
        for task in late
        if task.wake_at
    ]
    return found(bad, "the sweep looks at open tasks in time", steps=_swept(late))


def leases(rooms: Rooms) -> Look:
    """Look for tasks whose worker is dead."""
    now = rooms.clock.now()
    dead = [
        task
        for task in _open(rooms, now)
        if task.state is State.RUNNING and task.lease_is_over(now - _RESCUED_WITHIN)
    ]
    bad = [f"{_name(rooms, task)}: its lease ended {_since(rooms, task)}" for task in dead]
    return found(bad, "no task is held by a worker that is dead", steps=_swept(dead))


def locks(rooms: Rooms) -> Look:
    """Look for locks of jobs whose holder has ended."""
    left, now = [], rooms.clock.now()
    for job_id, seen in each_job(rooms):
        if not seen.hot.active:
            continue
        holder = rooms.work.get(TaskRef(seen.pk, seen.hot.active))
        if holder is None:
            left.append(f"{job_id}: its lock is held by a task that does not exist")
        elif holder.finished_at and now - holder.finished_at > _CONCLUDED_WITHIN:
            left.append(f"{job_id}: its lock was left by {holder.ref.id}")
    return found(left, "no lock is left behind", verdict=Verdict.WARNING)


def heartbeats(rooms: Rooms) -> Look:
    """Look for work that was not heard of for two leases."""
    bad, steps = [], list[Step]()
    for key in _silent(rooms):
        task = rooms.work.get(TaskRef.of(key.owner, key.object_id))
        name = key.object_id if rooms.sees(key.owner) else "a task of another owner"
        if task is None or task.state.is_terminal:
            bad.append(f"{name} has ended, and its heartbeat was left")
            if rooms.sees(key.owner) and (before := heartbeat_of(rooms, key)):
                told = f"clear the heartbeat of {key.object_id}"
                steps.append(Step(HEARTBEAT, f"{key.owner}#{key.object_id}", told, before))
        elif task.state is State.RUNNING and task.lease_is_over(rooms.clock.now()):
            bad.append(f"{name} hangs: it was not heard of since its lease ended")
    return found(bad, "all that is at work was heard of", verdict=Verdict.WARNING, steps=steps)


def heartbeat_of(rooms: Rooms, key: HeartbeatKey) -> str:
    """Return a heartbeat as a text that stands for all of it; empty where there is none."""
    record = rooms.heartbeats.get(*key)
    if record is None:
        return ""
    return f"{record.token}|{rfc3339(record.updated_at)}|{record.summary}"


def _silent(rooms: Rooms) -> Iterator[HeartbeatKey]:
    before = rooms.clock.now() - 2 * rooms.settings.lease
    for shard in range(rooms.settings.shards):
        for key in rooms.heartbeats.stale(shard, before, _SAMPLE):
            if key.kind is WorkHeartbeatKind.BACKGROUND_TASK:
                yield key


def _open(rooms: Rooms, until: datetime) -> Iterator[Task]:
    """Yield the open tasks whose time to be looked at has come, up to 100 a lane and shard."""
    for lane in rooms.lanes:
        for shard in range(rooms.settings.shards):
            refs = islice(rooms.work.due(lane, shard, until), _SAMPLE)
            yield from rooms.work.get_all(refs).values()


def _swept(tasks: list[Task]) -> list[Step]:
    if not tasks:
        return []
    return [Step(SWEEP, "all lanes", "look at every open task that is due, as the sweep does")]


def _name(rooms: Rooms, task: Task) -> str:
    return task.ref.id if rooms.sees(task.ref.owner) else "a task of another owner"


def _since(rooms: Rooms, task: Task) -> str:
    return f"{rooms.ago(task.lease_until)} ago" if task.lease_until else "without a word"
