"""Backoff: how long to wait after a failed attempt before the next one."""

import hashlib
from datetime import timedelta
from typing import NamedTuple

CAP = timedelta(hours=1)
_MOST_DOUBLINGS = 16
_WHOLE = 100


class Backoff(NamedTuple):
    """Exponential pauses with a cap, and a jitter that is no chance.

    Attributes:
        base: the pause after the first failed attempt; doubled for each further one.
        cap: the longest pause.
        jitter_percent: by how much a pause may be shorter, so that tasks that failed together for
            one reason are not all tried again together.
    """

    base: timedelta
    cap: timedelta = CAP
    jitter_percent: int = 0

    def after(self, attempt: int, name: str = "") -> timedelta:
        """Return the pause after an attempt, counted from 0, of the task of a name."""
        doublings: int = 2 ** min(attempt, _MOST_DOUBLINGS)
        pause = min(self.base * doublings, self.cap)
        return pause - share(pause * self.jitter_percent / _WHOLE, name, str(attempt))


def share(whole: timedelta, *names: str) -> timedelta:
    """Return a part of a time, from none to all in whole seconds; the same for these names."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    parts = whole // timedelta(seconds=1) + 1
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % parts)
