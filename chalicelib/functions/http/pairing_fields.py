"""The fields of pairing: what each may be, and what it is refused with where it is not.

What was sent is not repeated: refusals are logged, and it may be a PIN in the wrong place.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from chalicelib.functions.http.fields import refusal, within
from chalicelib.nodes.authority.naming import is_device_id
from chalicelib.nodes.pairing import limits
from chalicelib.nodes.pairing.code import CODE_ID
from chalicelib.nodes.pairing.method import CODE_METHODS, ClientKind

_SHA256_BYTES = 32
_LONGEST_MESSAGE = 64
_LONGEST_CSR = 8_192
_LONGEST_SIGNATURE = 80
_LABEL = re.compile(r"[^\x00-\x1f\x7f]{0,64}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{3}[ -]?[0-9]{3}")
_WORDS = re.compile(r"[A-Za-z0-9_-]*")
_REASON_CHARACTERS = 200
_LAST_VERSION = 999
_SHORTEST, _LONGEST = (
    int(each.total_seconds()) for each in (limits.SHORTEST_CODE, limits.LONGEST_CODE)
)


def _one_of(known: Collection[str]) -> BeforeValidator:
    names = [str(each) for each in known]

    def check(value: Any) -> Any:
        if value not in names:
            raise refusal("it is another one", f"use: {', '.join(names)}")
        return value

    return BeforeValidator(check)


def _like(pattern: re.Pattern[str], fix: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise refusal("it does not look like one", fix)
        return value

    return AfterValidator(check)


def _version(value: Any) -> int:
    if value != 1 or isinstance(value, bool | float):
        raise refusal("it is another one", "use 1: there is no other version of the protocol")
    return 1


def _device(value: str) -> str:
    if not is_device_id(value):
        raise refusal("it is no ULID", "make a ULID on the device, and keep it")
    return value


def _bytes(most: int, exactly: int | None = None) -> Callable[[Any], bytes]:
    """Return a check of bytes in base64url without padding, in the one form that they have."""
    size = f"{exactly} bytes" if exactly else f"1 to {most} bytes"
    fix = f"send {size} as base64url without padding"

    def check(value: Any) -> bytes:
        if not isinstance(value, str) or len(value) > 2 * most or not _WORDS.fullmatch(value):
            raise refusal("it is not base64url", fix)
        try:
            content = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except binascii.Error:
            raise refusal("it is not base64url", fix) from None
        if base64.urlsafe_b64encode(content).decode().rstrip("=") != value:
            raise refusal("it is not base64url as it is written", fix)
        if not 0 < len(content) <= most or (exactly and len(content) != exactly):
            raise refusal(f"it has {len(content)} bytes", fix)
        return content

    return check


def _binary(description: str, most: int, exactly: int | None = None) -> Any:
    schema = {"description": description, "type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
    return Annotated[bytes, BeforeValidator(_bytes(most, exactly)), WithJsonSchema(schema)]


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise refusal("it has not six digits", "type the six digits, 0 to 9, that the device shows")
    return value.replace(" ", "").replace("-", "")


def _request_version(value: int) -> int:
    if not 1 <= value <= _LAST_VERSION:
        raise refusal("it is no version of a request", f"use 1 to {_LAST_VERSION}")
    return value


def _short(most: int) -> AfterValidator:
    def check(value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refusal("it contains half a character", "send whole characters") from None
        if len(value) > most:
            raise refusal(f"it has {len(value)} characters", f"use at most {most}")
        return value

    return AfterValidator(check)


def _choice(known: Collection[str], description: str) -> Any:
    schema = {"description": description, "type": "string", "enum": [*map(str, known)]}
    return Annotated[str, _one_of(known), WithJsonSchema(schema)]


Method = _choice(CODE_METHODS, "How the secret reaches the device: typed, or scanned.")
Kind = _choice(ClientKind, "What kind of node the device is.")
Protocol = Annotated[
    int, BeforeValidator(_version), WithJsonSchema({"description": "The protocol.", "const": 1})
]
CodeId = Annotated[
    str,
    _like(CODE_ID, "send the four characters that the code is called, in upper case"),
    Field(json_schema_extra={"pattern": f"^{CODE_ID.pattern}$"}),
]
Seconds = Annotated[
    int,
    AfterValidator(within(_SHORTEST, _LONGEST)),
    Field(
        description="How long a device may begin with it.",
        json_schema_extra={"minimum": _SHORTEST, "maximum": _LONGEST},
    ),
]
Label = Annotated[
    str,
    _like(_LABEL, "use at most 64 characters, none of which controls anything"),
    _short(64),
    Field(description="What the device is to be called.", json_schema_extra={"maxLength": 64}),
]
DeviceId = Annotated[
    str, AfterValidator(_device), Field(description="A ULID that the device has made.")
]
Sha256 = _binary(
    "SHA-256 over the public key (SubjectPublicKeyInfo, DER), base64url.", *(_SHA256_BYTES,) * 2
)
Message = _binary("The first message of the PAKE, or 32 bytes; base64url.", _LONGEST_MESSAGE)
Mac = _binary("A proof, base64url.", *(_SHA256_BYTES,) * 2)
Nonce = Annotated[str, _short(64), Field(description="As the gateway gave it last.")]
Csr = Annotated[
    str,
    _short(_LONGEST_CSR),
    Field(description="A signing request (PKCS #10) for a P-256 key, as PEM, at most 4 KB."),
]
Certificate = Annotated[
    str,
    _short(_LONGEST_CSR),
    Field(description="The last certificate that the device called with, as PEM."),
]
Signature = _binary(
    "The last key's signature (ECDSA, SHA-256, DER) over SHA-256 of `recover`, gateway id, device"
    " id, nonce and SHA-256 of the new public key (DER), each with its length in front of it as"
    " eight bytes, big-endian; base64url.",
    _LONGEST_SIGNATURE,
)
Fingerprint = Annotated[
    str,
    _like(_FINGERPRINT, "send the fingerprint of the request, 64 hexadecimal digits"),
    Field(
        description="SHA-256 over the device's public key, as the request shows it.",
        json_schema_extra={"pattern": f"^{_FINGERPRINT.pattern}$"},
    ),
]
Number = Annotated[
    str,
    AfterValidator(_number),
    Field(
        description="The six digits that the device shows.",
        json_schema_extra={"pattern": f"^{_NUMBER.pattern}$"},
    ),
]
RequestVersion = Annotated[
    int,
    AfterValidator(_request_version),
    Field(description="Of the request that was looked at.", json_schema_extra={"minimum": 1}),
]
Why = Annotated[
    str, _short(_REASON_CHARACTERS), Field(json_schema_extra={"maxLength": _REASON_CHARACTERS})
]
