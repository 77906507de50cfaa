"""Signer: a P-256 key that signs, in KMS or in a file, under one contract.

In KMS the key never leaves it: `Sign` is asked with the whole message (RAW, up to 4,096 bytes), by
the alias of the stage. A file is for tests, and for clouds without KMS.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from chalicelib import aws
from chalicelib.key_file import read_key
from chalicelib.settings import resource

LARGEST_MESSAGE = 4096
_ALGORITHM = "ECDSA_SHA_256"


class Signer(Protocol):
    """Something that signs with one P-256 key."""

    def sign(self, message: bytes) -> bytes:
        """Return the ECDSA signature of a message, hashed by SHA-256, as DER.

        Raises:
            Unavailable: the key cannot be reached.
        """

    def public_key(self) -> bytes:
        """Return the public key, as DER (SubjectPublicKeyInfo).

        Raises:
            Unavailable: the key cannot be reached.
        """


def fingerprint(public_key: bytes) -> str:
    """Return the name of a public key: SHA-256 over its DER, as hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()


class KmsKey:
    """A key of the stage in KMS, known by its alias; its public half is asked for once."""

    def __init__(self, name: str) -> None:
        """Take the stage's name of the key, as `seal`."""
        self.name = name

    @property
    def alias(self) -> str:
        """Return the alias of the key."""
        return f"alias/{resource(self.name)}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        answer = aws.call(
            "KMS",
            self._client.sign,
            KeyId=self.alias,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm=_ALGORITHM,
        )
        return bytes(answer["Signature"])

    def public_key(self) -> bytes:
        """Return the public key."""
        return self._public_key

    @cached_property
    def _public_key(self) -> bytes:
        answer = aws.call("KMS", self._client.get_public_key, KeyId=self.alias)
        return bytes(answer["PublicKey"])

    @cached_property
    def _client(self) -> Any:
        return aws.client("kms")


@dataclass(eq=False)
class FileSigner:
    """A key in a file (PKCS #8, PEM, mode 0600), which is made where there is none."""

    path: Path

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        ec, hashes = _ec(), import_module("cryptography.hazmat.primitives.hashes")
        signature: bytes = self._key.sign(message, ec.ECDSA(hashes.SHA256()))
        return signature

    def public_key(self) -> bytes:
        """Return the public key."""
        form = _serialization()
        public: bytes = self._key.public_key().public_bytes(
            form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
        )
        return public

    @cached_property
    def _key(self) -> Any:
        return _serialization().load_pem_private_key(read_key(self.path, _new), password=None)


def _new() -> bytes:
    ec, form = _ec(), _serialization()
    text: bytes = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    return text


def _ec() -> Any:
    # Loaded by those alone who sign or check: it takes a cold start a tenth of a second.
    return import_module("cryptography.hazmat.primitives.asymmetric.ec")


def _serialization() -> Any:
    return import_module("cryptography.hazmat.primitives.serialization")
