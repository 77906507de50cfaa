"""Judgement: why a job's lock was refused, and what the worker does about it.

The lock is taken and judged in one conditional write; this reads the hot row that refused it. A
row whose first step was accepted is never judged again: it may only find the lock held.
"""

from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.task import Outcome, Task
from chalicelib.scheduler.job import Hot, JobState
from chalicelib.schedules import read_schedule


class Close(NamedTuple):
    """The slot does not run.

    Attributes:
        holds_lock: the row held the lock from an earlier claim, and must let it go.
    """

    outcome: Outcome
    reason: str
    holds_lock: bool


class TryVersion(NamedTuple):
    """The job was changed and still has this slot: judge again by its new version."""

    ver: int


class Held(NamedTuple):
    """Another row holds the lock."""

    active: str
    active_token: int


class Stop(StrEnum):
    """Nothing may be written any more."""

    ZOMBIE = "a later claim of the same row holds the lock"


Judgement = Close | TryVersion | Held | Stop


def judge(task: Task, ver: int, hot: Hot | None) -> Judgement:
    """Say why the lock was refused to a task that asked for it under version `ver`."""
    if hot is None:
        return Close(Outcome.SUPERSEDED, "the job is gone", holds_lock=False)
    closed = None if task.has_fired else _why_closed(task, ver, hot)
    if closed is not None:
        return closed
    if hot.active == task.ref.sk and hot.active_token > task.token:
        return Stop.ZOMBIE
    if hot.active and hot.active != task.ref.sk:
        return Held(hot.active, hot.active_token)
    return TryVersion(hot.ver)


def _why_closed(task: Task, ver: int, hot: Hot) -> Close | None:
    holds_lock = hot.active == task.ref.sk
    if hot.state is JobState.PAUSED:
        return Close(Outcome.PAUSED, "the job is paused", holds_lock)
    if hot.state is JobState.DELETED:
        return Close(Outcome.SUPERSEDED, "the job was deleted", holds_lock)
    if task.ref.slot <= hot.since:
        return Close(Outcome.SUPERSEDED, "the job was changed after this slot", holds_lock)
    if task.requested_by:
        return None  # An operator asked for it, whatever the schedule is by now.
    if hot.ver != ver and task.ref.slot not in read_schedule(hot.schedule):
        return Close(Outcome.SUPERSEDED, "the job's schedule no longer has this slot", holds_lock)
    return None
