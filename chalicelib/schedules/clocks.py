"""How the clocks of a time zone run around an instant: evenly, or with one change.

Instants are seconds since 1970, UTC; what clocks show is counted in the same way, as if they were
UTC's. No zone has ever changed its clocks twice in six days (tests hold the pinned tzdata against
that), so that the six days around an instant have one change at most, and two probes find it.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from chalicelib.schedules import timezone

DAY = 86_400
STRIDE = 2 * DAY
_SECOND = timedelta(seconds=1)


class Clocks(NamedTuple):
    """How clocks run from `start` until `end`, at least two days around what was asked for.

    Attributes:
        change: when they change; where they do not, `start`.
        before: how far they are ahead of UTC before the change, in seconds.
        after: how far they are ahead from the change on.
    """

    start: int
    change: int
    end: int
    before: int
    after: int

    def reached(self, instant: int) -> int:
        """Return the latest time that clocks have shown by an instant.

        In an hour that is repeated, that is the end of its first pass.
        """
        if instant < self.change:
            return instant + self.before
        return max(instant + self.after, self.change + self.before - 1)

    def first_showing(self, shown: int) -> int:
        """Return the first instant at which clocks show a time, or a later one in its place."""
        instant = shown - self.before
        return instant if instant < self.change else max(shown - self.after, self.change)


@lru_cache(maxsize=4096)
def clocks_in(name: str, stride: int) -> Clocks:
    """Return how the clocks of a time zone run in a stride, which is `instant // STRIDE`."""
    zone = timezone.zone(name)
    start, end = (stride - 1) * STRIDE, (stride + 2) * STRIDE
    before, after = _ahead(zone, start), _ahead(zone, end - 1)
    change = start if before == after else _change(zone, start, end - 1)
    return Clocks(start, change, end, before, after)


def _change(zone: tzinfo, low: int, high: int) -> int:
    """Return the first second that has not the offset of the first one."""
    before = _ahead(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _ahead(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _ahead(zone: tzinfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
    return (offset or timedelta()) // _SECOND
