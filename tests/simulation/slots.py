"""The slots of a stored schedule, read without the code under test."""

import re
from collections.abc import Sequence

_EVERY = re.compile(r"every/1 (\d+)s from (\d+)")
# Of crons, those of every few minutes of an hour are enough to be simulated.
_CRON = re.compile(r"cron/1 \*/(5|10|15|20|30) \* \* \* \* in utc tzdata .+")
_AT = re.compile(r"at/1 (\d+)( .+)?")


def slots(schedule: str, since: int, until: int) -> Sequence[int]:
    """Return the slots later than an instant, up to another; all in seconds."""
    once = _AT.fullmatch(schedule)
    if once:
        return [slot for slot in [int(once[1])] if since < slot <= until]
    interval, anchor = _every(schedule)
    first = anchor + max((since - anchor) // interval + 1, 1) * interval
    return range(first, until + 1, interval)


def has(schedule: str, slot: int) -> bool:
    """Return whether a schedule has a slot at an instant, in seconds."""
    return slot in slots(schedule, slot - 1, slot)


def _every(schedule: str) -> tuple[int, int]:
    cron = _CRON.fullmatch(schedule)
    if cron:
        return int(cron[1]) * 60, 0
    match = _EVERY.fullmatch(schedule)
    assert match, schedule
    return int(match[1]), int(match[2])
