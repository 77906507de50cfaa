"""The node's side of a pairing: pure, and without a private key in anything that it sends.

    begin    the code's id, what the device is, and the digest of the key that it has made
    hello    the proof that it was told the code's secret, and the request for a certificate
    claim    the question what became of it, under a key that nobody else has

What the gateway must prove in turn is checked before anything that it says is believed. The number
to be typed by the operator is only known, and may only be shown, once it has.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from spake2 import SPAKE2_A, SPAKEError
from spake2.ed25519_basic import NotOnCurve

_PROTOCOL = "gw-pair-v1"
_QR = "gwpair:1?"
_QR_FIELDS = {"g", "u", "c", "s", "ca"}
# In the place of a code's id, where none is needed.
_NO_CODE = "recover"
_NONCE_BYTES = 32
_KEY_BYTES = 32
_SAS_BYTES = 8
_CODE_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}")
_PIN = re.compile(r"[0-9]{6}")
_CROCKFORD = str.maketrans("OIL", "011")


class Untrusted(Exception):
    """What answers is not the gateway that the code is from, or does not speak as it should."""


class NotACode(ValueError):
    """What was typed or scanned is no code; the message says what one looks like."""


class Told(NamedTuple):
    """What a device was told: the code's id, its secret, and of a QR code whom to believe.

    Attributes:
        secret: the digits of a PIN, or the 32 bytes of a QR code.
        gateway_id: empty where only a PIN was told.
        ca_spki_sha256: SHA-256 over the authority's public key; empty as well.
        url: where the API is; empty as well.
    """

    method: str
    code_id: str
    secret: bytes
    gateway_id: str = ""
    ca_spki_sha256: bytes = b""
    url: str = ""

    def __repr__(self) -> str:
        """Show which code it is, never its secret."""
        return f"Told(method={self.method!r}, code_id={self.code_id!r})"


class Device(NamedTuple):
    """What a device says of itself.

    Attributes:
        id: a ULID that it has made for itself.
        kind: cli, desktop or daemon.
        spki_sha256: SHA-256 over its public key (SubjectPublicKeyInfo, DER).
    """

    id: str
    kind: str
    spki_sha256: bytes


def typed(code_id: str, pin: str) -> Told:
    """Return what a person typed; spaces and hyphens between the characters are theirs.

    Raises:
        NotACode: it is no code.
    """
    code = re.sub(r"[ -]", "", code_id).upper().translate(_CROCKFORD)
    digits = re.sub(r"[ -]", "", pin)
    if not _CODE_ID.fullmatch(code):
        raise NotACode("the code's name has four letters and digits, as K7QM")
    if not _PIN.fullmatch(digits):
        raise NotACode("the PIN has six digits, 0 to 9")
    return Told("pin", code, digits.encode())


def scanned(text: str) -> Told:
    """Return what a QR code says.

    Raises:
        NotACode: it is none of Palyra's.
    """
    told = text.strip()
    if not told.startswith(_QR):
        raise NotACode("the text of the QR code begins with gwpair:1?")
    pairs = parse_qsl(told.removeprefix(_QR), keep_blank_values=True)
    said = dict(pairs)
    if set(said) != _QR_FIELDS or len(pairs) != len(_QR_FIELDS):
        raise NotACode("the QR code does not say what one of Palyra's says")
    secret, authority = unwritten(said["s"]), unwritten(said["ca"])
    if len(secret) != _KEY_BYTES or len(authority) != _KEY_BYTES:
        raise NotACode("the QR code is cut off")
    if not _CODE_ID.fullmatch(said["c"]):
        raise NotACode("the QR code names no code")
    return Told("qr", said["c"], secret, said["g"], authority, said["u"])


@dataclass(eq=False, repr=False)
class Handshake:
    """One attempt to pair; a new attempt needs a new one.

    Attributes:
        told: what the device was told.
        device: what it says of itself.
        random_bytes: where what nobody may guess comes from.
    """

    told: Told
    device: Device
    random_bytes: Callable[[int], bytes]
    _side: Any = field(init=False, default=None)
    _msg_a: bytes = field(init=False, default=b"")

    def begin(self) -> dict[str, Any]:
        """Return what an attempt begins with."""
        if self.told.method == "pin":
            # Who the gateway is comes with its answer, and counts when the key is made.
            who = joined("device", *self._who())
            self._side = SPAKE2_A(self.told.secret, idA=who, entropy_f=self.random_bytes)
            self._msg_a = self._side.start()
        else:
            self._msg_a = self.random_bytes(_NONCE_BYTES)
        return {
            "v": 1,
            "code_id": self.told.code_id,
            "method": self.told.method,
            "client_kind": self.device.kind,
            "device_id": self.device.id,
            "spki_sha256": written(self.device.spki_sha256),
            "msg_a": written(self._msg_a),
        }

    def answered(self, answer: Mapping[str, Any]) -> "Proving":
        """Return what follows the gateway's answer.

        Raises:
            Untrusted: it is not one that a gateway gives, or not of the one in the QR code.
        """
        gateway = str(answer.get("gateway_id", ""))
        authority = unwritten(answer.get("ca_spki_sha256"))
        msg_b, session = unwritten(answer.get("msg_b")), str(answer.get("session_id", ""))
        self._check(gateway, authority)
        secret = self._secret(gateway, authority, msg_b)
        device = self.device
        transcript = joined(
            *(_PROTOCOL, gateway, session, self.told.code_id, device.kind, device.id),
            *(device.spki_sha256, authority, self._msg_a, msg_b),
        )
        return Proving(session, authority, gateway, secret, transcript)

    def _who(self) -> tuple[str | bytes, ...]:
        device = self.device
        return device.id, self.told.code_id, device.kind, device.spki_sha256

    def _check(self, gateway: str, authority: bytes) -> None:
        if len(authority) != _KEY_BYTES or not gateway:
            raise Untrusted("the answer does not say whose it is")
        expected = self.told
        if expected.method == "qr" and (
            gateway != expected.gateway_id
            or not hmac.compare_digest(authority, expected.ca_spki_sha256)
        ):
            raise Untrusted("this is not the gateway that the QR code is from")

    def _secret(self, gateway: str, authority: bytes, msg_b: bytes) -> bytes:
        if self.told.method == "qr":
            if len(msg_b) != _NONCE_BYTES:
                raise Untrusted("the answer is cut off")
            return self.told.secret
        self._side.idB = joined("gateway", gateway, self.told.code_id, authority)
        try:
            key: bytes = self._side.finish(msg_b)
        except (SPAKEError, NotOnCurve, ValueError) as error:
            raise Untrusted("the answer is not part of the protocol") from error
        return key


@dataclass(frozen=True, slots=True, repr=False)
class Proving:
    """A handshake whose messages were exchanged: each side is still to prove its keys.

    Attributes:
        session_id: the session that the gateway has begun.
        ca_spki_sha256: the authority that the certificate must come from.
    """

    session_id: str
    ca_spki_sha256: bytes
    gateway_id: str
    _secret: bytes
    _transcript: bytes

    def hello(self, csr_pem: str) -> dict[str, str]:
        """Return the proof, with the request for a certificate of the key that was begun with."""
        return {"confirm": written(self._key("confirm device")), "csr_pem": csr_pem}

    def trust(self, confirm: object) -> "Trusted":
        """Return what follows the gateway's proof, as hello or claim are answered with it.

        Raises:
            Untrusted: whoever answers does not know the code.
        """
        if not hmac.compare_digest(self._key("confirm gateway"), unwritten(confirm)):
            raise Untrusted("whoever answers does not know the code")
        number = int.from_bytes(self._key("sas", _SAS_BYTES), "big") % 1_000_000
        return Trusted(self.session_id, f"{number:06}")

    def claim(self, nonce: str) -> dict[str, str]:
        """Return the question what became of the request."""
        message = f"claim{self.session_id}{nonce}".encode()
        return {"nonce": nonce, "mac": written(hmac.digest(self._key("claim"), message, "sha256"))}

    def _key(self, label: str, length: int = _KEY_BYTES) -> bytes:
        return HKDF(hashes.SHA256(), length, self._transcript, label.encode()).derive(self._secret)


def came_back(
    device: Device, nonce: str, gateway_id: str, answer: Mapping[str, Any], secret: bytes
) -> Proving:
    """Return what follows the answer to a device that comes back with its last key.

    Args:
        device: it, with the key that is to follow.
        nonce: what its last key has signed.
        gateway_id: of the gateway that gave the nonce.
        answer: to what it sent.
        secret: what the key that follows has with the gateway's.
    """
    authority, session = unwritten(answer.get("ca_spki_sha256")), str(answer.get("session_id", ""))
    transcript = joined(
        *(_PROTOCOL, gateway_id, session, _NO_CODE, device.kind, device.id),
        *(device.spki_sha256, authority, nonce, unwritten(answer.get("msg_b"))),
    )
    return Proving(session, authority, gateway_id, secret, transcript)


@dataclass(frozen=True, slots=True)
class Trusted:
    """A handshake in which both sides have proven to know the code.

    Attributes:
        sas: the six digits that the device shows, and the operator types.
    """

    session_id: str
    sas: str = field(repr=False)


def written(content: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unwritten(text: object) -> bytes:
    """Return the bytes of base64url without padding; empty where it is none."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return b""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def joined(*fields: str | bytes) -> bytes:
    """Return SHA-256 over fields, each behind its length as eight bytes, big-endian."""
    digest = hashlib.sha256()
    for each in fields:
        content = each.encode() if isinstance(each, str) else each
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()
