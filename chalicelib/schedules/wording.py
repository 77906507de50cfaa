"""A cron pattern in plain English: short words for common shapes, exact ones for all others."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from chalicelib.schedules.days import ALL_DAYS, ALL_WEEKDAYS, LAST, Days
from chalicelib.schedules.pattern import Pattern, values

_EVERY_MINUTE = range(60)
_EVERY_HOUR = range(24)
_ALL_MONTHS = (1 << 13) - 2
_FEW = 6
_A_SERIES = 4
_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ORDINALS = {LAST: "last", 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_BOTH = "both must fit, as one of these fields starts with *"


def explain(pattern: Pattern, zone: str) -> str:
    """Return when a pattern comes in a time zone."""
    minutes, hours = values(pattern.minutes), values(pattern.hours)
    when, day = _time(minutes, hours), _day(pattern.days, pattern.months)
    if not day and hours == [*_EVERY_HOUR]:
        return when  # What clocks show makes no difference to speak of.
    if when.startswith("at ") and not day.startswith("on "):
        day = f"every day {day}"
    words = f"{when} {day}".strip()
    return f"{words}, {zone.upper() if zone == 'utc' else zone}{_note(pattern.days)}"


def _time(minutes: Sequence[int], hours: Sequence[int]) -> str:
    """Return at which times of a day."""
    if minutes == [0] and (step := _step(hours, len(_EVERY_HOUR))):
        return _every(step, "hour")
    if len(minutes) * len(hours) <= _FEW:
        return f"at {_listed([f'{h:02}:{m:02}' for h in hours for m in minutes])}"
    if step := _step(minutes, len(_EVERY_MINUTE)):
        return f"{_every(step, 'minute')}{_between(hours, minutes)}"
    if len(minutes) == 1 and hours != [*_EVERY_HOUR] and _is_run(hours):
        return f"every hour{_between(hours, minutes)}"
    noun = "minute" if len(minutes) == 1 else "minutes"
    return f"at {noun} {_numbers(minutes)} of {_of_hours(hours)}"


def _between(hours: Sequence[int], minutes: Sequence[int]) -> str:
    if hours == [*_EVERY_HOUR]:
        return ""
    if _is_run(hours):
        return f" from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    return f" of {_of_hours(hours)}"


def _of_hours(hours: Sequence[int]) -> str:
    if step := _step(hours, len(_EVERY_HOUR)):
        return "every hour" if step == 1 else f"every {step} hours from midnight"
    return f"{'hour' if len(hours) == 1 else 'hours'} {_numbers(hours)}"


def _day(days: Days, months: int) -> str:
    """Return on which days."""
    by_number = "" if days.numbers == ALL_DAYS else _by_number(days)
    by_weekday = "" if days.weekdays == ALL_WEEKDAYS else _by_weekday(days)
    named = _listed([_MONTHS[month] for month in values(months)], runs=values(months))
    of_month = "of each month" if months == _ALL_MONTHS else f"of {named}"
    in_month = "" if months == _ALL_MONTHS else f"in {named}"
    if not days.needs_both and not (by_number and by_weekday):
        by_number = by_weekday = ""  # A field that names all days leaves nothing to the other.
    if not by_number and not by_weekday:
        return in_month
    if not by_weekday:
        return f"on {by_number} {of_month}"
    on_weekday = f"on {by_weekday} {of_month if days.nth else in_month}".strip()
    if not by_number:
        return on_weekday
    if days.needs_both:
        return f"on {by_number} {of_month} if that is {by_weekday}"
    return f"on {by_number} {of_month}, and also {on_weekday}"


def _by_number(days: Days) -> str:
    numbers = values(days.numbers)
    words = [f"{'day' if len(numbers) == 1 else 'days'} {_numbers(numbers)}"] if numbers else []
    words += ["the last day"] * days.last
    words += ["the last workday (Monday to Friday)"] * days.last_workday
    return _listed(words)


def _by_weekday(days: Days) -> str:
    weekdays = values(days.weekdays)
    words = [_listed([_WEEKDAYS[each] for each in weekdays], runs=weekdays)] if weekdays else []
    words += [f"the {_ORDINALS[nth.number]} {_WEEKDAYS[nth.weekday]}" for nth in days.nth]
    return _listed(words)


def _note(days: Days) -> str:
    """Return a warning where the star of `*/2` makes two fields narrow each other."""
    is_restricted = days.numbers != ALL_DAYS and (days.weekdays != ALL_WEEKDAYS)
    return f" ({_BOTH})" if days.needs_both and is_restricted else ""


def _step(numbers: Sequence[int], size: int) -> int:
    """Return the step of numbers that come evenly for ever, or 0."""
    if len(numbers) == 1:
        return 0
    step = numbers[1] - numbers[0]
    return step if size % step == 0 and [*numbers] == [*range(0, size, step)] else 0


def _every(step: int, unit: str) -> str:
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _is_run(numbers: Sequence[int]) -> bool:
    return len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers in words: runs by their ends, a long series by its beginning and end."""
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    if len(numbers) >= _A_SERIES and len(steps) == 1 and steps != {1}:
        return f"{numbers[0]}, {numbers[1]}, {numbers[2]} .. {numbers[-1]}"
    return _listed([str(number) for number in numbers], runs=numbers)


def _listed(words: Iterable[str], runs: Sequence[int] = ()) -> str:
    """Return words as a list; where numbers are given, runs of three and more by their ends."""
    words = [*words]
    parts: list[str] = []
    start = 0
    for index in range(len(words)):
        if runs and index + 1 < len(words) and runs[index + 1] == runs[index] + 1:
            continue
        if index - start > 1:
            parts.append(f"{words[start]} to {words[index]}")
        else:
            parts += words[start : index + 1]
        start = index + 1
    if not runs:
        parts = words
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
