"""JournalStore: appends by put-if-absent at the next position of a stream.

There is no head item: the head is the last row, remembered per container. Who loses the race for a
position reads the head again and goes on behind it, a bounded number of times. An event whose id
stands in the row that refused it is its own, from a write whose reply was lost. The first event of
a stream and the stream's name in the register are put together, so that no stream is without seals.

Old events are moved to S3 from the beginning of their streams, and never the last one. Readers find
them there: where positions are missing in the table, a tombstone says which object has them. A
position that was moved is free in the table, so a head is not remembered for longer than a day:
nothing that young is ever moved.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Unavailable
from chalicelib.journal.chain import Head, genesis, link
from chalicelib.journal.details import LARGEST_BYTES, LargeEvents
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import Event
from chalicelib.journal.personal import PersonalSealer
from chalicelib.journal.retention.segments import Segments
from chalicelib.journal.verify import Row
from chalicelib.settings import resource
from chalicelib.tables import (
    SYSTEM,
    Cancelled,
    Refused,
    Table,
    TableMeta,
    WholeNumber,
    Write,
    owned,
)

_TRIES = 16
_LATE_IN_A_ROW = 32
_PAGE = 100
_REMEMBERED = timedelta(days=1)
_REGISTER = owned(SYSTEM, "streams")


class JournalRow(Table):
    """An event at its position; or, in the chain of seals, a seal."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("journal")

    sk = WholeNumber(range_key=True)
    event_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    at = WholeNumber()
    content = UnicodeAttribute()
    previous = UnicodeAttribute()
    link = UnicodeAttribute()
    signature = UnicodeAttribute(null=True)
    payload_sha256 = UnicodeAttribute(null=True)
    payload_bytes = WholeNumber(null=True)


