"""The key schedule: from a secret that both sides know to the keys that prove they do.

Both methods end in it. A PIN is stretched by a PAKE first (`pake.py`), since it can be guessed; the
secret of a QR code has 256 bits and is the key itself. What both sides believe to be true - who
they are, which keys they will use, what they sent each other - is part of the salt, so that whoever
stands between them and changes any of it gets other keys on either side.

Every list of fields is hashed with the length of each, so that no two lists are one text.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

PROTOCOL = "gw-pair-v1"
_KEY_BYTES = 32
_SAS_BYTES = 8
_SAS_DIGITS = 6
_LENGTH_BYTES = 8


class Facts(NamedTuple):
    """What both sides of a handshake believe, without what they sent each other.

    Attributes:
        spki_sha256: SHA-256 over the node's public key (SubjectPublicKeyInfo, DER), 32 bytes.
        ca_spki_sha256: the same of the authority that will sign its certificate.
    """

    gateway_id: str
    code_id: str
    client_kind: str
    device_id: str
    spki_sha256: bytes
    ca_spki_sha256: bytes

    @property
    def node(self) -> bytes:
        """Return who the node is."""
        return joined("device", self.device_id, self.code_id, self.client_kind, self.spki_sha256)

    @property
    def gateway(self) -> bytes:
        """Return who the gateway is."""
        return joined("gateway", self.gateway_id, self.code_id, self.ca_spki_sha256)

    def transcript(self, session_id: str, msg_a: bytes, msg_b: bytes) -> bytes:
        """Return the digest of all that both sides believe, and of what they sent."""
        return joined(
            PROTOCOL,
            self.gateway_id,
            session_id,
            self.code_id,
            self.client_kind,
            self.device_id,
            self.spki_sha256,
            self.ca_spki_sha256,
            msg_a,
            msg_b,
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """What a handshake ends in.

    Attributes:
        confirm_device: what the node proves with that it has the same keys.
        confirm_gateway: what the gateway proves the same with.
        sas: six digits, which the node shows and the operator types.
        claim: the key that the node asks for its certificate with.
    """

    confirm_device: bytes = field(repr=False)
    confirm_gateway: bytes = field(repr=False)
    sas: str = field(repr=False)
    claim: bytes = field(repr=False)


def joined(*fields: str | bytes) -> bytes:
    """Return SHA-256 over fields, each behind its length."""
    digest = hashlib.sha256()
    for each in fields:
        content = each.encode() if isinstance(each, str) else each
        digest.update(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    return digest.digest()


def derive(secret: bytes, transcript: bytes) -> Keys:
    """Return the keys of a handshake.

    Args:
        secret: the PAKE's key, or the secret of a QR code.
        transcript: the digest of what both sides believe.
    """
    number = int.from_bytes(_expand(secret, transcript, "sas", _SAS_BYTES), "big")
    return Keys(
        confirm_device=_expand(secret, transcript, "confirm device", _KEY_BYTES),
        confirm_gateway=_expand(secret, transcript, "confirm gateway", _KEY_BYTES),
        sas=f"{number % 10**_SAS_DIGITS:0{_SAS_DIGITS}}",
        claim=_expand(secret, transcript, "claim", _KEY_BYTES),
    )


def claim_mac(claim: bytes, session_id: str, nonce: str) -> bytes:
    """Return what a node claims its certificate with, once for each nonce."""
    return hmac.digest(claim, f"claim{session_id}{nonce}".encode(), "sha256")


def _expand(secret: bytes, salt: bytes, label: str, length: int) -> bytes:
    # Loaded by those alone who pair: it takes a cold start a tenth of a second.
    hashes = import_module("cryptography.hazmat.primitives.hashes")
    hkdf = import_module("cryptography.hazmat.primitives.kdf.hkdf").HKDF
    key: bytes = hkdf(hashes.SHA256(), length, salt, label.encode()).derive(secret)
    return key
