"""SealSigner: the key that signs seals, in KMS or in a file, and the check of its signatures.

The key itself is of `chalicelib.signing`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from chalicelib.settings import resource
from chalicelib.signing import FileSigner, KmsKey, Signer, fingerprint

__all__ = [
    "FileSigner",
    "KmsSigner",
    "SealSigner",
    "Signatures",
    "alias",
    "fingerprint",
    "signature",
]
_KEY = "seal"


# What signs seals: a key in KMS, or in a file.
type SealSigner = Signer


def signature(signer: SealSigner, message: bytes) -> str:
    """Return the signature of a message as seals and tombstones carry it: as base64.

    Raises:
        Unavailable: the key cannot be reached.
    """
    return base64.b64encode(signer.sign(message)).decode()


def alias() -> str:
    """Return the alias of the stage's key in KMS."""
    return f"alias/{resource(_KEY)}"


class KmsSigner(KmsKey):
    """The stage's key in KMS; its public half is asked for once."""

    def __init__(self) -> None:
        """Know the key by the stage's alias."""
        super().__init__(_KEY)

    @property
    def alias(self) -> str:
        """Return the alias of the key."""
        return alias()


@dataclass
class Signatures:
    """Checks signatures of keys that are known from where they are kept, not from the seals.

    Attributes:
        signer: knows the present key.
    """

    signer: SealSigner
    _keys: dict[str, Any] = field(default_factory=dict)

    def valid(self, key: str, message: bytes, signature: str) -> bool:
        """Return whether a signature is valid; one of an unknown key is not.

        Raises:
            Unavailable: the public key cannot be reached.
        """
        public = self._known().get(key)
        if public is None:
            return False
        hashes = import_module("cryptography.hazmat.primitives.hashes")
        invalid = import_module("cryptography.exceptions").InvalidSignature
        try:
            der = base64.b64decode(signature, validate=True)
            public.verify(der, message, _ec().ECDSA(hashes.SHA256()))
        except (invalid, binascii.Error, ValueError):
            return False
        return True

    def _known(self) -> Mapping[str, Any]:
        if not self._keys:
            der = self.signer.public_key()
            self._keys[fingerprint(der)] = _serialization().load_der_public_key(der)
        return self._keys


def _ec() -> Any:
    # Loaded by those alone who sign or check: it takes a cold start a tenth of a second.
    return import_module("cryptography.hazmat.primitives.asymmetric.ec")


def _serialization() -> Any:
    return import_module("cryptography.hazmat.primitives.serialization")
