"""One field of a cron expression: its values as bits, and its text in a form without defaults.

A field is a list of terms: `*`, a value, a range `a-b`, each with a step if need be, `a/s` for
`a` to the end in steps; in the day of the month `L` and `LW`; among the weekdays `5L` and `1#2`.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.schedules.days import LAST, Nth
from chalicelib.schedules.errors import InvalidSchedule

FIELD = "schedule.cron"


class Field(NamedTuple):
    """What a field may hold; `names` stand for its values from `lowest` on."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    @property
    def takes(self) -> str:
        """The values in words."""
        names = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.lowest} to {self.highest}{names}"


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY = Field("day of the month", 1, 31)
MONTH = Field(
    name="month",
    lowest=1,
    highest=12,
    names=("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
WEEKDAY = Field("weekday", 0, 7, names=("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
ORDER = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)

_DIGITS = re.compile(r"[0-9]+")
# A step of the last day is the last day: others take it, and nobody can mean anything else by it.
_STEPPED_LAST = re.compile(r"(LW?)(?:/0*[1-9][0-9]*)?", re.IGNORECASE)
_LAST_OF_ITS_KIND = re.compile(r"([0-7])L", re.IGNORECASE)
_NTH = re.compile(r"([^#]*)#0*([1-5])")
_SUNDAY = 7
_A_COMMA = "leave out the comma that nothing follows, or nothing precedes"


@dataclass(slots=True)
class Read:
    """What a field says.

    Attributes:
        values: a bit for each value.
        text: the field, normalised.
        has_star: it starts with `*`.
    """

    has_star: bool
    values: int = 0
    text: str = ""
    last: bool = False
    last_workday: bool = False
    nth: tuple[Nth, ...] = ()


def read_field(field: Field, word: str) -> Read:
    """Read one field.

    Raises:
        InvalidSchedule: it cannot be read; names the term and what would be right.
    """
    read = Read(has_star=word.startswith("*"))
    terms = word.split(",")
    if "" in terms:
        raise refused(word, f"has an empty term among those of the {field.name}", _A_COMMA)
    read.text = ",".join([_term(field, term, read) for term in terms])
    if field is WEEKDAY:
        read.values = (read.values | read.values >> _SUNDAY) & ~(1 << _SUNDAY)
        read.nth = tuple(sorted(set(read.nth)))
    return read


def refused(token: str, how: str, fix: str) -> InvalidSchedule:
    """Return the refusal of a token."""
    return InvalidSchedule(f'"{token:.60}" {how}', field=FIELD, fix=fix)


def _term(field: Field, term: str, read: Read) -> str:
    """Add what a term says; return it normalised."""
    if field is DAY and (last := _STEPPED_LAST.fullmatch(term)):
        text = last[1].upper()
        read.last |= text == "L"
        read.last_workday |= text == "LW"
        return text
    if field is WEEKDAY and (nth := _nth(term)):
        read.nth += (nth,)
        return f"{nth.weekday}L" if nth.number == LAST else f"{nth.weekday}#{nth.number}"
    base, slash, step = term.partition("/")
    values, text = _base(field, term, base)
    if not slash:
        read.values |= _bits(values)
        return str(values[0] % _SUNDAY) if field is WEEKDAY and len(values) == 1 else text
    if "-" not in base and base != "*":
        values, text = range(values[0], field.highest + 1), f"{values[0]}-{field.highest}"
    every = _step(field, term, step)
    read.values |= _bits(values[::every])
    return f"{text}/{every}"


def _bits(values: range) -> int:
    return sum([1 << value for value in values])


def _base(field: Field, term: str, base: str) -> tuple[range, str]:
    """Return the values of a term without its step."""
    if base == "*":
        return range(field.lowest, field.highest + 1), "*"
    first, dash, last = base.partition("-")
    low = _value(field, first, term)
    if not dash:
        return range(low, low + 1), str(low)
    high = _value(field, last, term)
    if high < low:
        raise _reversed(field, base, low, high)
    return range(low, high + 1), f"{low}-{high}"


def _value(field: Field, word: str, term: str) -> int:
    if (name := word.upper()) in field.names:
        return field.lowest + field.names.index(name)
    if _DIGITS.fullmatch(word) and field.lowest <= int(word) <= field.highest:
        return int(word)
    raise refused(word or term, f"is no {field.name}", _hint(field, word or term))


def _step(field: Field, term: str, step: str) -> int:
    if _DIGITS.fullmatch(step) and int(step):
        return int(step)
    raise refused(term, f"is no {field.name} with a step", "use a whole number from 1 as the step")


def _nth(term: str) -> Nth | None:
    """Return what `1#2` or `5L` says, or None where a term is nothing like it."""
    if last := _LAST_OF_ITS_KIND.fullmatch(term):
        return Nth(int(last[1]) % _SUNDAY, LAST)
    if "#" not in term:
        return None
    match = _NTH.fullmatch(term)
    if match is None:
        raise refused(term, "is no weekday with its number", 'use "1#1" to "1#5"')
    return Nth(_value(WEEKDAY, match[1], term) % _SUNDAY, int(match[2]))


def _reversed(field: Field, base: str, low: int, high: int) -> InvalidSchedule:
    """Return the refusal of a range that runs backwards, with the ranges that may be meant."""
    end = 6 if field is WEEKDAY else field.highest
    if field is WEEKDAY and high == 0:
        meant = f"{low}-7"
    else:
        meant = ",".join(
            str(a) if a == b else f"{a}-{b}" for a, b in ((low, end), (field.lowest, high))
        )
    return refused(base, "runs backwards", f'split it where it wraps: "{meant}"')


def _hint(field: Field, token: str) -> str:
    """Return what would be right."""
    for (where, sign), hint in _HINTS.items():
        if field in where and re.fullmatch(sign, token, re.IGNORECASE):
            return hint
    return f"use {field.takes}"


_HINTS = {
    (ORDER, r"\?"): 'use "*"',
    (ORDER, r"H(\(.*\))?"): "choose a value: nothing is hashed into a slot here",
    ((DAY,), r"[0-9]+W"): 'use a day, or "LW" for the last Monday to Friday of the month',
    ((DAY,), r"[0-9]+L"): 'use "L" for the last day; "5L" is a weekday, the last Friday',
    ((DAY,), r"LW?"): 'use "L" or "LW" alone, or in a list',
    ((WEEKDAY,), r"L|LW|[A-Z]{3}L"): 'use a number and L: "5L" for the last Friday',
    ((WEEKDAY,), r".+-.+"): 'a number goes with one weekday: "1#2,2#2"',
    ((WEEKDAY,), r"[0-7]L.*"): 'use "5L" alone, or in a list',
}
