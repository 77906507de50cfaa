"""Jitter: how much later than its instant a slot begins, so that jobs do not all begin at once.

It is computed from the job and the slot alone: who asks twice is told the same. A slot keeps its
instant, in the ledger and for the slot after it; only its run begins later, and never later than
halfway to that next slot.
"""

from datetime import datetime, timedelta

from chalicelib.background.backoff import share
from chalicelib.background.task import slot_key


def begins_at(
    job: str, slot: datetime, following: datetime | None, most: timedelta
) -> datetime | None:
    """Return when a slot's run begins, or None where that is the slot itself.

    Args:
        job: what tells the job from all others.
        slot: the instant of the slot.
        following: the slot after it, or None for the last one.
        most: the longest jitter; none is none.
    """
    if following is not None:
        most = min(most, (following - slot) / 2)
    late = share(most, job, slot_key(slot))
    return slot + late if late else None
