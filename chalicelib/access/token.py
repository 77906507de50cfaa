"""API tokens: `palyra_<owner>_<secret>`, kept only as a SHA-256.

The owner stands in the token, because every partition key begins with one. The secret has 256
random bits, so a plain hash needs no salt, and looking it up by key compares nothing in Python.
"""

import base64
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.errors import Invalid, Unauthenticated

_SECRET_BYTES = 32
_OWNER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TOKEN = re.compile(r"palyra_([a-z][a-z0-9-]{0,31})_([A-Za-z0-9_-]{43})")
_RESERVED = frozenset({"system"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token in clear: for the one answer or file that hands it over, never for a table."""

    owner: str
    text: str

    def __repr__(self) -> str:
        """Show whose it is, never what it is."""
        return f"Token(owner={self.owner!r})"

    @property
    def digest(self) -> str:
        """Return what is stored: the SHA-256 of the whole token."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def mint(owner: str, random_bytes: Callable[[int], bytes] = os.urandom) -> Token:
    """Return a new token of an owner.

    Raises:
        Invalid: the owner's name is not one, or reserved.
    """
    if not _OWNER.fullmatch(owner) or owner in _RESERVED:
        raise Invalid(
            f"{owner!r:.60} cannot be an owner",
            field="owner",
            fix="use 1 to 32 lower-case letters, digits and hyphens, a letter first; not 'system'",
        )
    secret = base64.urlsafe_b64encode(random_bytes(_SECRET_BYTES)).decode().rstrip("=")
    return Token(owner, f"palyra_{owner}_{secret}")


def parse(text: str) -> Token:
    """Return the token of its text.

    Raises:
        Unauthenticated: it does not look like one.
    """
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise Unauthenticated("this is not a Palyra API token", fix=HOW)
    return Token(match[1], text)


HOW = "send the header 'Authorization: Bearer palyra_...'; `make up` wrote the token to up.json"
