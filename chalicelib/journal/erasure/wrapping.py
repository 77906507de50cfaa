"""KeyWrapper: makes data keys and wraps them under the stage's own key, in KMS or in a file.

A wrapped key opens only for the owner and subject that it was made for. A file is for tests, and
for clouds without KMS.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from chalicelib import aws
from chalicelib.errors import Unavailable
from chalicelib.journal.chain import canonical
from chalicelib.journal.personal import KEY_BYTES
from chalicelib.key_file import read_key
from chalicelib.settings import resource

_NONCE_BYTES = 12


class Wrapped(NamedTuple):
    """A data key, and the same as it may be kept."""

    secret: bytes
    wrapped: bytes


class KeyWrapper(Protocol):
    """Something that makes data keys of 256 bits."""

    def make(self, owner: str, subject: str) -> Wrapped:
        """Return a new data key of a subject.

        Raises:
            Unavailable: the stage's key cannot be reached.
        """

    def unwrap(self, owner: str, subject: str, wrapped: bytes) -> bytes:
        """Return the data key of a subject that was wrapped before.

        Raises:
            Unavailable: the stage's key cannot be reached, or did not wrap this for the subject.
        """


def alias() -> str:
    """Return the alias of the stage's key in KMS."""
    return f"alias/{resource('personal')}"


class KmsWrapper:
    """The stage's key in KMS."""

    def make(self, owner: str, subject: str) -> Wrapped:
        """Return a new data key of a subject."""
        answer = aws.call(
            "KMS",
            self._client.generate_data_key,
            KeyId=alias(),
            KeySpec="AES_256",
            EncryptionContext=_context(owner, subject),
        )
        return Wrapped(bytes(answer["Plaintext"]), bytes(answer["CiphertextBlob"]))

    def unwrap(self, owner: str, subject: str, wrapped: bytes) -> bytes:
        """Return the data key of a subject that was wrapped before."""
        answer = aws.call(
            "KMS",
            self._client.decrypt,
            KeyId=alias(),
            CiphertextBlob=wrapped,
            EncryptionContext=_context(owner, subject),
        )
        return bytes(answer["Plaintext"])

    @cached_property
    def _client(self) -> Any:
        return aws.client("kms")


@dataclass(eq=False)
class FileWrapper:
    """A key in a file (32 bytes, mode 0600), which is made where there is none."""

    path: Path

    def make(self, owner: str, subject: str) -> Wrapped:
        """Return a new data key of a subject."""
        secret, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
        sealed: bytes = self._cipher.encrypt(nonce, secret, _bound_to(owner, subject))
        return Wrapped(secret, nonce + sealed)

    def unwrap(self, owner: str, subject: str, wrapped: bytes) -> bytes:
        """Return the data key of a subject that was wrapped before."""
        invalid = import_module("cryptography.exceptions").InvalidTag
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            secret: bytes = self._cipher.decrypt(nonce, sealed, _bound_to(owner, subject))
        except (invalid, ValueError) as error:
            raise Unavailable("the key was not wrapped for this", fix="restore it") from error
        return secret

    @cached_property
    def _cipher(self) -> Any:
        aead = import_module("cryptography.hazmat.primitives.ciphers.aead")
        return aead.AESGCM(read_key(self.path, lambda: os.urandom(KEY_BYTES)))


def _context(owner: str, subject: str) -> Mapping[str, str]:
    return {"owner": owner, "subject": subject}


def _bound_to(owner: str, subject: str) -> bytes:
    return canonical(_context(owner, subject)).encode()
