"""The check of clocks."""

from datetime import timedelta

from chalicelib.healing.doctor.check import Look, found
from chalicelib.healing.doctor.rooms import Rooms

MOST_SKEW = timedelta(seconds=5)
_A_SECOND = timedelta(seconds=1)


def skew(rooms: Rooms) -> Look:
    """Hold this function's clock against the date of an answer of AWS.

    The date is rounded down to a second, and somewhere between question and answer: the least
    difference that explains all three is what is told.
    """
    asked = rooms.clock.now()
    date = rooms.cloud.date()
    answered = rooms.clock.now()
    ahead, behind = asked - (date + _A_SECOND), date - answered
    least = max(ahead, behind, timedelta())
    what = f"this function's clock is {'ahead' if ahead > behind else 'behind'}"
    bad = [f"{what} by {least.total_seconds():.1f} s"] if least > MOST_SKEW else []
    place = "the local cloud's" if rooms.cloud.is_local else "AWS's"
    return found(bad, f"it agrees with {place}, to {least.total_seconds() + 1:.0f} s")
