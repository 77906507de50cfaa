"""The check of the gate."""

from datetime import timedelta

from chalicelib.healing.doctor.check import Look, Verdict, found, ok
from chalicelib.healing.doctor.rooms import Rooms

_LONG = timedelta(hours=1)


def open(rooms: Rooms) -> Look:  # noqa: A001 - checks are found by their keys
    """See whether somebody has forgotten to open it."""
    period = rooms.gates.read().closed(rooms.owner)
    if period is None:
        return ok("it is open")
    told = f"{period.by} closed it {rooms.ago(period.since)} ago"
    is_long = rooms.clock.now() - period.since > _LONG
    return found([told] if is_long else [], told, verdict=Verdict.WARNING)
