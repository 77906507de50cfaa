"""Ranges: how many slots a ledger row stands for that stands for several."""

from datetime import datetime

from chalicelib.background.task import Task, slot_instant
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.reasons import Reason
from chalicelib.schedules import Counted, Every, Schedule, count_slots


def is_range(row: Task) -> bool:
    """Return whether a ledger row stands for more than its own slot."""
    return row.last != row.ref.sk


def slots_of(row: Task, job: Job) -> Counted | None:
    """Return how many slots a range row stands for.

    Rows do not say it: it is counted by the job's schedule, as long as that is known to be the
    row's. Of a row that an edited job left behind, nobody knows.

    Returns:
        The number; None for a row of one slot, and where it is not known.
    """
    if not is_range(row) or job.schedule is None:
        return None
    first, last = row.ref.slot, slot_instant(row.last)
    has_both = all(_has(job.schedule, slot) for slot in (first, last))
    if not has_both or not (_is_of_version(row, job) or isinstance(job.schedule, Every)):
        return None
    return count_slots(job.schedule, first, last)


def _has(schedule: Schedule, slot: datetime) -> bool:
    return schedule.latest_until(slot) == slot


def _is_of_version(row: Task, job: Job) -> bool:
    """Return whether the job has had its schedule since the row was made.

    An interval is anchored anew by each edit, so that its slots alone tell it from any other.
    """
    if row.ver == job.ver:
        return True
    # The row of a pause has the version before the resume that put it; an edit leaves it paused.
    was_resumed = row.reason == Reason.WAS_PAUSED and job.state is not JobState.PAUSED
    return was_resumed and row.ver + 1 == job.ver
