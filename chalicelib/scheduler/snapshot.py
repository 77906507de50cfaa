"""Snapshots: how one job is doing. The rules; `checkup` reads what they are about.

A slot has begun once a worker took it. One that has come and was not taken is late when it is
older than the grace, unless somebody is right to keep it: another slot of the job that is live, a
back-off, the gate. What waits for an operator is blocked, whatever else is well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.background.gate.gate import Gate
from chalicelib.background.looking import unbegun
from chalicelib.background.task import Outcome, State, Task, slot_instant
from chalicelib.clock import rfc3339
from chalicelib.scheduler.job import Hold, Hot, JobState, Review, readable
from chalicelib.schedules import Every, count_slots

WINDOW = timedelta(hours=24)


class JobHealth(StrEnum):
    """How a job is doing."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a job.

    Attributes:
        rows: rows of its ledger whose instant has come, newest first: those of the last day, and
            older ones that are still to be carried out, unless these are too many.
        living: tasks that the job's lock names, and that have not ended.
        gate: whether everything is paused, or was, for its owner.
        since: from when on `rows` are all that there are; a day ago at most.
    """

    owner: str
    hot: Hot
    rows: Sequence[Task]
    living: Sequence[Task]
    gate: Gate
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """How a job is doing.

    Attributes:
        reasons: what is wrong, in plain English, what matters most first.
        due: how many slots have come and have not begun, and would run.
        oldest_unfired: the first of them.
        active: the task that holds the job's lock, and `waiting` the one that waits for it.
        missed: how many slots were missed since `counted_since`, which is a day ago at most.
        review: missed slots that an operator must decide about, or None.
    """

    state: JobState
    health: JobHealth
    reasons: Sequence[str]
    due: int
    oldest_unfired: datetime | None
    active: str
    waiting: str
    missed: int
    counted_since: datetime
    review: Review | None
    failures: int
    is_gated: bool


def snapshot(seen: Evidence, now: datetime, grace: timedelta) -> Snapshot:
    """Return how a job is doing.

    Args:
        seen: what is known of it.
        now: the instant of the question.
        grace: how late a slot may be and still be handed over.
    """
    hot, waiting = seen.hot, list(_waiting(seen, now))
    ahead = _not_handed(hot, now)
    oldest = [task.ref.slot for task in waiting] + ([hot.next] if ahead and hot.next else [])
    missed = sum(_missed(task, seen) for task in seen.rows)
    blocks, troubles = list(_blocks(hot)), list(_troubles(seen, waiting, missed, now, grace))
    healthy = JobHealth.DEGRADED if troubles else JobHealth.HEALTHY
    return Snapshot(
        state=hot.state,
        health=JobHealth.BLOCKED if blocks else healthy,
        reasons=[*blocks, *troubles],
        due=len(waiting) + ahead,
        oldest_unfired=min(oldest, default=None),
        active=_named(seen, hot.active),
        waiting=_named(seen, hot.pending),
        missed=missed,
        counted_since=seen.since,
        review=hot.standing.review,
        failures=hot.standing.failures,
        is_gated=seen.gate.closed(seen.owner) is not None,
    )


def _waiting(seen: Evidence, now: datetime) -> Iterator[Task]:
    """Yield the rows that have come, have not begun and would still run."""
    if seen.hot.state is not JobState.ENABLED:
        return
    for task in {task.ref: task for task in [*seen.rows, *seen.living]}.values():
        has_come = task.due is not None and task.due <= now
        waits = task.state is State.QUEUED and not task.has_fired
        # A row of the next slot was put, and the job was not told yet: it counts as that slot.
        is_next = task.ref.slot == seen.hot.next
        if has_come and waits and task.ref.slot > seen.hot.since and not is_next:
            yield task


def _not_handed(hot: Hot, now: datetime) -> int:
    """Return how many slots have come that nobody has handed over; computed, not walked."""
    schedule = readable(hot.schedule)
    if hot.state is not JobState.ENABLED or hot.next is None or hot.next > now:
        return 0
    last = schedule.latest_until(now) if schedule else None
    return count_slots(schedule, hot.next, last).number if schedule and last else 1


def _missed(task: Task, seen: Evidence) -> int:
    """Return how many slots a row says were missed, of those that are counted."""
    schedule, last = readable(seen.hot.schedule), slot_instant(task.last)
    if task.outcome is not Outcome.MISFIRED or last < seen.since:
        return 0
    first = task.ref.slot
    # An interval is anchored anew by each edit: its slots alone tell it from any other.
    is_of_it = task.ver == seen.hot.ver or isinstance(schedule, Every)
    if schedule is None or not is_of_it or first not in schedule or last not in schedule:
        return 1  # Of another schedule than the job has by now, nobody knows more.
    if first < seen.since:
        first = schedule.next_after(seen.since - timedelta(seconds=1)) or last
    return count_slots(schedule, min(first, last), last).number


def _blocks(hot: Hot) -> Iterator[str]:
    """Yield what only an operator can mend."""
    if hot.state is JobState.DELETED:
        return
    if hot.standing.hold is Hold.UNREADABLE or readable(hot.schedule) is None:
        yield "its schedule cannot be read: give it a new one, then resume it"
    elif hot.standing.hold is Hold.FAILURES:
        yield "it was paused, since its runs kept failing: mend it, then resume it"
    if hot.standing.review is not None:
        yield "missed slots wait for a decision: replay or dismiss them"


def _troubles(
    seen: Evidence, waiting: Sequence[Task], missed: int, now: datetime, grace: timedelta
) -> Iterator[str]:
    hot = seen.hot
    if hot.state is JobState.ENABLED and hot.standing.failures:
        number = hot.standing.failures
        yield "the last run failed" if number == 1 else f"the last {number} runs failed"
    yield from _lates(seen, waiting, now, grace)
    if any(task.state is State.RUNNING and task.lease_is_over(now) for task in seen.living):
        yield "its run is not heard of any more: the sweep sends it again"
    if missed:
        yield "a slot was missed" if missed == 1 else f"{missed} slots were missed"


def _lates(
    seen: Evidence, waiting: Sequence[Task], now: datetime, grace: timedelta
) -> Iterator[str]:
    hot = seen.hot
    if _not_handed(hot, now) and hot.next is not None and _is_over(seen, hot.next, now, grace):
        yield f"the slot of {rfc3339(hot.next)} was not handed over"
    late = [task.ref.slot for task in waiting if _is_late(task, seen, now, grace)]
    if late:
        yield f"the slot of {rfc3339(min(late))} was not begun"


def _is_late(task: Task, seen: Evidence, now: datetime, grace: timedelta) -> bool:
    """Return whether nobody took a slot that somebody should have taken."""
    due = task.due or task.ref.slot
    return unbegun(task, now) > grace and _is_over(seen, due, now, grace)


def _is_over(seen: Evidence, due: datetime, now: datetime, grace: timedelta) -> bool:
    return now - due > grace and not seen.gate.excuses(seen.owner, due)


def _named(seen: Evidence, sk: str) -> str:
    """Return the task that the lock names by a sort key, unless it has ended."""
    return next((task.ref.id for task in seen.living if sk and task.ref.sk == sk), "")
