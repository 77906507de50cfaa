"""From what an operator writes, and from what is stored, to a schedule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib.schedules import timezone
from chalicelib.schedules.at import At
from chalicelib.schedules.cron import Cron
from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.every import Every
from chalicelib.schedules.schedule import Schedule

_KINDS = ("cron", "every", "at")
_TIMEZONE = "timezone"
_FIX = (
    'use {"every": "60s"}: an interval from 10s to 366d, {"cron": "30 2 * * 1-5"}: five fields, '
    'or {"at": "2026-11-22T13:00:00Z"}: one instant in the future'
)


def normalize_schedule(
    spec: Mapping[str, object], *, now: datetime, default_timezone: str = timezone.DEFAULT
) -> Schedule:
    """Return the schedule of a specification such as `{"every": "60s"}`.

    Args:
        spec: what the operator wrote.
        now: the instant that an interval is anchored to, and that there must be a slot after.
        default_timezone: the time zone that `local` is, and that of a schedule that needs one and
            names none.

    Raises:
        InvalidSchedule: it is not one; names the field and the fix.
    """
    kind = _kind(spec)
    if kind == "every":
        if _TIMEZONE in spec:
            raise InvalidSchedule(
                "an interval has no time zone", field="schedule.timezone", fix="leave it out"
            )
        return Every.parse(spec["every"], now=now)
    names_zone = _TIMEZONE in spec
    zone = timezone.resolved(spec.get(_TIMEZONE, timezone.LOCAL), default_timezone)
    if kind == "cron":
        return Cron.parse(spec["cron"], zone=zone, now=now)
    return replace(At.parse(spec["at"], now=now), zone=zone, names_zone=names_zone)


def read_schedule(text: str) -> Schedule:
    """Return a stored schedule.

    Raises:
        InvalidSchedule: this version cannot read it.
    """
    schedule = Every.read(text) or Cron.read(text) or At.read(text)
    if schedule is None:
        raise InvalidSchedule(f"the stored schedule {text!r:.80} cannot be read", field="schedule")
    return schedule


def _kind(spec: Mapping[str, object]) -> str:
    """Return which kind of schedule is meant."""
    unknown = sorted(set(spec) - {*_KINDS, _TIMEZONE})
    if unknown:
        raise InvalidSchedule(
            f"{unknown[0]!r:.60} is not a kind of schedule", field="schedule", fix=_FIX
        )
    named = [kind for kind in _KINDS if kind in spec]
    if not named:
        raise InvalidSchedule("the schedule does not say when", field="schedule", fix=_FIX)
    if len(named) > 1:
        raise InvalidSchedule(
            f"a schedule says when in one way, not by {' and '.join(named)}",
            field="schedule",
            fix="leave one out",
        )
    return named[0]
