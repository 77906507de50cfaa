"""Seals: what vouches for all streams at one instant, and how one follows another.

A seal names the last position and link of every stream, whoever owns it, and the root of a Merkle
tree over these (RFC 6962, with leaves and nodes hashed apart). Seals are a chain of their own, and
each carries the signature of the one before it: leaving one out, or signing one anew, shows. What
is signed is the seal's link, which stands for its place, its content and all seals before it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.clock import read_rfc3339, rfc3339
from chalicelib.journal.chain import Head, canonical, genesis, link, prefixed

STREAM = "system#seals"
EVERY = timedelta(minutes=5)
LATE = timedelta(minutes=15)

_VERSION = 1
_LEAF, _NODE = b"\x00", b"\x01"
_LEAF_CONTEXT = b"palyra/seal/leaf/1"
_SIGNED_CONTEXT = b"palyra/seal/1"

type Valid = Callable[[str, bytes, str], bool]
"""Whether a signature (of a key of this fingerprint, of a message) is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What is sealed.

    Attributes:
        at: when; never earlier than the seal before it, whatever the clocks say.
        heads: where every stream ended, by its name.
        previous_signature: of the seal before it; empty for the first.
        key: the fingerprint of the public key that its signature can be checked with.
    """

    at: datetime
    heads: Mapping[str, Head]
    previous_signature: str
    key: str

    def content(self) -> str:
        """Return the seal as canonical JSON: what is stored and hashed."""
        return canonical(
            {
                "version": _VERSION,
                "at": rfc3339(self.at),
                "root": root(self.heads),
                "heads": {stream: list(head) for stream, head in self.heads.items()},
                "events": sum(head.seq for head in self.heads.values()),
                "previous_signature": self.previous_signature,
                "key": self.key,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSeal:
    """A seal at its place, as it is stored.

    Attributes:
        seq: its position among the seals, from 1.
        content: the seal as canonical JSON.
        previous: the link of the seal before it.
        link: its own.
        signature: of its link, as base64.
    """

    seq: int
    content: str
    previous: str
    link: str
    signature: str

    @property
    def at(self) -> datetime | None:
        """Return when it was put, as it says; None where it cannot be read."""
        try:
            return self.seal().at
        except ValueError:
            return None

    @property
    def heads(self) -> Mapping[str, Head]:
        """Return where the streams ended, as it says; none where it cannot be read."""
        try:
            return self.seal().heads
        except ValueError:
            return {}

    def seal(self) -> Seal:
        """Return what was sealed.

        Raises:
            ValueError: the content is not that of a seal.
        """
        try:
            return _seal(json.loads(self.content))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("it is not the content of a seal") from error


def place(content: str, after: SignedSeal | None) -> tuple[int, str, str]:
    """Return the position, the previous link and the own link of a seal that follows another."""
    seq = after.seq + 1 if after else 1
    previous = after.link if after else genesis(STREAM)
    return seq, previous, link(STREAM, str(seq), previous, content)


def message(seal_link: str) -> bytes:
    """Return what the signature of a seal signs."""
    return prefixed(_SIGNED_CONTEXT, bytes.fromhex(seal_link))


def root(heads: Mapping[str, Head]) -> str:
    """Return the Merkle root over the heads in order of their names, as 64 hexadecimal digits."""
    return tree([leaf_of(_LEAF_CONTEXT, name)(*heads[name]) for name in sorted(heads)]).hex()


def own_faults(seal: SignedSeal, valid: Valid) -> Iterator[str]:
    """Yield what is wrong with a seal by itself: its link, its root, its signature."""
    if seal.link != link(STREAM, str(seal.seq), seal.previous, seal.content):
        yield "its link is not that of its content and place"
    try:
        content = json.loads(seal.content)
        parsed = _seal(content)
        is_whole = content == json.loads(parsed.content())
    except (ValueError, AttributeError, KeyError, TypeError):
        yield "its content is not that of a seal"
        return
    if not is_whole:
        yield "its root is not that of its heads"
    if not valid(parsed.key, message(seal.link), seal.signature):
        yield "its signature is not valid"


def successor_faults(before: SignedSeal | None, seal: SignedSeal) -> Iterator[str]:
    """Yield what is wrong with a seal as the one that follows another; both must be readable."""
    seq, previous, _ = place(seal.content, before)
    if seal.seq != seq:
        yield f"seal {seq} is missing"
    if seal.previous != previous:
        yield "it does not follow the seal before it"
    this = seal.seal()
    if this.previous_signature != (before.signature if before else ""):
        yield "it does not carry the signature of the seal before it"
    if before is None:
        return
    earlier = before.seal()
    if this.at < earlier.at:
        yield "it is older than the seal before it"
    yield from (what for _, what in moved_back(earlier.heads, this.heads))


def moved_back(earlier: Mapping[str, Head], now: Mapping[str, Head]) -> Iterator[tuple[str, str]]:
    """Yield each stream that does not go on from where it was sealed, and what is wrong with it."""
    for stream, head in sorted(earlier.items()):
        found = now.get(stream)
        if found is None or found.seq < head.seq:
            yield stream, f"{stream} was cut: it had {head.seq} events"
        elif found.seq == head.seq and found.link != head.link:
            yield stream, f"{stream} was changed: its event {head.seq} is another one"


def _seal(content: Mapping[str, Any]) -> Seal:
    return Seal(
        at=read_rfc3339(content["at"]),
        heads={stream: Head(int(seq), str(of)) for stream, (seq, of) in content["heads"].items()},
        previous_signature=content["previous_signature"],
        key=content["key"],
    )


def leaf_of(context: bytes, name: str) -> Callable[[int, str], bytes]:
    """Return what makes the leaves of a chain's links, in trees with a context of their own."""
    begun = _LEAF + prefixed(context, name.encode())

    def leaf(seq: int, of: str) -> bytes:
        return hashlib.sha256(begun + prefixed(str(seq).encode(), of.encode())).digest()

    return leaf


def tree(leaves: Sequence[bytes]) -> bytes:
    """Return the hash of a tree: split at the largest power of two below its number of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(_NODE + tree(leaves[:half]) + tree(leaves[half:])).digest()
