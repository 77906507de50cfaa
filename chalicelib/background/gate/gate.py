"""The gate's rules: when it is closed, for whom, and what that means for a slot.

While the gate of an owner is closed, ticks hand nothing over, no claim begins and the sweep sends
nothing; what is running ends as it would. The gate remembers its last periods, so that a slot that
came due in one is known as paused whenever a tick or a worker meets it, and not as missed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

EVERYTHING = "*"
REASON = "everything was paused"
_REMEMBERED = 16


class Period(NamedTuple):
    """A time in which the gate is closed: later than `since`, up to `until`; None while it is.

    Attributes:
        by: who closed it.
    """

    since: datetime
    until: datetime | None
    by: str

    def covers(self, instant: datetime) -> bool:
        """Return whether an instant lies in it."""
        return self.since < instant and (self.until is None or instant <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The gate as it was when it was read.

    Attributes:
        ver: raised by every change; 0 before the first.
        periods: by owner, or EVERYTHING, the last ones, oldest first.
    """

    ver: int = 0
    periods: Mapping[str, tuple[Period, ...]] = field(default_factory=dict)

    def closed(self, owner: str) -> Period | None:
        """Return the period under way for an owner, or None where the gate is open."""
        return next((each for each in self._of(owner) if each.until is None), None)

    def covering(self, owner: str, instant: datetime) -> Period | None:
        """Return the period that an instant lies in, the one that lasts longest, or None."""
        found = [each for each in self._of(owner) if each.covers(instant)]
        return max(found, key=lambda each: (each.until is None, each.until), default=None)

    def excuses(self, owner: str, due: datetime) -> bool:
        """Return whether what was due at an instant had to wait, or has to wait still."""
        return self.closed(owner) is not None or self.covering(owner, due) is not None

    def next_since(self, owner: str, after: datetime) -> datetime | None:
        """Return when the gate was closed for the first time after an instant, or None."""
        return min((it.since for it in self._of(owner) if it.since >= after), default=None)

    def is_closed_by(self, scope: str) -> bool:
        """Return whether a scope's own part of the gate is closed."""
        own = self.periods.get(scope, ())
        return bool(own) and own[-1].until is None

    def why(self, owner: str) -> str:
        """Return why no work of an owner begins, in words; nothing where it does."""
        words = {owner: "all work of this owner", EVERYTHING: "all work of everybody"}
        closed = [told for scope, told in words.items() if self.is_closed_by(scope)]
        return f"{' and '.join(closed)} is paused" if closed else ""

    def closing(self, scope: str, by: str, now: datetime) -> "Gate":
        """Return it closed for an owner, or for EVERYTHING; as it is where it was closed."""
        if self.is_closed_by(scope):
            return self
        own = (*self.periods.get(scope, ()), Period(now, None, by))
        return self._with(scope, own[-_REMEMBERED:])

    def opening(self, scope: str, now: datetime) -> "Gate":
        """Return it open for an owner, or for EVERYTHING; as it is where it was open."""
        if not self.is_closed_by(scope):
            return self
        *before, last = self.periods[scope]
        # A clock that lags must not open it before it was closed.
        return self._with(scope, (*before, last._replace(until=max(now, last.since))))

    def _with(self, scope: str, own: tuple[Period, ...]) -> "Gate":
        return replace(self, ver=self.ver + 1, periods={**self.periods, scope: own})

    def _of(self, owner: str) -> Iterator[Period]:
        yield from self.periods.get(owner, ())
        yield from self.periods.get(EVERYTHING, ())
