"""JournalStore: appends by put-if-absent at the next position of a stream.

There is no head item: the head is the last row, remembered per container. Who loses the race for a
position reads the head again and goes on behind it, a bounded number of times. An event whose id
stands in the row that refused it is its own, from a write whose reply was lost. The first event of
a stream and the stream's name in the register are put together, so that no stream is without seals.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Unavailable
from chalicelib.journal.chain import Head, genesis, link
from chalicelib.journal.details import LARGEST_BYTES, LargeEvents
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import Event
from chalicelib.journal.verify import Row
from chalicelib.settings import resource
from chalicelib.tables import (
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
_REGISTER = owned("system", "streams")


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


class JournalStore:
    """Append-only, hash-chained audit streams."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self.large = LargeEvents()

    def append(self, event: Event) -> None:
        """Append an event to its stream.

        Raises:
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
            self._heads[event.stream] = Head(int(row.sk), row.link)
            return
        raise Unavailable("the journal is too busy", fix="try again")

    def append_with(self, event: Event, writes: Sequence[Write]) -> None:
        """Append an event and make other writes, all or none.

        Raises:
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
            self._heads[event.stream] = Head(int(row.sk), row.link)
            return
        raise Unavailable("the journal is too busy", fix="try again")

    def holds(self, event: Event, *, since: datetime) -> bool:
        """Return whether the event has been appended at or after an instant.

        What is concluded late stands behind what happened after it, so one entry that is older
        than the instant does not mean that all before it are.
        """
        older = 0
        newest_first = JournalRow.page(
            event.stream, scan_index_forward=False, consistent_read=True, page_size=100
        )
        for row in newest_first:
            if row.event_id == event.id:
                return True
            older = older + 1 if row.at < to_ms(since) else 0
            if older > _LATE_IN_A_ROW:
                return False
        return False

    def newest(self, stream: str, before: int | None, limit: int) -> Sequence[Entry]:
        """Return the entries of a stream before a position, the last one first.

        Read without waiting for the newest writes: what was appended a moment ago may be missing,
        but never anything before what is there.
        """
        below = JournalRow.sk < before if before is not None else None
        rows = JournalRow.page(stream, below, scan_index_forward=False, limit=limit)
        return [_entry(row) for row in rows]

    def following(self, stream: str, after: int, limit: int) -> Sequence[Entry]:
        """Return the entries of a stream after a position, in order."""
        above = JournalRow.sk > after
        rows = JournalRow.page(stream, above, consistent_read=True, limit=limit)
        return [_entry(row) for row in rows]

    def rows(self, stream: str, after: int) -> Iterator[Row]:
        """Yield the events of a stream after a position, in order, as they are stored."""
        for row in JournalRow.page(stream, JournalRow.sk > after, consistent_read=True):
            yield Row(
                seq=int(row.sk),
                event_id=row.event_id,
                kind=row.kind,
                at=int(row.at),
                content=row.content,
                previous=row.previous,
                link=row.link,
                payload_sha256=row.payload_sha256,
            )

    def entry(self, stream: str, seq: int) -> Entry | None:
        """Return the entry at a position, or None."""
        row = JournalRow.find(stream, seq)
        return _entry(row) if row else None

    def head(self, stream: str) -> Head:
        """Return where a stream ends now, whatever this container remembers."""
        return self._last(stream)

    def streams(self) -> Iterator[str]:
        """Yield the names of all streams of all owners."""
        for row in StreamRow.page(_REGISTER, consistent_read=True):
            yield row.sk

    def _next_row(self, event: Event) -> JournalRow:
        head = self._head(event.stream)
        row = JournalRow(
            event.stream,
            head.seq + 1,
            event_id=event.id,
            kind=event.kind,
            at=to_ms(event.at),
            content=event.content(),
            previous=head.link,
        )
        if len(row.content.encode()) > LARGEST_BYTES:
            row.payload_sha256, row.payload_bytes = self.large.keep(event.owner, row.content)
            row.content = event.pointer(row.payload_sha256, row.payload_bytes)
        row.link = link(row.pk, str(row.sk), row.previous, row.content)
        return row

    def _head(self, stream: str) -> Head:
        if stream not in self._heads:
            self._heads[stream] = self._last(stream)
        return self._heads[stream]

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
    writes = _writes(row)
    if len(writes) == 1:
        row.put(JournalRow.pk.does_not_exist())
        return
    try:
        JournalRow.transact(*writes)
    except Cancelled as cancelled:
        there = JournalRow.page(row.pk, JournalRow.sk == row.sk, consistent_read=True)
        raise Refused(next(there, None)) from cancelled


def _writes(row: JournalRow) -> Sequence[Write]:
    """Return what puts a row where there is none; the first of a stream enters the register."""
    put = row.put_write(JournalRow.pk.does_not_exist())
    if row.sk > 1:
        return [put]
    return [StreamRow(_REGISTER, row.pk).put_write(None), put]


def _entry(row: JournalRow) -> Entry:
    return Entry(
        chain=row.pk,
        seq=int(row.sk),
        kind=row.kind,
        at=from_ms(row.at),
        content=row.content,
        previous=row.previous,
        link=row.link,
    )
