"""Identifiers: sortable names for what is made, random names for what is claimed."""

import os
from collections.abc import Callable
from datetime import datetime

from ulid import ULID

from chalicelib.clock import to_ms

_TIMESTAMP_BYTES = 6
_RANDOM_BYTES = 10
_CLAIM_BYTES = 12


class Ids:
    """A source of identifiers; tests hand in their own randomness."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random_bytes = random_bytes

    def ulid(self, now: datetime) -> str:
        """Return a ULID: 26 characters that sort by time of creation."""
        timestamp = to_ms(now).to_bytes(_TIMESTAMP_BYTES, "big")
        return str(ULID.from_bytes(timestamp + self._random_bytes(_RANDOM_BYTES)))

    def claim(self) -> str:
        """Return the random name of one claim, by which a worker knows its own again."""
        return self._random_bytes(_CLAIM_BYTES).hex()
