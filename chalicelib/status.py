"""Whether all is well: the rules behind `/v1/status`."""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.clock import rfc3339

# Ticks come once a minute: two were missed, and the third is late.
LONGEST_SINCE_TICK = timedelta(seconds=150)


class Signs(NamedTuple):
    """What can be seen of a stage from outside.

    Attributes:
        last_tick: None before the first one.
        oldest_due_slot: the earliest slot that is due and was not handed over, or None.
        active_incidents: how many incidents are not resolved.
        failed_jobs: how many jobs the last tick could not hand over.
        last_sweep: None before the first one, which comes as soon as the first tick.
    """

    last_tick: datetime | None
    oldest_due_slot: datetime | None
    active_incidents: int
    failed_jobs: int
    last_sweep: datetime | None = None


def complaints(signs: Signs, now: datetime, grace: timedelta) -> list[str]:
    """Return what is wrong, in plain English; nothing where all is well.

    Args:
        signs: what was seen.
        now: the instant of the question.
        grace: how late a slot may be and still run.
    """
    found = [
        _of_ticks(signs.last_tick, now),
        _of_sweeps(signs.last_sweep, now),
        _of_slots(signs.oldest_due_slot, now, grace),
        _of_jobs(signs.failed_jobs),
        _of_incidents(signs.active_incidents),
    ]
    return [each for each in found if each]


def _of_ticks(last: datetime | None, now: datetime) -> str:
    if last is None:
        return "no tick has run yet"
    if now - last <= LONGEST_SINCE_TICK:
        return ""
    return f"the last tick was {(now - last) // timedelta(seconds=1)} s ago"


def _of_sweeps(last: datetime | None, now: datetime) -> str:
    if last is None or now - last <= LONGEST_SINCE_TICK:
        return ""
    return f"the last sweep was {(now - last) // timedelta(seconds=1)} s ago"


def _of_slots(oldest: datetime | None, now: datetime, grace: timedelta) -> str:
    if oldest is None or now - oldest <= grace:
        return ""
    return f"a slot that was due at {rfc3339(oldest)} was not handed over"


def _of_jobs(failed: int) -> str:
    if not failed:
        return ""
    number = "1 job" if failed == 1 else f"{failed} jobs"
    return f"the last tick could not hand over {number}"


def _of_incidents(active: int) -> str:
    if not active:
        return ""
    return "1 incident is active" if active == 1 else f"{active} incidents are active"
