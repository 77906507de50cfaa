"""When nobody ticked: the rule, and what is to be told of it.

A tick hands over every slot up to the horizon, so ticks may be that far apart and no slot is late.
What lies between the horizon of the last tick and the next one is a gap: slots in it were missed,
and the misfire rules say what becomes of them.
"""

from datetime import datetime, timedelta
from typing import NamedTuple


class Gap(NamedTuple):
    """A time in which no slot was handed over.

    Attributes:
        last: when the last tick before it was.
        since: its beginning, which is the horizon of that tick.
        until: its end, which is the tick that found it.
    """

    last: datetime
    since: datetime
    until: datetime

    @property
    def seconds(self) -> int:
        """Return how long it was, in whole seconds."""
        return int((self.until - self.since).total_seconds())


def gap(last: datetime | None, now: datetime, horizon: timedelta) -> Gap | None:
    """Return the gap before a tick, if there is one; before the first tick ever there is none.

    Args:
        last: when the last tick was, or None before the first.
        now: when this tick is.
        horizon: how far ahead of its instant a slot is handed over.
    """
    if last is None or now - last <= horizon:
        return None
    return Gap(last=last, since=last + horizon, until=now)
