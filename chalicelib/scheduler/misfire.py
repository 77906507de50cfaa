"""Misfire policy Skip: a slot that is too old to run is accounted for, not run.

Consecutive missed slots share one range row. A slot within the grace is handed over however late
it is; there is no limit to how far back a tick looks.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.background.task import Outcome
from chalicelib.schedules import Schedule


class Plan(NamedTuple):
    """What a tick puts into the ledger for a due slot: its outcome, up to its last slot."""

    outcome: Outcome
    last: datetime
    reason: str = ""


def plan(slot: datetime, schedule: Schedule, now: datetime, grace: timedelta) -> Plan:
    """Decide what becomes of a due slot that has no row yet."""
    limit = now - grace
    if slot > limit:
        return Plan(Outcome.HANDED, slot)
    return Plan(Outcome.MISFIRED, schedule.latest_until(limit) or slot, "missed")
