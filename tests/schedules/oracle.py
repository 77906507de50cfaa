"""The rules of a cron schedule, followed time by time: slow, and with nothing clever in it.

Debian's crontab(5) and cron(8), for every change of clocks: it shares no code with the engine.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import product

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
_MONTHS = ["", *(f"{datetime(2000, month, 1, tzinfo=UTC):%b}".upper() for month in range(1, 13))]
_WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def slots(expression: str, zone: tzinfo, first: datetime, last: datetime) -> list[datetime]:
    """Return all slots from one instant to another, both included."""
    found: set[datetime] = set()
    minutes, hours, *_ = expression.split()
    day = (first.astimezone(UTC) - 2 * DAY).date()
    while day <= (last.astimezone(UTC) + 2 * DAY).date():
        if day_is_named(expression, day):
            for hour, minute in product(_values(hours, 1), _values(minutes, 0)):
                found |= {*_slots_of(expression, zone, datetime.combine(day, time(hour, minute)))}
        day += DAY
    return sorted(slot for slot in found if first <= slot <= last)


def is_interval(expression: str) -> bool:
    """Return whether the job runs at intervals, and not at fixed times."""
    minute, hour, *_ = expression.split()
    return minute.startswith("*") or hour.startswith("*")


def time_is_named(expression: str, shown: datetime) -> bool:
    """Return whether the minute and the hour fit."""
    minute, hour, *_ = expression.split()
    return shown.minute in _values(minute, 0) and shown.hour in _values(hour, 1)


def day_is_named(expression: str, day: date) -> bool:
    """Return whether the month fits, and one of both other fields, or both of them."""
    _, _, numbers, months, weekdays = expression.split()
    if day.month not in _values(months, 3):
        return False
    by_number = any(_is_number(term, day) for term in numbers.split(","))
    by_weekday = any(_is_weekday(term, day) for term in weekdays.split(","))
    if numbers.startswith("*") or weekdays.startswith("*"):
        return by_number and by_weekday
    return by_number or by_weekday


def _slots_of(expression: str, zone: tzinfo, shown: datetime) -> Iterator[datetime]:
    """Yield the instants that a time which is named stands for."""
    passes = sorted({instant for fold in (0, 1) if (instant := _instant(zone, shown, fold))})
    if is_interval(expression):
        yield from passes
    elif passes:
        yield passes[0]
    else:
        yield _end_of_gap(zone, shown)


def _instant(zone: tzinfo, shown: datetime, fold: int) -> datetime | None:
    instant = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return instant if _clock(zone, instant) == shown else None


@cache
def _end_of_gap(zone: tzinfo, shown: datetime) -> datetime:
    instant = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    for step in (MINUTE, SECOND):
        while _clock(zone, instant + step) < shown:
            instant += step
    return instant + SECOND


def _clock(zone: tzinfo, instant: datetime) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _is_number(term: str, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    if term.upper() == "L":
        return day.day == length
    if term.upper() == "LW":
        last = day.replace(day=length)
        while last.isoweekday() > 5:
            last -= DAY
        return day == last
    return day.day in _values(term, 2)


def _is_weekday(term: str, day: date) -> bool:
    weekday = day.isoweekday() % 7
    if term.upper().endswith("L"):
        return weekday == int(term[:-1]) % 7 and (day + 7 * DAY).month != day.month
    if "#" in term:
        named, number = term.split("#")
        return weekday in _values(named, 4) and (day.day - 1) // 7 + 1 == int(number)
    return weekday in _values(term, 4)


@cache
def _values(text: str, place: int) -> frozenset[int]:
    """Return the numbers of a field."""
    low, high = _LIMITS[place]
    found: set[int] = set()
    for term in text.split(","):
        base, _, step = term.partition("/")
        first, _, last = base.partition("-")
        begin = low if base == "*" else _number(first, place)
        end = high if base == "*" or (step and not last) else _number(last or first, place)
        found |= {
            number for number in range(begin, end + 1) if (number - begin) % int(step or 1) == 0
        }
    return frozenset(number % 7 if place == 4 else number for number in found)


def _number(word: str, place: int) -> int:
    names = {3: _MONTHS, 4: _WEEKDAYS}.get(place, [])
    return names.index(word.upper()) if word.upper() in names else int(word)
