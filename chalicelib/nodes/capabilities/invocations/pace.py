"""How soon a device is to ask again: often while there is something to do, seldom when not."""

from datetime import datetime, timedelta

SHORTEST, LONGEST = timedelta(seconds=5), timedelta(seconds=60)
_DOUBLES_EVERY = timedelta(minutes=2)


def pause(last_active: datetime | None, now: datetime, *, is_busy: bool) -> timedelta:
    """Return how long a device waits before it asks for its requests again.

    It doubles with every two minutes in which nothing was asked of it.

    Args:
        last_active: when something was asked of it, or answered, last; None for never.
        now: the present instant.
        is_busy: there is something open.
    """
    if is_busy:
        return SHORTEST
    if last_active is None:
        return LONGEST
    doublings = max(now - last_active, timedelta()) // _DOUBLES_EVERY
    times: int = 2 ** min(doublings, LONGEST // SHORTEST)
    return min(SHORTEST * times, LONGEST)
