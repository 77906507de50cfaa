"""Names in certificates: gateways, owners and devices, as text that can be nothing else."""

import re
from typing import NamedTuple

_GATEWAY = re.compile(r"gw-[0-9a-f]{16}")
_OWNER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_DEVICE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_URI = re.compile(r"spiffe://(gw-[0-9a-f]{16})/node/([0-7][0-9A-HJKMNP-TV-Z]{25})")


class NodeName(NamedTuple):
    """A device as its certificate's URI names it."""

    gateway_id: str
    device_id: str

    @property
    def uri(self) -> str:
        """Return the SPIFFE id."""
        return f"spiffe://{self.gateway_id}/node/{self.device_id}"


def read_uri(text: str) -> NodeName | None:
    """Return the name that a URI is, or None where it is no node's."""
    found = _URI.fullmatch(text)
    return NodeName(found[1], found[2]) if found else None


def is_device_id(text: str) -> bool:
    """Return whether a device could have this id: a ULID in upper case."""
    return bool(_DEVICE.fullmatch(text))


def is_owner(text: str) -> bool:
    """Return whether a workspace could have this name."""
    return bool(_OWNER.fullmatch(text))


def gateway_id(random_bytes: bytes) -> str:
    """Return the id of a new gateway, of eight random bytes."""
    return f"gw-{random_bytes.hex()}"


def is_gateway_id(text: str) -> bool:
    """Return whether a gateway could have this id."""
    return bool(_GATEWAY.fullmatch(text))
