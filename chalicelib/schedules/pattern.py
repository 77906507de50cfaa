"""A cron expression as sets of bits, and the search for the minutes that it names.

What is searched is the calendar, as clocks on a wall show it, without any time zone: seconds that
they show are counted since 1970 as if they never changed. The search jumps from month to month,
from day to day and to the minute; it never tries one minute after the other.
"""

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from chalicelib.clock import LAST_YEAR
from chalicelib.schedules.days import Days

FIRST_YEAR = 1900
_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_FEBRUARY = 2
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_YEAR, _OTHER_YEAR = 2000, 2001
_REMEMBERED = 1024


class _Memory(dict[int, int]):
    """Answers that are remembered, but not without end."""

    def __init__(self, answer: Callable[[int], int]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, number: int) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        answer = self[number] = self._answer(number)
        return answer


@dataclass(frozen=True, slots=True)
class Pattern:
    """The minutes that an expression names, in the years 1900 to 9000.

    A day is known by its number since 1970, a month by its eve, the day before its first.

    Attributes:
        text: the expression, normalised: five fields of numbers.
        minutes: bits 0 to 59.
        hours: bits 0 to 23.
        days: days of a month.
        months: bits 1 to 12.
        repeats: it is a job that runs at intervals rather than at a time: its minute or its hour
            field starts with `*`.
    """

    text: str
    minutes: int
    hours: int
    days: Days
    months: int
    repeats: bool
    _times: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _sort_of_month: _Memory = field(init=False, repr=False, compare=False)
    _month: _Memory = field(init=False, repr=False, compare=False)
    _rest_of_month: _Memory = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Lay out the minutes of a day, each as the second that it begins with."""
        minutes = values(self.minutes)
        times = [60 * (60 * hour + minute) for hour in values(self.hours) for minute in minutes]
        object.__setattr__(self, "_times", tuple(times))
        object.__setattr__(self, "_sort_of_month", _Memory(self._read_sort_of_month))
        object.__setattr__(self, "_month", _Memory(self._read_month))
        object.__setattr__(self, "_rest_of_month", _Memory(self._read_rest_of_month))

    @property
    def ever_comes(self) -> bool:
        """Return whether there is a day, in any year, that it names."""
        return any(
            self.days.of_month(first, length)
            for month in values(self.months)
            for length in {_length(_LEAP_YEAR, month), _length(_OTHER_YEAR, month)}
            for first in range(7)
        )

    @property
    def most_a_day(self) -> int:
        """Return how many minutes of a day it names, where it names the day."""
        return len(self._times)

    def next(self, shown: int) -> int | None:
        """Return the first minute named at or after what clocks show, or None after the last."""
        day, second = divmod(shown, _DAY)
        times, days = self._times, self._rest_of_month[day]
        if days & 1 and second <= times[-1]:
            return shown - second + times[bisect_left(times, second)]
        if later := days >> 1:
            return (day + 1 + _lowest(later)) * _DAY + times[0]
        for eve in self._eves_after(day):
            if days := self._month[eve]:
                return (eve + _lowest(days)) * _DAY + times[0]
        return None

    def previous(self, shown: int) -> int | None:
        """Return the last minute named at or before what clocks show, or None before the first."""
        day, second = divmod(shown, _DAY)
        of_month = date.fromordinal(day + _EPOCH).day
        times, days = self._times, self._month[day - of_month]
        if days >> of_month & 1 and second >= times[0]:
            return shown - second + times[bisect_right(times, second) - 1]
        if earlier := days & ((1 << of_month) - 1):
            return (day - of_month + _highest(earlier)) * _DAY + times[-1]
        for eve in self._eves_before(day):
            if days := self._month[eve]:
                return (eve + _highest(days)) * _DAY + times[-1]
        return None

    def count(self, first: int, last: int) -> int:
        """Return how many minutes are named from one that clocks show to another, both included.

        It takes a step for each month between them, however many minutes those have.
        """
        if last < first:
            return 0
        times = self._times
        (begin, early), (end, late) = divmod(first, _DAY), divmod(last, _DAY)
        number = sum(self._days_between(begin, end)) * len(times)
        if self._rest_of_month[begin] & 1:
            number -= bisect_left(times, early)
        if self._rest_of_month[end] & 1:
            number -= len(times) - bisect_right(times, late)
        return number

    def _days_between(self, begin: int, end: int) -> Iterator[int]:
        """Yield how many days are named in each month from one day to another."""
        while begin <= end:
            now = date.fromordinal(begin + _EPOCH)
            rest = _length(now.year, now.month) - now.day
            yield (self._rest_of_month[begin] & ((2 << min(rest, end - begin)) - 1)).bit_count()
            begin += rest + 1

    def _eves_after(self, day: int) -> Iterator[int]:
        """Yield the eves of the months named that are later than a day's."""
        now, months = date.fromordinal(day + _EPOCH), values(self.months)
        yield from (_eve(now.year, month) for month in months if month > now.month)
        for year in range(now.year + 1, LAST_YEAR + 1):
            for month in months:
                yield _eve(year, month)

    def _eves_before(self, day: int) -> Iterator[int]:
        """Yield the eves of the months named that are earlier than a day's, backwards."""
        now, months = date.fromordinal(day + _EPOCH), values(self.months)[::-1]
        yield from (_eve(now.year, month) for month in months if month < now.month)
        for year in range(now.year - 1, FIRST_YEAR - 1, -1):
            for month in months:
                yield _eve(year, month)

    def _read_rest_of_month(self, day: int) -> int:
        """Return the days from one to the end of its month: bit 0 is the day itself."""
        of_month = date.fromordinal(day + _EPOCH).day
        return self._month[day - of_month] >> of_month

    def _read_month(self, eve: int) -> int:
        """Return the days of a month: bit 1 is its first."""
        first = date.fromordinal(eve + _EPOCH + 1)
        if not self.months >> first.month & 1:
            return 0
        return self._sort_of_month[first.isoweekday() % 7 << 5 | _length(first.year, first.month)]

    def _read_sort_of_month(self, sort: int) -> int:
        """Return the days of every month that begins and ends like that; there are 28 sorts."""
        return self.days.of_month(sort >> 5, sort & 31)


def values(bits: int) -> list[int]:
    """Return the numbers of the bits that are set, in order."""
    return [number for number in range(bits.bit_length()) if bits >> number & 1]


def _eve(year: int, month: int) -> int:
    return date(year, month, 1).toordinal() - _EPOCH - 1


def _length(year: int, month: int) -> int:
    return 29 if month == _FEBRUARY and isleap(year) else _LENGTHS[month]


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _highest(bits: int) -> int:
    return bits.bit_length() - 1
