"""Time: where it is read, and the three forms it takes.

Inside the code an instant is an aware UTC `datetime`. In tables it is a whole number of
milliseconds since 1970, so that conditions can compare it. Over HTTP it is RFC 3339.
Rules never read a clock: `now` is an argument.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol, overload

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Two processes' clocks differ by no more than this; see the invariants.
WORST_SKEW = timedelta(minutes=5)
# What is further away is a mistake, and leaves no room for leases and delays.
LAST_YEAR = 9_000
_AN_INSTANT = "send one as 2026-11-22T12:00:00Z"
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_MILLISECOND = timedelta(milliseconds=1)


class NotAnInstant(ValueError):
    """A text is not an instant in RFC 3339.

    Attributes:
        detail: what is wrong with it.
        fix: what to send instead.
    """

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        return datetime.now(UTC)


@overload
def to_ms(instant: datetime) -> int: ...
@overload
def to_ms(instant: None) -> None: ...
def to_ms(instant: datetime | None) -> int | None:
    """Return an instant as milliseconds since 1970, rounded down; None as None."""
    return None if instant is None else (instant - EPOCH) // _MILLISECOND


@overload
def from_ms(milliseconds: float) -> datetime: ...
@overload
def from_ms(milliseconds: None) -> None: ...
def from_ms(milliseconds: float | None) -> datetime | None:
    """Return the instant of a number of milliseconds since 1970; None of None."""
    return None if milliseconds is None else EPOCH + int(milliseconds) * _MILLISECOND


def sortable(instant: datetime) -> str:
    """Return an instant as 15 digits of milliseconds, which sort as instants do."""
    return f"{to_ms(instant):015}"


def rfc3339(instant: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, with milliseconds only where it has some."""
    utc = instant.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= _MILLISECOND.microseconds else "seconds"
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")


def read_rfc3339(value: object) -> datetime:
    """Return the instant of an RFC 3339 text with its offset, in UTC and whole microseconds.

    Raises:
        NotAnInstant: it is not one, has no offset, or is later than the year 9000.
    """
    form = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise NotAnInstant("it is not an RFC 3339 date and time", _AN_INSTANT)
    if not form["zone"]:
        fix = "append Z, or an offset as +01:00"
        raise NotAnInstant("it does not say its offset from UTC", fix)
    try:
        instant = datetime.fromisoformat(form[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotAnInstant("there is no such instant", _AN_INSTANT) from None
    if instant.year > LAST_YEAR:
        raise NotAnInstant("it is too far away", f"use a year up to {LAST_YEAR}")
    return instant
