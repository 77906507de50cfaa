"""TombstoneStore: tombstones by put-if-absent, in the journal's table; and whose turn it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.clock import from_ms, read_rfc3339, to_ms
from chalicelib.journal.retention.tombstone import SignedTombstone, chain_of
from chalicelib.settings import resource
from chalicelib.tables import SYSTEM, Refused, Table, TableMeta, WholeNumber, owned

_KIND = "journal.archived"


class TombstoneRow(Table):
    """A tombstone; the sort key is the first position that it stands for."""

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
    signature = UnicodeAttribute()


class TombstoneStore:
    """The tombstones of all streams."""

    def last(self, stream: str) -> SignedTombstone | None:
        """Return the newest tombstone of a stream, or None before the first."""
        rows = TombstoneRow.page(
            chain_of(stream), scan_index_forward=False, consistent_read=True, limit=1
        )
        return next(map(_signed, rows), None)

    def backwards(self, stream: str) -> Iterator[SignedTombstone]:
        """Yield the tombstones of a stream, the newest first."""
        rows = TombstoneRow.page(chain_of(stream), scan_index_forward=False, consistent_read=True)
        yield from map(_signed, rows)

    def following(self, stream: str, after: int) -> Iterator[SignedTombstone]:
        """Yield the tombstones of a stream that begin behind a position, in order."""
        above = TombstoneRow.sk > after
        yield from map(_signed, TombstoneRow.page(chain_of(stream), above, consistent_read=True))

    def at_or_before(self, stream: str, seq: int) -> SignedTombstone | None:
        """Return the last tombstone that begins at or before a position, or None."""
        rows = TombstoneRow.page(
            chain_of(stream),
            TombstoneRow.sk <= seq,
            scan_index_forward=False,
            consistent_read=True,
            limit=1,
        )
        return next(map(_signed, rows), None)

    def put(self, stream: str, signed: SignedTombstone) -> SignedTombstone:
        """Put a tombstone at its place, and return the one that stands there then.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = TombstoneRow(
            chain_of(stream),
            signed.first,
            event_id=f"segment/{signed.first}",
            kind=_KIND,
            at=to_ms(read_rfc3339(signed.tombstone().at)),
            content=signed.content,
            previous=signed.previous,
            link=signed.link,
            signature=signed.signature,
        )
        try:
            row.put(TombstoneRow.pk.does_not_exist())
        except Refused as refused:
            return _signed(refused.old)
        return signed


class Turn(NamedTuple):
    """A turn of whoever moves events.

    Attributes:
        at: when it was taken.
        begin: the stream that an unfinished turn stopped at; empty for the first one.
    """

    at: datetime
    begin: str


class TurnRow(Table):
    """When the last turn was taken, and where it stopped before its end."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()
    begin = UnicodeAttribute(null=True)


class Turns:
    """Whose turn it is; one row of the stage."""

    _KEY = (owned(SYSTEM, "last-run"), "journal_retention")

    def take(self, now: datetime, every: timedelta) -> Turn | None:
        """Take a turn, unless it was somebody's a moment ago.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = TurnRow.find(*self._KEY)
        if row and not row.begin and from_ms(row.at) > now - every:
            return None
        seen: Condition = TurnRow.pk.does_not_exist()
        if row:
            begin = TurnRow.begin == row.begin if row.begin else TurnRow.begin.does_not_exist()
            seen = (TurnRow.at == row.at) & begin
        try:
            TurnRow.change(*self._KEY, [TurnRow.at.set(to_ms(now)), TurnRow.begin.remove()], seen)
        except Refused as refused:
            # After a lost reply the SDK's repeat meets the turn that it has taken.
            if refused.old is None or refused.old.at != to_ms(now):
                return None
        return Turn(now, (row.begin or "") if row else "")

    def leave(self, turn: Turn, begin: str) -> None:
        """Note that a turn ends before its work does: whoever comes next goes on.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        try:
            TurnRow.change(*self._KEY, [TurnRow.begin.set(begin)], TurnRow.at == to_ms(turn.at))
        except Refused:
            return  # Somebody else's turn has begun.


def _signed(row: TombstoneRow) -> SignedTombstone:
    return SignedTombstone(
        first=int(row.sk),
        content=row.content,
        previous=row.previous,
        link=row.link,
        signature=row.signature,
    )
