"""Renewal: what a node proves when it asks for its next certificate.

It makes a new key, and signs with it what the gateway gave it a moment ago: so the key is new, its
holder is on the line, and an answer that was lost can be asked for again by the same words.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.errors import Invalid
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.profile import p256
from chalicelib.nodes.pairing.keys import joined

NONCE_LASTS = timedelta(minutes=5)
NONCE_BYTES = 32
_NONCE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_PROOF = 120
_LABEL = "renew"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A valid request for the next certificate.

    Attributes:
        nonce: what the gateway gave for it.
    """

    request: NodeRequest
    nonce: str

    @property
    def serial_of(self) -> str:
        """Return what the certificate is issued for."""
        return f"renewal#{self.request.device_id}#{self.nonce}"


def new_nonce(random_bytes: bytes) -> str:
    """Return a nonce of 32 random bytes, as base64url."""
    return base64.urlsafe_b64encode(random_bytes).decode().rstrip("=")


def signed_text(gateway_id: str, request: NodeRequest, nonce: str) -> bytes:
    """Return what the new key has to sign."""
    key = bytes.fromhex(request.public_key_sha256)
    return joined(_LABEL, gateway_id, request.device_id, nonce, key)


def read(gateway_id: str, request: NodeRequest, nonce: str, proof: str) -> Renewal:
    """Return a renewal, once its proof is found to be valid.

    Args:
        gateway_id: of the gateway that gave the nonce.
        request: with the new key.
        nonce: what the gateway gave.
        proof: base64url of the new key's signature (ECDSA, SHA-256, DER) over the signed text.

    Raises:
        Invalid: names what is wrong.
    """
    if not _NONCE.fullmatch(nonce):
        raise Invalid("it is not a nonce", field="nonce", fix="ask for one, and send it as it came")
    signature = _decoded(proof)
    text = signed_text(gateway_id, request, nonce)
    try:
        p256(request.public_key).verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise _not_proven("it is not the new key's signature over this nonce") from error
    return Renewal(request, nonce)


def _decoded(proof: str) -> bytes:
    if len(proof) > _LONGEST_PROOF:
        raise _not_proven("it is too long for a signature")
    try:
        return base64.b64decode(proof + "=" * (-len(proof) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_proven("it is not base64url") from error


def _not_proven(detail: str) -> Invalid:
    return Invalid(detail, field="proof", fix="sign the nonce with the new key")
