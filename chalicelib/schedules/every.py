"""Fixed intervals: `every` 10 seconds to 366 days, anchored, so that they never drift.

Slots are the anchor plus one interval, two intervals, and so on; the anchor itself is none.
Neither a late run nor a missed one moves a later slot.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from chalicelib.schedules.errors import InvalidSchedule

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=366)
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NAMES = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_DURATION = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_STORED = re.compile(r"every/1 ([1-9][0-9]{0,7})s from ([0-9]{1,11})")


@dataclass(frozen=True, slots=True)
class Every:
    """A slot each `interval` after `anchor`, both in whole seconds."""

    interval: timedelta
    anchor: datetime

    @classmethod
    def parse(cls, value: object, *, now: datetime) -> Self:
        """Read `30s`, `1h30m` or a number of seconds; the anchor is `now`.

        Raises:
            InvalidSchedule: it is no duration, or outside 10 s to 366 days.
        """
        interval = timedelta(seconds=_seconds(value))
        if not SHORTEST <= interval <= LONGEST:
            raise _invalid(value, "use an interval from 10s to 366d")
        return cls(interval, now.astimezone(UTC).replace(microsecond=0))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read the stored form; None where it is another kind's."""
        match = _STORED.fullmatch(text)
        if match is None:
            return None
        return cls(timedelta(seconds=int(match[1])), datetime.fromtimestamp(int(match[2]), UTC))

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first slot strictly later than an instant."""
        return self._slot(max(self._passed(after) + 1, 1))

    def latest_until(self, until: datetime) -> datetime | None:
        """Return the last slot at or before an instant, or None before the first one."""
        passed = self._passed(until)
        return self._slot(passed) if passed >= 1 else None

    def explain(self) -> str:
        """Return the schedule in plain English."""
        words = self._words()
        return (
            f"every {words[0].removeprefix('1 ')}"
            if len(words) == 1
            else f"every {' '.join(words)}"
        )

    def spec(self) -> dict[str, str]:
        """Return the schedule as an operator writes it."""
        return {"every": f"{self.interval // timedelta(seconds=1)}s"}

    def text(self) -> str:
        """Return the stored form."""
        return f"every/1 {self.spec()['every']} from {int(self.anchor.timestamp())}"

    def __contains__(self, instant: object) -> bool:
        """Return whether an instant is one of the slots."""
        return isinstance(instant, datetime) and self.latest_until(instant) == instant

    def _passed(self, instant: datetime) -> int:
        """Return how many slots lie at or before an instant; the anchor counts as none."""
        return (instant - self.anchor) // self.interval

    def _slot(self, number: int) -> datetime | None:
        try:
            return self.anchor + number * self.interval
        except OverflowError:
            return None

    def _words(self) -> list[str]:
        words, rest = [], self.interval // timedelta(seconds=1)
        for unit, size in _UNITS.items():
            count, rest = divmod(rest, size)
            if count:
                words.append(f"{count} {_NAMES[unit]}{'s' if count > 1 else ''}")
        return words


def _seconds(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        # A number beyond any range is refused there; here it must only not overflow.
        return min(max(value, 0), 10**9)
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        raise _invalid(
            value, 'use a number of seconds or a duration such as "30s", "5m" or "1h30m"'
        )
    counts = zip(_UNITS.values(), match.groups(), strict=True)
    return min(sum(size * int(count) for size, count in counts if count), 10**9)


def _invalid(value: object, fix: str) -> InvalidSchedule:
    shown = f"{value!r:.60}"
    return InvalidSchedule(
        f"{shown} is not an interval that can be scheduled", field="schedule.every", fix=fix
    )
