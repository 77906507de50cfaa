"""Judgement: why a job's lock was refused, and what the worker does about it.

The lock is taken and judged in one conditional write; this reads the hot row that refused it. A
row whose first step was accepted is never judged again: it may only find the lock held.
"""

from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.task import Outcome, Task
from chalicelib.scheduler.job import Hot, JobState
from chalicelib.scheduler.reasons import Reason
from chalicelib.schedules import read_schedule


class Close(NamedTuple):
    """The slot does not run.

    Attributes:
        holds_lock: the row held the lock from an earlier claim, and must let it go; or something
            else is to be concluded with it.
    """

    outcome: Outcome
    reason: Reason
    holds_lock: bool = False


class TryVersion(NamedTuple):
    """The job was changed and still has this slot: judge again by its new version."""

    ver: int


class Held(NamedTuple):
    """Another row holds the lock.

    Attributes:
        active: sort key of that row, and `active_token` the token under which it took the lock.
        pending: sort key of the row that waits for it, or empty.
        ver: the version of the job that has this slot.
        is_last_run: what has the lock makes the last run that the job may make.
    """

    active: str
    active_token: int
    pending: str
    ver: int
    is_last_run: bool = False


class Stop(StrEnum):
    """Nothing may be written any more."""

    ZOMBIE = "a later claim of the same row holds the lock"


Judgement = Close | TryVersion | Held | Stop
_ENDED = (Outcome.SKIPPED, Reason.MAX_RUNS)
_FAILING = (Outcome.PAUSED, Reason.FAILURES)
_NOT_FIRING = {
    JobState.PAUSED: (Outcome.PAUSED, Reason.PAUSED),
    JobState.COMPLETED: (Outcome.SKIPPED, Reason.MAX_RUNS),
    JobState.DELETED: (Outcome.SUPERSEDED, Reason.DELETED),
}


def judge(task: Task, ver: int, hot: Hot | None) -> Judgement:
    """Say why the lock was refused to a task that asked for it under version `ver`."""
    if hot is None:
        return Close(Outcome.SUPERSEDED, Reason.GONE)
    closed = None if task.has_fired else _why_closed(task, ver, hot)
    if closed is not None:
        return closed
    if hot.active == task.ref.sk and hot.active_token > task.token:
        return Stop.ZOMBIE
    if hot.active and hot.active != task.ref.sk:
        is_last = hot.terms.max_runs is not None and hot.standing.runs >= hot.terms.max_runs - 1
        return Held(hot.active, hot.active_token, hot.pending, hot.ver, is_last)
    return TryVersion(hot.ver)


def _why_closed(task: Task, ver: int, hot: Hot) -> Close | None:
    holds_lock = hot.active == task.ref.sk
    if hot.state in _NOT_FIRING:
        return Close(*_NOT_FIRING[hot.state], holds_lock)
    if hot.is_exhausted or hot.has_failed_too_often:
        # Who should have completed or paused the job has died: whoever concludes this slot does.
        closed = _ENDED if hot.is_exhausted else _FAILING
        return Close(*closed, holds_lock=True)
    if task.ref.slot <= hot.since:
        return Close(Outcome.SUPERSEDED, Reason.CHANGED, holds_lock)
    if task.requested_by:
        return None  # An operator asked for it, whatever the schedule is by now.
    if hot.ver != ver and task.ref.slot not in read_schedule(hot.schedule):
        return Close(Outcome.SUPERSEDED, Reason.NO_SLOT, holds_lock)
    return None
