"""Misfire policies: what becomes of a slot that nobody handed over in time.

A slot within the grace is handed over however late it is. What is older was missed, and there is no
limit to how far back a tick looks: missed slots that do not run share one range row, whatever their
number, which is computed and never walked.

Skip: none of them runs. CatchUp: of what was missed in the last day, up to three slots run, each
for itself; of more than three the newest alone, for all of them. What is older than a day waits for
an operator, since nobody can say whether it is still wanted.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.background.task import Origin, Outcome
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import Schedule

MOST_CAUGHT_UP = 3
CATCH_UP_WINDOW = timedelta(hours=24)
_MOMENT = timedelta(microseconds=1)


class Plan(NamedTuple):
    """What a tick puts into the ledger for a due slot: its outcome, up to its last slot."""

    outcome: Outcome
    last: datetime
    reason: str = ""
    origin: Origin = Origin.SCHEDULE


def plan(
    slot: datetime,
    schedule: Schedule,
    now: datetime,
    grace: timedelta,
    policy: CronMisfirePolicy = CronMisfirePolicy.SKIP,
    until: datetime | None = None,
) -> Plan:
    """Decide what becomes of a due slot that has no row yet.

    Args:
        slot: the due slot.
        schedule: the one that it is a slot of.
        now: the instant of the tick.
        grace: how late a slot may be and still be handed over.
        policy: of the slot's job.
        until: the last instant that the same may be decided for; None for any. What comes behind
            it has another reason, as slots have that come due while everything is paused.
    """
    limit = now - grace
    if slot > limit:
        return Plan(Outcome.HANDED, slot)
    limit = min(limit, until or limit)
    if policy is CronMisfirePolicy.SKIP:
        return _missed(slot, schedule, limit, Reason.MISSED)
    # A grace of a day leaves nothing between it and what is too old.
    too_old = min(now - CATCH_UP_WINDOW, limit)
    if slot <= too_old:
        return _missed(slot, schedule, too_old, Reason.REVIEW)
    newest = _newest(slot, schedule, limit)
    if newest[-1] <= slot:
        return Plan(Outcome.HANDED, slot, origin=Origin.CATCH_UP)
    return _missed(slot, schedule, newest[1], Reason.COLLAPSED)


def _missed(slot: datetime, schedule: Schedule, until: datetime, reason: Reason) -> Plan:
    return Plan(Outcome.MISFIRED, schedule.latest_until(until) or slot, reason)


def _newest(slot: datetime, schedule: Schedule, limit: datetime) -> list[datetime]:
    """Return the newest slots from one to a limit, the last one first: at most those that run."""
    found = [schedule.latest_until(limit) or slot]
    while len(found) < MOST_CAUGHT_UP and found[-1] > slot:
        found.append(schedule.latest_until(found[-1] - _MOMENT) or slot)
    return found
