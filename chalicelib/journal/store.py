"""JournalStore: appends by put-if-absent at the next position of a stream.

There is no head item: the head is the last row, remembered per container. Who loses the race for a
position reads the head again and goes on behind it, a bounded number of times. An event whose id
stands in the row that refused it is its own, from a write whose reply was lost.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import to_ms
from chalicelib.errors import Unavailable
from chalicelib.journal.chain import genesis, link
from chalicelib.journal.event import Event
from chalicelib.settings import resource
from chalicelib.tables import Cancelled, Refused, Table, TableMeta, WholeNumber, Write

_TRIES = 16
_LATE_IN_A_ROW = 32


class JournalRow(Table):
    """An event at its position."""

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


class Head(NamedTuple):
    """The last position of a stream and its link."""

    seq: int
    link: str


class JournalStore:
    """Append-only, hash-chained audit streams."""

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def append(self, event: Event) -> None:
        """Append an event to its stream.

        Raises:
            Unavailable: DynamoDB did not answer, or others kept winning the position.
        """
        for _ in range(_TRIES):
            row = self._next_row(event)
            try:
                row.put(JournalRow.pk.does_not_exist())
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
                JournalRow.transact(*writes, row.put_write(JournalRow.pk.does_not_exist()))
            except Cancelled as cancelled:
                if any(cancelled.refusals[:-1]):
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

    def _next_row(self, event: Event) -> JournalRow:
        head = self._head(event.stream)
        seq, content = head.seq + 1, event.content()
        return JournalRow(
            event.stream,
            seq,
            event_id=event.id,
            kind=event.kind,
            at=to_ms(event.at),
            content=content,
            previous=head.link,
            link=link(event.stream, str(seq), head.link, content),
        )

    def _head(self, stream: str) -> Head:
        if stream not in self._heads:
            last = next(
                JournalRow.page(stream, scan_index_forward=False, consistent_read=True, limit=1),
                None,
            )
            head = Head(int(last.sk), last.link) if last else Head(0, genesis(stream))
            self._heads[stream] = head
        return self._heads[stream]
