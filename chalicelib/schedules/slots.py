"""The slots of a pattern in a time zone: where the calendar meets clocks that change.

Debian's rule, for every change of clocks, however large. A job at a fixed time has one slot for
each time that its pattern names: the first instant at which clocks show it, or, where they leap
over it, the instant of the leap; times leapt over together share that slot. A job that runs at
intervals has a slot whenever clocks show a time that its pattern names: none for what they leap
over, two for what they show twice.

Instants are seconds since 1970, UTC.
"""

from datetime import UTC, datetime

from chalicelib.clock import LAST_YEAR
from chalicelib.schedules.clocks import DAY, STRIDE, clocks_in
from chalicelib.schedules.pattern import FIRST_YEAR, Pattern

_FIRST = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) + DAY
_LAST = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) - DAY
# Enough for decades. A job that clocks leap over whenever it comes would be looked for until
# the end of days: `* 2 8 3 */7` names the very Sunday hour that New York has not had since 2007.
_MOST_STRETCHES = 32


def next_slot(pattern: Pattern, zone: str, after: int) -> int | None:
    """Return the first slot later than an instant, or None after the last one."""
    if not _FIRST <= after < _LAST:
        return next_slot(pattern, zone, _FIRST) if after < _FIRST else None
    if pattern.repeats:
        slot = _next_shown(pattern, zone, after + 1)
    else:
        shown = pattern.next(clocks_in(zone, after // STRIDE).reached(after) + 1)
        slot = None if shown is None else clocks_in(zone, shown // STRIDE).first_showing(shown)
    return slot if slot is not None and slot <= _LAST else None


def latest_slot(pattern: Pattern, zone: str, until: int) -> int | None:
    """Return the last slot at or before an instant, or None before the first one."""
    if not _FIRST < until <= _LAST:
        return latest_slot(pattern, zone, _LAST) if until > _LAST else None
    if pattern.repeats:
        slot = _latest_shown(pattern, zone, until)
    else:
        shown = pattern.previous(clocks_in(zone, until // STRIDE).reached(until))
        slot = None if shown is None else clocks_in(zone, shown // STRIDE).first_showing(shown)
    return slot if slot is not None and slot > _FIRST else None


# The next two go from one stretch of evenly running clocks to another. No time is named between
# such a stretch and the time that was found, so that what lies between is passed over, but for a
# day, since clocks are always less than a day away from UTC. A change is never passed over: clocks
# that are set back show again what was looked at before it.


def _next_shown(pattern: Pattern, zone: str, instant: int) -> int | None:
    """Return the first instant, from one on, at which clocks show a time that is named."""
    stretches = _MOST_STRETCHES
    while stretches:
        _, change, end, before, ahead = clocks_in(zone, instant // STRIDE)
        if changes := instant < change:
            end, ahead = change, before
        shown = pattern.next(instant + ahead)
        if shown is None:
            return None
        if shown - ahead < end:
            return shown - ahead
        instant = end if changes else max(end, shown - DAY)
        stretches -= 1
    return None


def _latest_shown(pattern: Pattern, zone: str, instant: int) -> int | None:
    """Return the last instant, up to one, at which clocks show a time that is named."""
    for _ in range(_MOST_STRETCHES):
        start, change, _, ahead, after = clocks_in(zone, instant // STRIDE)
        if changed := start < change <= instant:
            start, ahead = change, after
        shown = pattern.previous(instant + ahead)
        if shown is None:
            return None
        if shown - ahead >= start:
            return shown - ahead
        instant = start - 1 if changed else min(start - 1, shown + DAY)
    return None
