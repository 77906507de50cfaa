"""What becomes of a next slot that was computed with other time zones than those of today.

A schedule says by which version of the tzdata its next slot was computed. Where the clocks of its
zone have been decided anew since, each slot of the old view is taken for the slot of the new one
that is nearest to it: changes are a matter of hours, and announced ahead. So nothing fires twice
and nothing is left out; where the slot has come earlier, it is as late as any other that is late.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.schedules import Cron, Schedule, timezone


def is_outdated(schedule: Schedule) -> bool:
    """Return whether a schedule's next slot was computed with another tzdata."""
    return isinstance(schedule, Cron) and schedule.tzdata != timezone.VERSION


def rebased(schedule: Schedule) -> Schedule:
    """Return a schedule as of today's tzdata."""
    return replace(schedule, tzdata=timezone.VERSION) if isinstance(schedule, Cron) else schedule


def rebased_slot(schedule: Schedule, slot: datetime) -> datetime:
    """Return what a slot of the old view is by the new one."""
    if slot in schedule:
        return slot
    near = (schedule.latest_until(slot), schedule.next_after(slot))
    found = [each for each in near if each is not None]
    return min(found, key=lambda each: abs(each - slot), default=slot)
