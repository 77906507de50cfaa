"""Slots of the past that are to be made up for: which ones a request means.

A slot is made up for by a firing of its own, beside the schedule, as a run at once is: it takes a
second that is nobody's, says which slot it stands for, and is judged, locked and accounted for as
any other. The slot's own row stays what it is.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.background.task import Task, TaskRef, slot_instant
from chalicelib.scheduler.job import Review
from chalicelib.scheduler.reasons import Reason
from chalicelib.schedules import Schedule

MOST_AT_ONCE = 100
_MOMENT = timedelta(microseconds=1)


class Slots(NamedTuple):
    """Slots of the past, in order.

    Attributes:
        following: the slot behind them that was asked for as well but is too many; or None.
    """

    found: list[datetime]
    following: datetime | None = None


def between(schedule: Schedule, first: datetime, last: datetime, limit: int) -> Slots:
    """Return the slots from one instant to another, both included, at most so many."""
    found: list[datetime] = []
    slot = schedule.next_after(first - _MOMENT)
    while slot is not None and slot <= last and len(found) < limit:
        found.append(slot)
        slot = schedule.next_after(slot)
    return Slots(found, slot if slot is not None and slot <= last else None)


def to_review(
    rows_newest_first: Iterable[Task], schedule: Schedule, review: Review, limit: int
) -> list[datetime]:
    """Return the newest slots that wait for an operator, at most so many, in order."""
    found: list[datetime] = []
    for row in rows_newest_first:
        if row.reason != Reason.REVIEW or row.ref.slot < review.first:
            continue
        last = min(slot_instant(row.last), review.last)
        found.extend(_backwards(schedule, row.ref.slot, last, limit - len(found)))
        if len(found) >= limit:
            break
    return found[::-1]


def untouched(slots: Iterable[datetime], rows: Iterable[Task]) -> list[datetime]:
    """Return the slots that have not fired, and do not wait for that.

    Args:
        slots: slots of one job.
        rows: those of them that have a row of their own.
    """
    busy = {row.ref.slot for row in rows if row.has_fired or not row.state.is_terminal}
    return [slot for slot in slots if slot not in busy]


def stands_for(ref: TaskRef) -> str:
    """Return the dedupe key under which a slot is made up for: once, whoever asks."""
    return f"{ref.subject}@{ref.sk}"


def _backwards(
    schedule: Schedule, first: datetime, last: datetime, limit: int
) -> Iterator[datetime]:
    slot = schedule.latest_until(last)
    while limit > 0 and slot is not None and slot >= first:
        yield slot
        limit -= 1
        slot = schedule.latest_until(slot - _MOMENT)
