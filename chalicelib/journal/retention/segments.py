"""Segments: archived events, found by their tombstones and read from S3.

A container keeps the last few that it read: a page of a search reads on in several streams.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chalicelib.errors import Unavailable
from chalicelib.journal.retention.archive import Archive
from chalicelib.journal.retention.segment import read
from chalicelib.journal.retention.store import TombstoneStore
from chalicelib.journal.retention.tombstone import SignedTombstone, Tombstone
from chalicelib.journal.verify import Archived, Row

_MOST_KEPT = 8


class ArchiveBroken(Unavailable):
    """Archived events are not as their tombstone says."""


@dataclass(eq=False, repr=False)
class Segments:
    """Archived events of all streams.

    Attributes:
        reads: how many objects were read from S3.
    """

    tombstones: TombstoneStore = field(default_factory=TombstoneStore)
    archive: Archive = field(default_factory=Archive)
    reads: int = 0
    _kept: OrderedDict[str, list[Row]] = field(init=False, default_factory=OrderedDict)

    def holding(self, stream: str, seq: int) -> Sequence[Row]:
        """Return the segment that has a position, or nothing where none has it.

        Raises:
            ArchiveBroken: the segment is missing, or was changed.
            Unavailable: AWS did not answer.
        """
        signed = self.tombstones.at_or_before(stream, seq)
        if signed is None or self.readable(stream, signed).last < seq:
            return ()
        return self.rows(stream, signed)

    def rows(self, stream: str, signed: SignedTombstone) -> Sequence[Row]:
        """Return the events of a segment, as its tombstone says that they are.

        Raises:
            ArchiveBroken: the object is missing, or was changed.
            Unavailable: S3 did not answer.
        """
        tombstone = self.readable(stream, signed)
        rows = self._kept.get(tombstone.sha256)
        if rows is None:
            found = self._read(stream, signed, tombstone)
            if found.rows is None or not found.is_as_signed:
                raise _broken(stream, tombstone.first, tombstone.last)
            rows = self._kept[tombstone.sha256] = found.rows
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(tombstone.sha256)
        return rows

    def readable(self, stream: str, signed: SignedTombstone) -> Tombstone:
        """Return what a tombstone says.

        Raises:
            ArchiveBroken: it cannot be read.
        """
        tombstone = _readable(signed)
        if tombstone is None:
            raise _broken(stream, signed.first, signed.first)
        return tombstone

    def following(self, stream: str, after: int) -> Iterator[Archived]:
        """Yield what S3 has of a stream behind a position, in order, whatever it is.

        Raises:
            Unavailable: AWS did not answer.
        """
        first = self.tombstones.at_or_before(stream, after) if after else None
        if first is not None and _reaches(first) > after:
            yield self._read(stream, first, _readable(first))
        for signed in self.tombstones.following(stream, after):
            yield self._read(stream, signed, _readable(signed))

    def forget(self) -> None:
        """Lose what is kept in memory."""
        self._kept.clear()

    def _read(self, stream: str, signed: SignedTombstone, tombstone: Tombstone | None) -> Archived:
        if tombstone is None:
            return Archived(signed, stream, None, [], is_as_signed=False)
        body = self.archive.get(tombstone.object)
        self.reads += 1
        if body is None:
            return Archived(signed, stream, tombstone, None, is_as_signed=False)
        is_same = (len(body), hashlib.sha256(body).hexdigest()) == (
            tombstone.bytes,
            tombstone.sha256,
        )
        return Archived(signed, stream, tombstone, read(body), is_as_signed=is_same)


def _readable(signed: SignedTombstone) -> Tombstone | None:
    try:
        return signed.tombstone()
    except ValueError:
        return None


def _reaches(signed: SignedTombstone) -> int:
    """Return the last position of a tombstone's segment; its first where it cannot be read."""
    tombstone = _readable(signed)
    return tombstone.last if tombstone else signed.first


def _broken(stream: str, first: int, last: int) -> ArchiveBroken:
    return ArchiveBroken(
        f"the archived events {first} to {last} of {stream} are missing or were changed",
        fix="run `palyra journal verify`, and restore the object in the bucket of the seals",
    )
