"""Sealed: the secrets of a row, under a data key of its own that is wrapped by the stage's key.

What is sealed opens for the row that it was sealed for and nowhere else: the row's name is part of
the context that KMS wraps the key in, and of what the ciphertext is bound to.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.errors import Unavailable
from chalicelib.journal import personal
from chalicelib.journal.erasure.wrapping import KeyWrapper
from chalicelib.journal.personal import DataKey, Place

_OWNER = "system"


class Sealed(NamedTuple):
    """The secrets of a row as they are stored."""

    wrapped: str
    sealed: str


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """The secrets of a row in clear, by name, and the key that they are sealed under."""

    row: str
    key: bytes
    wrapped: str
    secrets: Mapping[str, bytes]


@dataclass(kw_only=True, eq=False, repr=False)
class SecretSealer:
    """Seals and opens the secrets of rows."""

    wrapper: KeyWrapper
    random_bytes: Callable[[int], bytes]

    def seal(self, row: str, secrets: Mapping[str, bytes]) -> Sealed:
        """Return secrets as a row holds them, under a new key.

        Raises:
            Unavailable: the stage's key cannot be reached.
        """
        made = self.wrapper.make(_OWNER, row)
        wrapped = base64.b64encode(made.wrapped).decode()
        return Sealed(wrapped, self._sealed(row, made.secret, secrets))

    def open(self, row: str, sealed: Sealed) -> Opened:
        """Return the secrets of a row.

        Raises:
            Unavailable: the stage's key cannot be reached, or what stands there is not the row's.
        """
        key = self._key(row, sealed)
        return Opened(row, key, sealed.wrapped, self._opened(row, key, sealed))

    def keep(self, opened: Opened, names: frozenset[str]) -> Sealed:
        """Return what is left of a row's secrets when all but some are forgotten."""
        left = {name: secret for name, secret in opened.secrets.items() if name in names}
        return Sealed(opened.wrapped, self._sealed(opened.row, opened.key, left))

    def _key(self, row: str, sealed: Sealed) -> bytes:
        try:
            wrapped = base64.b64decode(sealed.wrapped, validate=True)
        except binascii.Error as error:
            raise _broken() from error
        return self.wrapper.unwrap(_OWNER, row, wrapped)

    def _sealed(self, row: str, key: bytes, secrets: Mapping[str, bytes]) -> str:
        content = {name: base64.b64encode(each).decode() for name, each in secrets.items()}
        made = personal.seal(DataKey(row, key), _place(row), content, self.random_bytes)
        return made["sealed"]

    @staticmethod
    def _opened(row: str, key: bytes, sealed: Sealed) -> Mapping[str, bytes]:
        try:
            content = personal.unseal(DataKey(row, key), _place(row), sealed.sealed)
        except personal.Unopened as error:
            raise _broken() from error
        return {name: base64.b64decode(each) for name, each in content.items()}


def _place(row: str) -> Place:
    return Place(_OWNER, row, "pairing")


def _broken() -> Unavailable:
    return Unavailable("the secrets of a pairing are not those that were stored", fix="pair again")
