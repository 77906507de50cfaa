"""Time: where it is read, and the three forms it takes.

Inside the code an instant is an aware UTC `datetime`. In tables it is a whole number of
milliseconds since 1970, so that conditions can compare it. Over HTTP it is RFC 3339.
Rules never read a clock: `now` is an argument.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        return datetime.now(UTC)


def to_ms(instant: datetime) -> int:
    """Return an instant as milliseconds since 1970, rounded down."""
    return (instant - EPOCH) // _MILLISECOND


def from_ms(milliseconds: float) -> datetime:
    """Return the instant of a number of milliseconds since 1970."""
    return EPOCH + int(milliseconds) * _MILLISECOND


def rfc3339(instant: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, with milliseconds only where it has some."""
    utc = instant.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= _MILLISECOND.microseconds else "seconds"
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")
