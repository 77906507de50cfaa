"""Personal details: what a person wrote, or what is about one, sealed apart from the other details.

They stand in an event as ciphertext (AES-256-GCM) under the data key of the thing that the event is
about, and that is what the chain hashes: once the key is gone they are, and the chain still holds.
A digest of a short text is personal too, since whoever guesses the text can prove the guess.

A key is that of a job or task with all that came of it: ids of firings and of delegated tasks begin
with its id. The ciphertext belongs to its owner, subject and event, and opens nowhere else.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from chalicelib.journal.chain import canonical, prefixed

_CONTEXT = b"palyra/personal/1"
_NONCE_BYTES = 12
KEY_BYTES = 32
ERASED = "erased"
UNOPENED = "sealed"
UNREADABLE = "unreadable"
EVENT_KIND = "subject.erased"


class KeyState(StrEnum):
    """What became of the key that something was sealed under."""

    KEPT = "kept"
    ERASED = "erased"
    MISSING = "missing"


class DataKey(NamedTuple):
    """A key for what is personal of one subject, by the id that events name it by."""

    id: str
    secret: bytes


class PersonalSealer(Protocol):
    """What seals the personal details of events."""

    def seal(self, place: "Place", personal: Mapping[str, Any]) -> Mapping[str, str]:
        """Return personal details as an event holds them.

        Raises:
            Erased: what is known of the subject was erased.
            Unavailable: the key cannot be reached.
        """


class Place(NamedTuple):
    """Which event of whose journal personal details belong to."""

    owner: str
    subject: str
    event: str

    @property
    def root(self) -> str:
        """Return the job or task whose key they are sealed under."""
        return root_of(self.subject)


class NoSealer(Exception):
    """An event has personal details, and nothing that could seal them."""


class Unopened(Exception):
    """What is sealed was not sealed under this key, for this event."""


def root_of(subject: str) -> str:
    """Return the id of the job or task that a subject, by its id, came from; its own for most."""
    return subject.partition("-")[0]


def seal(
    key: DataKey, place: Place, personal: Mapping[str, Any], random_bytes: Callable[[int], bytes]
) -> dict[str, str]:
    """Return personal details as an event holds them."""
    nonce = random_bytes(_NONCE_BYTES)
    sealed = _cipher(key).encrypt(nonce, canonical(personal).encode(), _bound_to(place))
    return {"key": key.id, "sealed": base64.b64encode(nonce + sealed).decode()}


def unseal(key: DataKey, place: Place, sealed: str) -> dict[str, Any]:
    """Return the personal details of an event.

    Raises:
        Unopened: they were sealed under another key or for another event, or were changed.
    """
    try:
        body = base64.b64decode(sealed, validate=True)
        text = _cipher(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound_to(place))
    except (binascii.Error, ValueError, _invalid()) as error:
        raise Unopened from error
    opened: dict[str, Any] = json.loads(text)
    return opened


def _bound_to(place: Place) -> bytes:
    return prefixed(_CONTEXT, *(part.encode() for part in place))


def _cipher(key: DataKey) -> Any:
    # Loaded by those alone who seal or open: it takes a cold start a tenth of a second.
    return import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(key.secret)


def _invalid() -> type[Exception]:
    invalid: type[Exception] = import_module("cryptography.exceptions").InvalidTag
    return invalid
