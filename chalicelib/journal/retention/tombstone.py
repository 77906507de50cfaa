"""Tombstones: what stays in the table of events that were moved to S3.

A tombstone stands for a segment: consecutive events of a stream that are one object in S3. It names
the object by its digest, says where the events led, and is signed as seals are, under a context of
its own, so that none can be taken for a seal. The tombstones of a stream are a chain of their own;
their place in it is the first position that they stand for, so that two who move the same events at
once cannot both put one. What a tombstone counts stays for ever, and is counted once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.journal.chain import Head, canonical, genesis, link, prefixed
from chalicelib.journal.seal import Valid, leaf_of, tree

type Days = Mapping[str, Mapping[str, int]]
"""How many events of each kind happened on each day (UTC, `2026-11-22`)."""

_VERSION = 1
_LEAF_CONTEXT = b"palyra/segment/leaf/1"
_SIGNED_CONTEXT = b"palyra/segment/1"


def chain_of(stream: str) -> str:
    """Return the name of the chain of a stream's tombstones."""
    return f"{stream}#segments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is said of a segment.

    Attributes:
        first: the position of its first event.
        last: that of its last one.
        before: the link of the event before the first.
        link: that of the last one.
        root: the Merkle root over the links of all.
        object: the name of the object in S3.
        sha256: the object's digest.
        bytes: its size.
        days: how many events of each kind it has, by day.
        latest: the latest day of all events up to the last one, those of earlier segments too.
        at: when it was moved, as RFC 3339.
        key: the fingerprint of the public key that the signature can be checked with.
    """

    first: int
    last: int
    before: str
    link: str
    root: str
    object: str
    sha256: str
    bytes: int
    days: Days
    latest: str
    at: str
    key: str

    @property
    def count(self) -> int:
        """Return how many events it has."""
        return self.last - self.first + 1

    def content(self) -> str:
        """Return the tombstone as canonical JSON: what is stored and hashed."""
        return canonical(asdict(self) | {"version": _VERSION, "count": self.count})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTombstone:
    """A tombstone at its place, as it is stored.

    Attributes:
        first: the position that it stands at.
        content: the tombstone as canonical JSON.
        previous: the link of the tombstone before it.
        link: its own.
        signature: of its link, as base64.
    """

    first: int
    content: str
    previous: str
    link: str
    signature: str

    def tombstone(self) -> Tombstone:
        """Return what was signed.

        Raises:
            ValueError: the content is not that of a tombstone.
        """
        try:
            return _read(json.loads(self.content))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("it is not the content of a tombstone") from error


def place(stream: str, first: int, content: str, after: SignedTombstone | None) -> tuple[str, str]:
    """Return the previous link and the own link of a tombstone that follows another."""
    chain = chain_of(stream)
    previous = after.link if after else genesis(chain)
    return previous, link(chain, str(first), previous, content)


def message(tombstone_link: str) -> bytes:
    """Return what the signature of a tombstone signs."""
    return prefixed(_SIGNED_CONTEXT, tombstone_link.encode())


def root(stream: str, first: int, links: Sequence[str]) -> str:
    """Return the Merkle root over the links of a segment, as 64 hexadecimal digits."""
    begin = leaf_of(_LEAF_CONTEXT, stream)
    return tree([begin(seq, each) for seq, each in enumerate(links, first)]).hex()


def own_faults(stream: str, signed: SignedTombstone, valid: Valid) -> Iterator[str]:
    """Yield what is wrong with a tombstone by itself: its link, its counts, its signature."""
    if signed.link != link(chain_of(stream), str(signed.first), signed.previous, signed.content):
        yield "its link is not that of its content and place"
    try:
        this = signed.tombstone()
        is_whole = json.loads(this.content()) == json.loads(signed.content)
    except (ValueError, TypeError):
        yield "its content is not that of a tombstone"
        return
    if not is_whole or this.first != signed.first or this.last < this.first:
        yield "its content is not of its place"
    if sum(number for kinds in this.days.values() for number in kinds.values()) != this.count:
        yield "its counts are not those of its events"
    if not valid(this.key, message(signed.link), signed.signature):
        yield "its signature is not valid"


def successor_faults(before: Head, stream: str, signed: SignedTombstone) -> Iterator[str]:
    """Yield what is wrong with a tombstone as the one that follows another.

    Args:
        before: the last position and the link of the tombstone before it; position 0 for none.
        stream: whose tombstones they are.
        signed: one that can be read.
    """
    if signed.first != before.seq + 1:
        yield f"it does not begin behind event {before.seq}"
    if signed.previous != (before.link if before.seq else genesis(chain_of(stream))):
        yield "it does not follow the tombstone before it"


def _read(content: Mapping[str, Any]) -> Tombstone:
    return Tombstone(
        first=int(content["first"]),
        last=int(content["last"]),
        bytes=int(content["bytes"]),
        days={
            str(day): {str(kind): int(number) for kind, number in kinds.items()}
            for day, kinds in content["days"].items()
        },
        **{
            name: str(content[name])
            for name in ("before", "link", "root", "object", "sha256", "latest", "at", "key")
        },
    )
