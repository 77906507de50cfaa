"""Which days of a month a cron expression names, as bits: bit 1 is the first of the month.

A weekday is counted from Sunday, 0. A month is all that decides: how long it is, and the weekday
that it begins with.
"""

from dataclasses import dataclass
from typing import NamedTuple

ALL_DAYS = (1 << 32) - 2
ALL_WEEKDAYS = (1 << 7) - 1
LAST = -1
_WEEK = 7
_FRIDAY = 5
_EACH_WEEK = sum(1 << _WEEK * week for week in range(5))


class Nth(NamedTuple):
    """The `number`th such weekday of a month, from 1 to 5, or LAST."""

    weekday: int
    number: int


@dataclass(frozen=True, slots=True)
class Days:
    """The two fields of an expression that name days.

    Attributes:
        numbers: a bit for each day of the month that is named by its number.
        last: the last day of the month is named, `L`.
        last_workday: the last Monday to Friday of the month is named, `LW`.
        weekdays: a bit for each weekday that is named without a number.
        nth: weekdays named with a number, `1#2` and `5L`.
        needs_both: a day must fit both fields; else one of them is enough.
    """

    numbers: int
    last: bool
    last_workday: bool
    weekdays: int
    nth: tuple[Nth, ...]
    needs_both: bool

    def of_month(self, first: int, length: int) -> int:
        """Return a bit for each day of a month.

        Args:
            first: the weekday of its first day.
            length: how many days it has.
        """
        by_number = self._by_number(first, length)
        by_weekday = self._by_weekday(first, length)
        fit = by_number & by_weekday if self.needs_both else by_number | by_weekday
        return fit & ((2 << length) - 2)

    def _by_number(self, first: int, length: int) -> int:
        bits = self.numbers
        if self.last:
            bits |= 1 << length
        if self.last_workday:
            weekday = (first + length - 1) % _WEEK
            back = {0: 2, _FRIDAY + 1: 1}.get(weekday, 0)
            bits |= 1 << (length - back)
        return bits

    def _by_weekday(self, first: int, length: int) -> int:
        turned = (self.weekdays | self.weekdays << _WEEK) >> first & ALL_WEEKDAYS
        bits = turned * _EACH_WEEK << 1
        for weekday, number in self.nth:
            earliest = 1 + (weekday - first) % _WEEK
            weeks = (length - earliest) // _WEEK if number == LAST else number - 1
            bits |= 1 << (earliest + _WEEK * weeks)
        return bits
