"""How much pairing there may be at once, and how long each of its states lasts.

What is counted by address refuses whoever goes on too fast. What is counted for the whole gateway
only makes it slower: a stranger must not be able to lock the operator's own device out.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ulid import ULID

from chalicelib.clock import EPOCH, from_ms

# Of a code.
ATTEMPTS = 5
SHORTEST_CODE = timedelta(seconds=30)
USUAL_CODE = timedelta(minutes=10)
LONGEST_CODE = timedelta(minutes=60)
CODES_OF_OPERATOR = 10
CODES_OF_OWNER = 100

# Of a request.
SESSION = timedelta(minutes=5)
APPROVAL = timedelta(minutes=10)
CLAIM = timedelta(minutes=10)
ACTIVATION = timedelta(minutes=10)
TYPED_NUMBERS = 3
PENDING = 20
PENDING_OF_ADDRESS = 3

# Of all requests.
MINUTE = timedelta(minutes=1)
BEGINS_OF_ADDRESS = 10
BEGINS = 60
FAILURES_IN = timedelta(minutes=10)
FAILURES = 20
REJECTIONS_IN = timedelta(minutes=10)
REJECTIONS = 3

# How often a node may ask whether its request was approved.
POLL = timedelta(seconds=3)
SLOWEST_POLL = timedelta(seconds=48)

_V6_SITE = 64


def window(now: datetime, length: timedelta) -> datetime:
    """Return when the window began in which an instant is counted."""
    return now - (now - EPOCH) % length


def since(ids: Iterable[str], instant: datetime) -> Sequence[str]:
    """Return those ULIDs that were made after an instant, the oldest first."""
    return sorted(each for each in ids if _made_at(each) > instant)


def until_room(ids: Sequence[str], most: int, length: timedelta, now: datetime) -> timedelta:
    """Return how long it takes until fewer than so many of these ULIDs are of the last while."""
    if not ids:
        return length
    return _made_at(ids[max(len(ids) - most, 0)]) + length - now


def site(address: str) -> str:
    """Return what is counted as one address: of IPv6 the network that one customer is given."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _V6_SITE), strict=False))
    return str(found)


def slower(interval: timedelta) -> timedelta:
    """Return how long a node has to wait that asked too early."""
    return min(2 * interval, SLOWEST_POLL)


def _made_at(ulid: str) -> datetime:
    return from_ms(ULID.from_str(ulid).milliseconds)
