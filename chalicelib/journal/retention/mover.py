"""Mover: moves old events out of the table, so that a journal can grow for ever.

A segment is put to S3, then its tombstone is put into the table, then its events are read back from
S3 and deleted from the table one by one. Whoever dies in between leaves the events twice at worst,
and readers take them once; the next run goes on where that one stopped. What is not as it was
written is not moved, and nothing is deleted that is not the same event in S3.

Only events that two seals cover are moved, and never one where a stream was sealed the last two
times: sealers at work still look for it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from chalicelib.clock import Clock, rfc3339
from chalicelib.journal.chain import Head, genesis, link
from chalicelib.journal.faults import Alarm, JournalFault
from chalicelib.journal.retention.segment import (
    MOST_EVENTS,
    cutoff,
    describe,
    movable,
    written,
)
from chalicelib.journal.retention.segments import ArchiveBroken
from chalicelib.journal.retention.store import Turns
from chalicelib.journal.retention.tombstone import SignedTombstone, message, place
from chalicelib.journal.seal import SignedSeal, own_faults
from chalicelib.journal.seals.signing import SealSigner, Signatures, fingerprint, signature
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore
from chalicelib.journal.verify import Row, agreed
from chalicelib.tables import Refused

MOST_SEGMENTS = 5
LASTS = timedelta(seconds=20)
_log = logging.getLogger("palyra.retention")
_DETAIL = (
    "It is left where it is, and nothing behind it is moved. Run the task journal_verify, which "
    "names the first event that is not as it was sealed, before anything is mended."
)


@dataclass
class _Done:
    """What a run has done, and when it must stop."""

    stop_at: datetime
    segments: int = 0
    events: int = 0
    deleted: int = 0
    broken: int = 0
    told: set[tuple[str, int]] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """Return what was done."""
        return {
            "segments": self.segments,
            "events": self.events,
            "deleted": self.deleted,
            "broken": self.broken,
        }


class _TimeIsOver(Exception):
    """The run must stop; whoever comes next goes on."""


@dataclass(kw_only=True, eq=False, repr=False)
class Mover:
    """Moves events of all streams of a stage.

    Attributes:
        kept: how old an event is before it is moved.
        every: how long nobody looks again after everything was looked at.
        segment_events: how many events a segment has at most.
        most_segments: how many segments a run makes at most.
        lasts: how long a run takes at most.
    """

    journal: JournalStore
    seals: SealStore
    turns: Turns
    signer: SealSigner
    signatures: Signatures
    alarm: Alarm
    clock: Clock
    kept: timedelta
    every: timedelta
    segment_events: int = MOST_EVENTS
    most_segments: int = MOST_SEGMENTS
    lasts: timedelta = LASTS
    _done: _Done = field(init=False)

    def run(self) -> dict[str, int]:
        """Move what is old enough, if nobody has looked for a while; return how much was done.

        Raises:
            Unavailable: AWS did not answer; the next run goes on.
        """
        now = self.clock.now()
        self._done = _Done(now + self.lasts)
        turn = self.turns.take(now, self.every)
        if turn is None:
            return self._done.counts()
        for stream, through in self._movable():
            if stream < turn.begin:
                continue
            try:
                self._move(stream, through, cutoff(now, self.kept))
            except _TimeIsOver:
                self.turns.leave(turn, stream)
                break
        return self._done.counts()

    def _movable(self) -> Iterator[tuple[str, int]]:
        """Yield each stream, and the last position of it that may be moved."""
        newest = self.seals.newest(2)
        if len(newest) == 1 or any(self._is_broken(seal) for seal in newest):
            return  # The sealer says what is broken.
        for stream, head in sorted(newest[-1].heads.items() if newest else ()):
            yield stream, head.seq - 1

    def _is_broken(self, seal: SignedSeal) -> bool:
        return any(own_faults(seal, self.signatures.valid))

    def _move(self, stream: str, through: int, before: datetime) -> None:
        """Move what can be moved of a stream; what is broken of one keeps no other waiting."""
        while True:
            last = self.journal.segments.tombstones.last(stream)
            try:
                end = self._end(stream, last)
                self._delete_left(stream, end)
                rows = self._movable_rows(stream, end, through, before)
                if not rows or not self._is_whole(stream, end, rows):
                    return
                self._make(stream, rows, last)
            except ArchiveBroken as error:
                self._tell(stream, last.first if last else 0, error.detail)
                return

    def _movable_rows(
        self, stream: str, end: Head, through: int, before: datetime
    ) -> Sequence[Row]:
        there = self.journal.live(stream, end.seq)
        return movable(there, through=through, before=before, most=self.segment_events)

    def _end(self, stream: str, last: SignedTombstone | None) -> Head:
        """Return where the segments of a stream lead."""
        if last is None:
            return Head(0, genesis(stream))
        tombstone = self.journal.segments.readable(stream, last)
        return Head(tombstone.last, tombstone.link)

    def _is_whole(self, stream: str, end: Head, rows: Sequence[Row]) -> bool:
        """Return whether events follow what was moved before, and are what was hashed."""
        for row in rows:
            is_next = (row.seq, row.previous) == (end.seq + 1, end.link)
            is_own = row.link == link(stream, str(row.seq), row.previous, row.content)
            if not (is_next and is_own and agreed(row)):
                self._tell(stream, end.seq + 1, f"event {end.seq + 1} is not as it was written")
                return False
            end = Head(row.seq, row.link)
        return True

    def _make(self, stream: str, rows: Sequence[Row], last: SignedTombstone | None) -> None:
        """Make a segment: its object, then its tombstone; its events are deleted after that."""
        self._stop_if_late()
        if self._done.segments == self.most_segments:
            raise _TimeIsOver
        signed = self._signed(stream, rows, last)
        self.journal.segments.archive.put(signed.tombstone().object, written(rows))
        self.journal.segments.tombstones.put(stream, signed)
        self._done.segments += 1
        self._done.events += len(rows)

    def _signed(
        self, stream: str, rows: Sequence[Row], last: SignedTombstone | None
    ) -> SignedTombstone:
        content = describe(
            stream,
            rows,
            last.tombstone() if last else None,
            at=rfc3339(self.clock.now()),
            key=fingerprint(self.signer.public_key()),
        ).content()
        previous, its_link = place(stream, rows[0].seq, content, last)
        return SignedTombstone(
            first=rows[0].seq,
            content=content,
            previous=previous,
            link=its_link,
            signature=signature(self.signer, message(its_link)),
        )

    def _delete_left(self, stream: str, end: Head) -> None:
        """Delete the events that stand in the table although they were moved."""
        moved: Sequence[Row] = ()
        for row in takewhile(lambda row: row.seq <= end.seq, self.journal.live(stream, 0)):
            self._stop_if_late()
            if not moved or row.seq > moved[-1].seq:
                moved = self.journal.segments.holding(stream, row.seq)
            if not moved or row != moved[row.seq - moved[0].seq]:
                self._tell(stream, row.seq, f"event {row.seq} is not the one that was moved")
                continue
            try:
                self.journal.drop(stream, row)
            except Refused:
                self._tell(stream, row.seq, f"event {row.seq} was changed when it was moved")
                continue
            self._done.deleted += 1

    def _stop_if_late(self) -> None:
        if self.clock.now() >= self._done.stop_at:
            raise _TimeIsOver

    def _tell(self, stream: str, seq: int, what: str) -> None:
        if (stream, seq) in self._done.told:
            return
        self._done.told.add((stream, seq))
        self._done.broken += 1
        _log.error("what is old cannot be moved", extra={"stream": stream, "fault": what})
        self.alarm.tell(
            JournalFault(
                key=f"broken:{stream}",
                occurrence=f"moved/{stream}/{seq}",
                what=f"{stream}: {what}",
                detail=_DETAIL,
                is_broken=True,
                evidence={"stream": stream, "seq": str(seq)},
            )
        )
