"""Skew: how far a function's clock is from that of AWS, by the `Date` of an answer of SQS."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from chalicelib.background.queue import LaneQueue
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable

# Figures of liveness hold up to here; see the invariants.
MOST_SKEW = timedelta(seconds=5)
_SECOND = timedelta(seconds=1)


def skew(before: datetime, after: datetime, date: str) -> timedelta:
    """Return how far a clock is ahead of a server's; negative where it is behind.

    The server's instant is a whole second, and lies between the request and the answer: what these
    can explain is no skew.

    Args:
        before: when the request was made.
        after: when the answer had come.
        date: the answer's header.

    Raises:
        ValueError: the header is no date.
    """
    answered = parsedate_to_datetime(date)
    if before > answered + _SECOND:
        return before - (answered + _SECOND)
    return min(after - answered, timedelta())


class Skew:
    """Measures the skew of this process."""

    def __init__(self, queue: LaneQueue, clock: Clock) -> None:
        """Take a queue that is asked, and the clock that is measured."""
        self._queue = queue
        self._clock = clock

    def measure(self) -> timedelta:
        """Return how far the clock is ahead of AWS's.

        Raises:
            Unavailable: SQS did not answer, or said no date.
        """
        before = self._clock.now()
        date = self._queue.date()
        try:
            return skew(before, self._clock.now(), date)
        except (ValueError, TypeError) as error:
            raise Unavailable(f"SQS said {date!r:.60}, which is no date") from error
