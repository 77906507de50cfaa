"""From what an operator writes, and from what is stored, to a schedule."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.every import Every
from chalicelib.schedules.schedule import Schedule

_FIX = 'use {"every": "60s"}: an interval from 10s to 366d'


def normalize_schedule(spec: Mapping[str, object], *, now: datetime) -> Schedule:
    """Return the schedule of a specification such as `{"every": "60s"}`.

    Args:
        spec: what the operator wrote.
        now: the instant that an interval is anchored to.

    Raises:
        InvalidSchedule: it is not one; names the field and the fix.
    """
    unknown = sorted(set(spec) - {"every"})
    if unknown:
        raise InvalidSchedule(
            f"{unknown[0]!r:.60} is not a kind of schedule", field="schedule", fix=_FIX
        )
    if "every" not in spec:
        raise InvalidSchedule("the schedule is empty", field="schedule", fix=_FIX)
    return Every.parse(spec["every"], now=now)


def read_schedule(text: str) -> Schedule:
    """Return a stored schedule.

    Raises:
        InvalidSchedule: this version cannot read it.
    """
    schedule = Every.read(text)
    if schedule is None:
        raise InvalidSchedule(f"the stored schedule {text!r:.80} cannot be read", field="schedule")
    return schedule
