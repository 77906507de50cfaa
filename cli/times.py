"""Instants as people read them: how long ago, or in how long."""

from datetime import UTC, datetime, timedelta

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))
_SECOND = timedelta(seconds=1)
_SHORT = timedelta(seconds=10)
_LONG = timedelta(days=60)


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def relative(instant: str, present: datetime) -> str:
    """Return an RFC 3339 instant as a distance; as a date where it is over two months away."""
    distance = datetime.fromisoformat(instant) - present
    if abs(distance) >= _LONG:
        return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d}"
    if abs(distance) < _SECOND:
        return "now"
    length = _length(abs(distance))
    return f"in {length}" if distance > timedelta() else f"{length} ago"


def exact(instant: str) -> str:
    """Return an RFC 3339 instant in UTC to the second."""
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def length(begin: str, end: str) -> str:
    """Return the time between two RFC 3339 instants."""
    between = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    if between < _SHORT:
        return f"{max(between, timedelta()) / _SECOND:.1f} s"
    return _length(between)


def to_the_second(instant: str) -> str:
    """Return an RFC 3339 instant in UTC, to the second and without its zone."""
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def of_day(instant: str) -> str:
    """Return the time of day of an RFC 3339 instant in UTC to the second."""
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%H:%M:%S}"


def _length(distance: timedelta) -> str:
    for name, unit in _UNITS:
        if distance >= unit:
            return f"{distance // unit} {name}"
    return f"{distance // _SECOND} s"
