"""The one way in which Palyra hashes what must not be changed afterwards.

A link is SHA-256 over a context, the chain's name, the position, the previous link and the
content, each preceded by its length in eight bytes, so that no two different inputs share an
encoding. Content is canonical JSON (RFC 8785). A chain begins with the link of its own name, so
that no entry can be moved to another chain.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import rfc8785

CONTEXT = b"palyra/chain/1"
_LENGTH_BYTES = 8


class Head(NamedTuple):
    """The last position of a chain and its link."""

    seq: int
    link: str


def canonical(content: Mapping[str, Any]) -> str:
    """Return canonical JSON: the same text for the same content, whoever wrote it."""
    return rfc8785.dumps(dict(content)).decode()


def genesis(chain: str) -> str:
    """Return the link before the first entry of a chain, as 64 hexadecimal digits."""
    return _digest(CONTEXT, chain.encode())


def link(chain: str, position: str, previous: str, content: str) -> str:
    """Return the link of an entry, as 64 hexadecimal digits.

    Args:
        chain: the name of the chain.
        position: where in it the entry stands.
        previous: the link of the entry before it, or `genesis`.
        content: the entry as canonical JSON.
    """
    parts = (chain, position, previous, content)
    return _digest(CONTEXT, *(part.encode() for part in parts))


def prefixed(*parts: bytes) -> bytes:
    """Return the parts, each preceded by its length in eight bytes."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(prefixed(*parts)).hexdigest()