class StreamRow(Table):
    """That a stream exists: all streams of all owners stand in one partition, by their names."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)


class _Remembered(NamedTuple):
    """Where a stream ended when an event was appended, and when that event happened."""

    head: Head
    at: datetime


class JournalStore:
    """Append-only, hash-chained audit streams.

    Attributes:
        large: the events that are too large for a row.
        segments: the events that were moved out of the table.
    """

    def __init__(self, sealer: PersonalSealer | None = None) -> None:
        """Take what seals what is personal; without it, no event may have anything personal."""
        self.sealer = sealer
        self._heads: dict[str, _Remembered] = {}
        self.large = LargeEvents()
        self.segments = Segments()

    def append(self, event: Event) -> None:
        """Append an event to its stream.

        Raises:
            Erased: it has personal details, and what is known of its subject was erased.
            Unavailable: DynamoDB did not answer, or others kept winning the position.
        """
        for _ in range(_TRIES):
            row = self._next_row(event)
            try:
                _put(row)
            except Refused as refused:
                # Others may be many positions ahead: read the head again.
                self._heads.pop(event.stream, None)
                if refused.old is not None and refused.old.event_id == event.id:
                    return
                continue
            self._heads[event.stream] = _Remembered(Head(int(row.sk), row.link), event.at)
            return
        raise Unavailable("the journal is too busy", fix="try again")

    def append_with(self, event: Event, writes: Sequence[Write]) -> None:
        """Append an event and make other writes, all or none.

        Raises:
            Erased: it has personal details, and what is known of its subject was erased.
            Cancelled: one of the other writes was refused.
            Unavailable: DynamoDB did not answer, or others kept winning the position.
        """
        for _ in range(_TRIES):
            row = self._next_row(event)
            try:
                JournalRow.transact(*writes, *_writes(row))
            except Cancelled as cancelled:
                if any(cancelled.refusals[: len(writes)]):
                    raise
                self._heads.pop(event.stream, None)
                continue
            self._heads[event.stream] = _Remembered(Head(int(row.sk), row.link), event.at)
            return
        raise Unavailable("the journal is too busy", fix="try again")

    def holds(self, event: Event, *, since: datetime) -> bool:
        """Return whether the event has been appended at or after an instant.

        What is concluded late stands behind what happened after it, so one entry that is older
        than the instant does not mean that all before it are.
        """
        older = 0
        for row in self._backwards(event.stream):
            if row.event_id == event.id:
                return True
            older = older + 1 if row.at < to_ms(since) else 0
            if older > _LATE_IN_A_ROW:
                return False
        return False

    def newest(self, stream: str, before: int | None, limit: int) -> Sequence[Entry]:
        """Return the last entries of a stream before a position, the last one first.

        Read without waiting for the newest writes: what was appended a moment ago may be missing,
        but never anything before what is there. There may be fewer than the limit although others
        come before them, but never none: at most one segment is read.

        Raises:
            ArchiveBroken: what was moved is missing, or was changed.
            Unavailable: AWS did not answer.
        """
        below = JournalRow.sk < before if before is not None else None
        rows = JournalRow.page(stream, below, scan_index_forward=False, limit=limit)
        found = [_entry(row) for row in rows]
        whole = list(_unbroken(found, before, -1))
        wanted = (whole[-1].seq if whole else before or 1) - 1
        if len(whole) == limit or not wanted:
            return whole
        moved = self.segments.holding(stream, wanted)
        if not moved:
            return found  # What is missing was not moved; that is not for readers to judge.
        older = [_shown(stream, row) for row in moved if row.seq <= wanted]
        return [*whole, *reversed(older[len(whole) - limit :])]

    def following(self, stream: str, after: int, limit: int) -> Sequence[Entry]:
        """Return entries of a stream after a position, in order.

        There may be fewer than the limit although others come behind them, but never none: at most
        one segment is read.

        Raises:
            ArchiveBroken: what was moved is missing, or was changed.
            Unavailable: AWS did not answer.
        """
        above = JournalRow.sk > after
        rows = JournalRow.page(stream, above, consistent_read=True, limit=limit)
        found = [_entry(row) for row in rows]
        whole = list(_unbroken(found, after, 1))
        if whole or not found:
            return whole
        moved = self.segments.holding(stream, after + 1)
        return [_shown(stream, row) for row in moved if row.seq > after][:limit] or found

    def rows(self, stream: str, after: int) -> Iterator[Row]:
        """Yield the events of a stream after a position, in order, wherever they are stored.

        Raises:
            ArchiveBroken: what was moved is missing, or was changed.
            Unavailable: AWS did not answer.
        """
        is_moved = True
        while is_moved:
            is_moved = False
            for row in self.live(stream, after):
                if row.seq > after + 1 and (moved := self.segments.holding(stream, after + 1)):
                    yield from (each for each in moved if each.seq > after)
                    after, is_moved = moved[-1].seq, True
                    break
                yield row
                after = row.seq

    def live(self, stream: str, after: int, last: int | None = None) -> Iterator[Row]:
        """Yield the events of a stream that stand in the table, in order.

        Args:
            stream: its name.
            after: the position behind which they begin.
            last: the last position that is asked for; None for all.
        """
        asked: Condition = JournalRow.sk > after
        if last is not None:
            asked = JournalRow.sk.between(after + 1, last)
        yield from map(_row, JournalRow.page(stream, asked, consistent_read=True))

    def drop(self, stream: str, row: Row) -> None:
        """Delete an event that was moved, as it was moved; it may be gone already.

        Raises:
            Refused: the table has another event at its position.
            Unavailable: DynamoDB did not answer.
        """
        same = (JournalRow.link == row.link) & (JournalRow.content == row.content)
        JournalRow.remove(stream, row.seq, same & (JournalRow.previous == row.previous))

    def entry(self, stream: str, seq: int) -> Entry | None:
        """Return the entry at a position, or None.

        Raises:
            ArchiveBroken: it was moved, and is missing or was changed.
            Unavailable: AWS did not answer.
        """
        row = JournalRow.find(stream, seq)
        if row:
            return _entry(row)
        moved = self.segments.holding(stream, seq)
        return next((_shown(stream, each) for each in moved if each.seq == seq), None)

    def head(self, stream: str) -> Head:
        """Return where a stream ends now, whatever this container remembers."""
        return self._last(stream)

    def streams(self) -> Iterator[str]:
        """Yield the names of all streams of all owners."""
        for row in StreamRow.page(_REGISTER, consistent_read=True):
            yield row.sk

    def _next_row(self, event: Event) -> JournalRow:
        head = self._head(event)
        row = JournalRow(
            event.stream,
            head.seq + 1,
            event_id=event.id,
            kind=event.kind,
            at=to_ms(event.at),
            content=event.content(self.sealer),
            previous=head.link,
        )
        if len(row.content.encode()) > LARGEST_BYTES:
            row.payload_sha256, row.payload_bytes = self.large.keep(event.owner, row.content)
            row.content = event.pointer(row.payload_sha256, row.payload_bytes)
        row.link = link(row.pk, str(row.sk), row.previous, row.content)
        return row

    def _head(self, event: Event) -> Head:
        known = self._heads.get(event.stream)
        if known is None or abs(event.at - known.at) > _REMEMBERED:
            known = _Remembered(self._last(event.stream), event.at)
            self._heads[event.stream] = known
        return known.head

    def _backwards(self, stream: str) -> Iterator[Row]:
        """Yield the events of a stream, the last one first, wherever they are stored."""
        newest_first = JournalRow.page(
            stream, scan_index_forward=False, consistent_read=True, page_size=_PAGE
        )
        seq = 0
        for row in newest_first:
            yield _row(row)
            seq = int(row.sk)
        while seq > 1 and (moved := self.segments.holding(stream, seq - 1)):
            yield from reversed(moved)
            seq = moved[0].seq

    def _last(self, stream: str) -> Head:
        last = next(
            JournalRow.page(stream, scan_index_forward=False, consistent_read=True, limit=1),
            None,
        )
        return Head(int(last.sk), last.link) if last else Head(0, genesis(stream))


def _put(row: JournalRow) -> None:
    """Put a row where there is none.

    Raises:
        Refused: there is one.
    """
    if row.sk > 1:
        row.put(JournalRow.pk.does_not_exist())
        return
    try:
        JournalRow.transact(*_writes(row))
    except Cancelled as cancelled:
        there = JournalRow.page(row.pk, JournalRow.sk == row.sk, consistent_read=True)
        raise Refused(next(there, None)) from cancelled


def _writes(row: JournalRow) -> Sequence[Write]:
    """Return what puts a row where there is none; the first of a stream enters the register."""
    put = row.put_write(JournalRow.pk.does_not_exist())
    if row.sk > 1:
        return [put]
    return [StreamRow(_REGISTER, row.pk).put_write(None), put]


def _unbroken(entries: Sequence[Entry], at: int | None, step: int) -> Iterator[Entry]:
    """Return the entries up to where a position is missing, seen from one before them."""
    begin = entries[0].seq if at is None and entries else (at or 0) + step
    expected = range(begin, begin + step * len(entries), step)
    pairs = zip(entries, expected, strict=False)
    return (entry for entry, _ in takewhile(lambda pair: pair[0].seq == pair[1], pairs))


def _row(row: JournalRow) -> Row:
    return Row(
        seq=int(row.sk),
        event_id=row.event_id,
        kind=row.kind,
        at=int(row.at),
        content=row.content,
        previous=row.previous,
        link=row.link,
        payload_sha256=row.payload_sha256,
    )


def _shown(stream: str, row: Row) -> Entry:
    return Entry(
        chain=stream,
        seq=row.seq,
        kind=row.kind,
        at=from_ms(row.at),
        content=row.content,
        previous=row.previous,
        link=row.link,
    )


def _entry(row: JournalRow) -> Entry:
    return _shown(row.pk, _row(row))
