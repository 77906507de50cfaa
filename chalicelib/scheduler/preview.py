"""Preview: when a schedule fires next, by its own clocks and in UTC, and where these change."""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.schedules import At, Cron, Schedule, timezone

MOST = 5
_LEAPT = "clocks leap over the time that is named: it fires when they do"
_TWICE = "clocks show this time twice: it fires the first time"
_AGAIN = "clocks show this time twice: it fires both times"
_WINDOW = timedelta(hours=3)


class Fire(NamedTuple):
    """One slot to come.

    Attributes:
        local: as the clocks of the schedule's zone show it, with their offset.
        note: what a change of the clocks does to it, or empty.
    """

    slot: datetime
    local: datetime
    note: str


def preview(schedule: Schedule, now: datetime) -> list[Fire]:
    """Return the next slots after an instant, at most five."""
    fires: list[Fire] = []
    slot = schedule.next_after(now)
    while slot is not None and len(fires) < MOST:
        fires.append(Fire(slot, timezone.shown(slot, _zone(schedule)), _note(schedule, slot)))
        slot = schedule.next_after(slot)
    return fires


def zone_of(schedule: Schedule) -> str:
    """Return the name of the zone whose clocks a schedule is shown by."""
    return _zone(schedule)


def _zone(schedule: Schedule) -> str:
    return schedule.zone if isinstance(schedule, Cron | At) else timezone.DEFAULT


def _note(schedule: Schedule, slot: datetime) -> str:
    if not isinstance(schedule, Cron):
        return ""
    local = timezone.shown(slot, schedule.zone)
    if not _is_named(schedule, local):
        return _LEAPT
    wall = local.replace(tzinfo=None)
    near = (timezone.shown(slot + number * _WINDOW / 6, schedule.zone) for number in range(-6, 7))
    offsets = {each.utcoffset() for each in near}
    now = local.utcoffset()
    for offset in offsets - {now}:
        if offset is None or now is None:
            continue
        other = timezone.shown(slot + (now - offset), schedule.zone)
        if other.replace(tzinfo=None) == wall:
            return _AGAIN if schedule.pattern.repeats else _TWICE
    return ""


def _is_named(schedule: Cron, local: datetime) -> bool:
    return bool(
        schedule.pattern.minutes >> local.minute & 1 and schedule.pattern.hours >> local.hour & 1
    )
