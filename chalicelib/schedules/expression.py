"""A cron expression: five fields, or a macro that stands for them."""

import re
from functools import lru_cache

from chalicelib.schedules.days import Days
from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.fields import (
    DAY,
    FIELD,
    HOUR,
    MINUTE,
    MONTH,
    ORDER,
    WEEKDAY,
    Field,
    Read,
    read_field,
    refused,
)
from chalicelib.schedules.pattern import Pattern

__all__ = ["FIELD", "LONGEST", "parse", "parsed"]

LONGEST = 128
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_THE_FIELDS = "minute, hour, day of the month, month and weekday"
_SHORTER = 'for intervals below a minute use {"every": "30s"}'
_STARTUP = 'use {"at": ...} for one instant in the future, or run the job by hand'
_AN_EXAMPLE = 'use five fields such as "30 2 * * 1-5"'


def parse(value: object) -> Pattern:
    """Return what an expression names.

    Raises:
        InvalidSchedule: it is none, or names a day that never comes; names the token and the fix.
    """
    if not isinstance(value, str):
        raise _invalid(f"{value!r:.60} is no cron expression", _AN_EXAMPLE)
    if len(value) > LONGEST:
        raise _too_long(value)
    return parsed(value)


@lru_cache(maxsize=1024)
def parsed(text: str) -> Pattern:
    """Return what a text names; remembered, since a container meets the same ones each minute."""
    fields = _fields(text)
    read = {field: read_field(field, word) for field, word in zip(ORDER, fields, strict=True)}
    pattern = Pattern(
        text=" ".join(each.text for each in read.values()),
        minutes=read[MINUTE].values,
        hours=read[HOUR].values,
        days=_days(read[DAY], read[WEEKDAY]),
        months=read[MONTH].values,
        repeats=read[MINUTE].has_star or read[HOUR].has_star,
    )
    if len(pattern.text) > LONGEST:
        raise _too_long(pattern.text)
    if not pattern.ever_comes:
        raise _never(read)
    return pattern


def _fields(text: str) -> list[str]:
    """Return the five fields."""
    words = re.split(r"\s+", text.strip(), flags=re.ASCII) if text.strip() else []
    if words and words[0].startswith("@"):
        return _macro(" ".join(words)).split()
    if len(words) == len(ORDER):
        return words
    shown = f"{text!r} has {len(words)} field{'s' * (len(words) != 1)}"
    if len(words) == len(ORDER) + 1:
        raise _invalid(shown, f"leave the seconds out: {_THE_FIELDS}; {_SHORTER}")
    if len(words) == len(ORDER) + 2:
        raise _invalid(shown, f"leave the seconds and the year out: {_THE_FIELDS}; {_SHORTER}")
    raise _invalid(shown, f"use five: {_THE_FIELDS}")


def _macro(text: str) -> str:
    name, _, rest = text.lower().partition(" ")
    if name == "@reboot":
        raise refused(text, "is no time: nothing here starts up", _STARTUP)
    if name == "@every":
        interval = rest.strip() or "5m"
        raise refused(text, "is no cron expression", f'use {{"every": "{interval}"}}')
    if name not in _MACROS or rest:
        raise refused(text, "is no macro", f"use one of {', '.join(_MACROS)}")
    return _MACROS[name]


def _days(numbers: Read, weekdays: Read) -> Days:
    return Days(
        numbers=numbers.values,
        last=numbers.last,
        last_workday=numbers.last_workday,
        weekdays=weekdays.values,
        nth=weekdays.nth,
        needs_both=numbers.has_star or weekdays.has_star,
    )


def _never(read: dict[Field, Read]) -> InvalidSchedule:
    day, month, weekday = read[DAY].text, read[MONTH].text, read[WEEKDAY].text
    if weekday == "*":
        return _invalid(
            f'it never fires: no month of "{month}" has a day "{day}"',
            'choose a day that one of the months has, or "L" for the last one',
        )
    return _invalid(
        f'it never fires: no day "{day}" of month "{month}" is ever a weekday "{weekday}"',
        "a day must fit both fields when one of them starts with *: change one of them",
    )


def _too_long(text: str) -> InvalidSchedule:
    return _invalid(f"{text!r:.60} is too long", f"use at most {LONGEST} characters")


def _invalid(detail: str, fix: str) -> InvalidSchedule:
    return InvalidSchedule(detail, field=FIELD, fix=fix)
