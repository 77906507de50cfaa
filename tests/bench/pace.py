"""How fast the machine is at this moment, beside the one that goals of time were set on.

A goal in milliseconds says nothing on a machine that others use, too: the same work takes twice as
long there from one minute to the next. So a time is taken right after a piece of work of known
length, and divided by how much longer that took than it should.
"""

import hashlib
import re
import time
from collections.abc import Callable

# What the piece of work takes where nobody else is at work.
_SECONDS = 0.020
_WORD = re.compile(r"\b[a-z]{3,}(?:-[a-z]+)*\b")
_TEXT = "the worker takes its task by a token, and lets go of it when it ends " * 40


def fastest(seconds: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Return the shortest time of some rounds, as it would be on a machine of its own.

    Args:
        seconds: does the work once, and returns the processor time of it.
        rounds: how often.

    Returns:
        The time in seconds, and how much slower than alone the machine was in that round.
    """
    taken = []
    for _ in range(rounds):
        slower = max(_known() / _SECONDS, 1.0)
        taken.append((seconds() / slower, slower))
    return min(taken)


def _known() -> float:
    """Return the processor time of the piece of work."""
    before = time.process_time()
    for number in range(60):
        words = _WORD.findall(_TEXT)
        digest = hashlib.sha256(f"{number}{len(words)}".encode()).digest()
        [hashlib.sha256(digest + word.encode()).hexdigest() for word in words[:200]]
    return time.process_time() - before
