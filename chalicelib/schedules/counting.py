"""How many slots lie between two instants: computed, never walked."""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.clock import EPOCH
from chalicelib.schedules.clocks import STRIDE, clocks_in
from chalicelib.schedules.cron import Cron
from chalicelib.schedules.every import Every
from chalicelib.schedules.schedule import Schedule

_SECOND = timedelta(seconds=1)
_YEAR = timedelta(days=365)
# Clocks change twice a year, or four times around Ramadan; no more than a day is lost with each.
_CHANGES_A_YEAR = 4


class Counted(NamedTuple):
    """A number of slots.

    Attributes:
        is_exact: it is so many, not at least so many.
    """

    number: int
    is_exact: bool = True


def count_slots(schedule: Schedule, first: datetime, last: datetime) -> Counted:
    """Return how many slots there are from one slot to a later one, both included.

    Where clocks change between them, some minutes do not come and others come twice: what is
    certain is told then.
    """
    if isinstance(schedule, Every):
        return Counted((last - first) // schedule.interval + 1)
    if not isinstance(schedule, Cron):
        return Counted(1)
    number = schedule.pattern.count(_shown(schedule, first), _shown(schedule, last))
    if _is_even(schedule, first, last):
        return Counted(number)
    changes = _CHANGES_A_YEAR * ((last - first) // _YEAR + 1)
    lost = changes * schedule.pattern.most_a_day
    least = 1 if last == first else 2
    return Counted(max(number - lost, least), is_exact=False)


def _shown(cron: Cron, instant: datetime) -> int:
    seconds = (instant - EPOCH) // _SECOND
    return clocks_in(cron.zone, seconds // STRIDE).reached(seconds)


def _is_even(cron: Cron, first: datetime, last: datetime) -> bool:
    """Return whether clocks are known not to change: in UTC, and within two days of evenness."""
    if cron.zone == "utc":
        return True
    begin, end = ((instant - EPOCH) // _SECOND for instant in (first, last))
    clocks = clocks_in(cron.zone, begin // STRIDE)
    return end < clocks.end and clocks.before == clocks.after
