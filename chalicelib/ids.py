"""Identifiers: names that sort by time for what operators make."""

import os
from collections.abc import Callable
from datetime import datetime

from ulid import ULID

from chalicelib.clock import to_ms

_TIMESTAMP_BYTES = 6
_RANDOM_BYTES = 10


class Ids:
    """A source of identifiers; tests hand in their own randomness."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes

    def ulid(self, now: datetime) -> str:
        """Return a ULID: 26 characters that sort by time of creation."""
        timestamp = to_ms(now).to_bytes(_TIMESTAMP_BYTES, "big")
        return str(ULID.from_bytes(timestamp + self._random_bytes(_RANDOM_BYTES)))
