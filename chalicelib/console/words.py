"""Words: instants, durations and long texts as people read them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_SECOND = timedelta(seconds=1)
_LINE = 88
_LONG, _MANY_LINES = 1_200, 24
_FIRST, _FIRST_LINES = 320, 5
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(at: datetime) -> str:
    """Return an instant in UTC, to the second."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M:%S} UTC"


def duration(took: timedelta) -> str:
    """Return how long something took, in its two largest units; a negative one as nothing."""
    took = max(took, timedelta())
    if took < _SECOND:
        return f"{took // timedelta(milliseconds=1)} ms"
    if took < 10 * _SECOND:
        return f"{took / _SECOND:.1f} s"
    parts, rest = [], took // _SECOND
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2])


def clock(at: datetime) -> str:
    """Return the time of day in UTC, to the second."""
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"


def local(at: datetime) -> str:
    """Return an instant as the clocks of its own zone show it, with their offset from UTC."""
    offset = f"{at:%z}"
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def pretty(content: Mapping[str, Any]) -> str:
    """Return JSON, what is short on one line; or nothing where it says nothing."""
    return _pretty(dict(content), "") if content else ""


def excerpt(text: str) -> str:
    """Return how a text begins that is too long to be shown whole, or nothing."""
    if len(text) <= _LONG and text.count("\n") < _MANY_LINES:
        return ""
    return "\n".join(text.splitlines()[:_FIRST_LINES])[:_FIRST].rstrip()


def count(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _pretty(value: Any, indent: str) -> str:
    line = _line(value)
    if len(indent) + len(line) <= _LINE or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{_line(name)}: {_pretty(value[name], deeper)}" for name in sorted(value)]
    else:
        parts = [_pretty(each, deeper) for each in value]
    body = ",\n".join(deeper + part for part in parts)
    return f"{line[0]}\n{body}\n{indent}{line[-1]}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
