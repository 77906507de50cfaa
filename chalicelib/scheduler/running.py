"""Run now: one firing beside the schedule, in a slot of its own, in lane high.

Its slot is the first whole second to come that is none of the schedule's and has no row, so that
it is judged, locked and accounted for as any other.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.store import IdempotencyStore
from chalicelib.background.courier import Courier
from chalicelib.background.gate.store import GateStore
from chalicelib.background.shards import shard_of
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import Lane, Origin, Task, TaskRef, slot_key
from chalicelib.clock import Clock
from chalicelib.errors import Conflict, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.scheduler import events
from chalicelib.scheduler.job import KIND, Hot, JobState, MadeFiring, readable
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import Cancelled, owned

_TRIES = 8
_SECOND = timedelta(seconds=1)
_FIXES = {
    JobState.PAUSED: ("the job is paused", "resume it first"),
    JobState.COMPLETED: ("the job is completed", "resume it to begin anew"),
    JobState.DELETED: ("the job was deleted", "make a new job"),
}


@dataclass(kw_only=True, eq=False, repr=False)
class Trigger:
    """Makes firings that operators ask for."""

    jobs: JobStore
    work: WorkStore
    journal: JournalStore
    courier: Courier
    requests: IdempotencyStore
    gates: GateStore
    clock: Clock
    ids: Ids
    shards: int

    def fire(self, owner: str, actor: str, job_id: str, key: RequestKey | None) -> MadeFiring:
        """Make a firing of a job's next free second, and send it.

        Raises:
            NotFound: the owner has no such job.
            Conflict: it is paused, completed or deleted, or the gate is closed.
            Invalid: the key was used for another body.
            Unavailable: AWS did not answer, or each second was taken.
        """
        op, behind = self.ids.ulid(self.clock.now()), self.clock.now()
        for _ in range(_TRIES):
            now = self.clock.now()
            if key and (made := self.requests.made(key, now)):
                return MadeFiring(self._task(TaskRef.of(owner, made)), is_new=False)
            hot = enabled(self.jobs, owner, job_id)
            require_open(self.gates, owner)
            slot = free_second(hot, max(behind, now, hot.since))
            new = self._row(TaskRef(owned(owner, job_id), slot_key(slot)), hot, actor, now)
            if self._make(new, events.run(new, op), key):
                return MadeFiring(self._sent(new.ref), is_new=True)
            behind = slot
        raise Unavailable("the seconds to come are all taken", fix="try again")

    def _row(self, ref: TaskRef, hot: Hot, actor: str, now: datetime) -> NewTask:
        new = beside(ref, hot, now, lane=Lane.HIGH, shards=self.shards, lease=self.work.lease)
        return replace(new, requested_by=actor, origin=Origin.RUN_NOW)

    def _make(self, new: NewTask, event: Event, key: RequestKey | None) -> bool:
        """Put a row; False where its second was taken, or the key used meanwhile."""
        writes = [self.work.put_write(new)]
        if key is not None:
            writes.append(self.requests.write(key, new.ref.id, new.created_at))
        try:
            self.journal.append_with(event, writes)
        except Cancelled:
            # After a lost reply the repeat is refused by its own effect.
            return self.journal.holds(event, since=event.at)
        return True

    def _sent(self, ref: TaskRef) -> Task:
        task = self._task(ref)
        self.courier.try_to_send(task)
        return task

    def _task(self, ref: TaskRef) -> Task:
        task = self.work.get(ref)
        if task is None:
            raise NotFound(f"there is no task {ref.id!r:.160}")
        return task


def enabled(jobs: JobStore, owner: str, job_id: str) -> Hot:
    """Return the hot row of a job whose slots fire.

    Raises:
        NotFound: the owner has no such job.
        Conflict: it is paused, completed or deleted.
    """
    hot = jobs.hot(owned(owner, job_id))
    if hot is None:
        raise NotFound(f"there is no job {job_id!r:.120}")
    if hot.state is not JobState.ENABLED:
        detail, fix = _FIXES[hot.state]
        raise Conflict(detail, fix=fix)
    return hot


def require_open(gates: GateStore, owner: str) -> None:
    """Refuse to make work while the gate is closed.

    Raises:
        Conflict: it is.
    """
    period = gates.read().closed(owner)
    if period is not None:
        raise Conflict("everything is paused", fix="resume it first: `palyra resume --all`")


def beside(
    ref: TaskRef, hot: Hot, now: datetime, *, lane: Lane, shards: int, lease: timedelta
) -> NewTask:
    """Return a firing beside the schedule, in a second of its own."""
    return NewTask(
        ref=ref,
        kind=KIND,
        lane=lane,
        shard=shard_of(ref.pk, shards),
        last_attempt=hot.max_attempts - 1,
        ver=hot.ver,
        last=ref.sk,
        wake_at=ref.slot + lease,
        created_at=now,
    )


def free_second(hot: Hot, after: datetime) -> datetime:
    """Return the first whole second later than an instant that is none of the schedule's."""
    schedule = readable(hot.schedule)
    slot = after.replace(microsecond=0) + _SECOND
    while schedule is not None and slot in schedule:
        slot += _SECOND
    return slot
