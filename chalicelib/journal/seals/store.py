"""SealStore: seals by put-if-absent at the next position of their chain, in the journal's table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.clock import to_ms
from chalicelib.journal.chain import Head
from chalicelib.journal.seal import STREAM, SignedSeal
from chalicelib.journal.store import JournalRow
from chalicelib.tables import Refused

_KIND = "journal.sealed"


class SealStore:
    """The chain of seals, which belongs to the system."""

    def last(self) -> SignedSeal | None:
        """Return the newest seal, or None before the first."""
        return next(iter(self.newest(1)), None)

    def newest(self, number: int) -> Sequence[SignedSeal]:
        """Return the newest seals, the last one first."""
        rows = JournalRow.page(STREAM, scan_index_forward=False, consistent_read=True, limit=number)
        return [_seal(row) for row in rows]

    def following(self, after: int) -> Iterator[SignedSeal]:
        """Yield the seals after a position, in order."""
        for row in JournalRow.page(STREAM, JournalRow.sk > after, consistent_read=True):
            yield _seal(row)

    def put(self, seal: SignedSeal) -> SignedSeal:
        """Put a seal at its position, and return the one that stands there then.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = JournalRow(
            STREAM,
            seal.seq,
            event_id=f"seal/{seal.seq}",
            kind=_KIND,
            at=to_ms(seal.seal().at),
            content=seal.content,
            previous=seal.previous,
            link=seal.link,
            signature=seal.signature,
        )
        try:
            row.put(JournalRow.pk.does_not_exist())
        except Refused as refused:
            return _seal(refused.old)
        return seal

    def links(self, heads: Iterable[tuple[str, int]]) -> Mapping[str, Head]:
        """Return the events at these positions of their streams, as far as there are any."""
        return {row.pk: Head(int(row.sk), row.link) for row in JournalRow.find_all(heads)}


def _seal(row: JournalRow) -> SignedSeal:
    return SignedSeal(
        seq=int(row.sk),
        content=row.content,
        previous=row.previous,
        link=row.link,
        signature=row.signature or "",
    )
