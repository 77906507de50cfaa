"""PairingCode: what the operator mints, and a node must have been told.

Its id is public: it says which code a node speaks of, and is told to nobody who does not know it.
Its secret is a PIN of six digits, or 256 bits in a QR code; it is shown once, when it is minted.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.nodes.pairing.limits import ATTEMPTS
from chalicelib.nodes.pairing.machine import CodeState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod

CODE_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_CHARACTERS = 4
_PIN_DIGITS = 6
_QR_BYTES = 32
_SCHEME = "gwpair:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """A code.

    Attributes:
        id: four characters, its own as long as it is live.
        serial: a ULID, its own for ever.
        minted_by: the operator.
        label: what the device is to be called.
        begun: the ids of the sessions that were begun with it: its attempts.
    """

    id: str
    serial: str
    owner: str
    method: PairingMethod
    client_kind: ClientKind
    minted_by: str
    label: str
    state: CodeState
    created_at: datetime
    expires_at: datetime
    begun: frozenset[str] = frozenset()

    def is_live(self, now: datetime) -> bool:
        """Return whether somebody may begin with it."""
        return (
            self.state is CodeState.ACTIVE and now < self.expires_at and len(self.begun) < ATTEMPTS
        )


@dataclass(frozen=True, slots=True)
class Secret:
    """What a node must have been told, in clear: for the one answer that hands it over.

    Attributes:
        content: the PIN's digits, or the 32 bytes of a QR code.
    """

    method: PairingMethod
    content: bytes

    def __repr__(self) -> str:
        """Show what kind it is, never what it is."""
        return f"Secret(method={self.method.value!r})"

    @property
    def pin(self) -> str:
        """Return the PIN."""
        return self.content.decode()


def mint_secret(method: PairingMethod, random_bytes: Callable[[int], bytes]) -> Secret:
    """Return a new secret."""
    if method is PairingMethod.QR:
        return Secret(method, random_bytes(_QR_BYTES))
    number = _below(10**_PIN_DIGITS, random_bytes)
    return Secret(method, f"{number:0{_PIN_DIGITS}}".encode())


def mint_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return a new id: four of Crockford's characters."""
    return "".join(_ALPHABET[each % len(_ALPHABET)] for each in random_bytes(_ID_CHARACTERS))


def qr_text(secret: Secret, code_id: str, gateway_id: str, url: str, ca_spki: bytes) -> str:
    """Return what a QR code says: all that a node must know, and the authority that it must see."""
    told = {
        "g": gateway_id,
        "u": url,
        "c": code_id,
        "s": unpadded(secret.content),
        "ca": unpadded(ca_spki),
    }
    return f"{_SCHEME}?{urlencode(told)}"


def unpadded(content: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _below(limit: int, random_bytes: Callable[[int], bytes]) -> int:
    """Return a number below a limit, each as likely as the others."""
    size = (limit.bit_length() + 7) // 8
    while True:
        number = int.from_bytes(random_bytes(size), "big")
        if number < (1 << 8 * size) // limit * limit:
            return number % limit
