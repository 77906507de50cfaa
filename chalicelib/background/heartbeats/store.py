"""HeartbeatStore: one row for each piece of work, kept until its end or a week of silence.

A write that is refused is forgotten: there is a newer sign of life already.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.background.heartbeats.record import (
    HeartbeatKey,
    WorkHeartbeatKind,
    WorkHeartbeatRecord,
    WorkHeartbeatUpdate,
    beat,
)
from chalicelib.background.shards import shard_of
from chalicelib.clock import from_ms, to_ms
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, owned, reading

_KEPT = timedelta(days=7)


class StaleIndex(GlobalSecondaryIndex["HeartbeatRow"]):
    """Heartbeats by shard, the longest silent first."""

    class Meta:
        """The index."""

        index_name = "stale"
        projection = KeysOnlyProjection()

    stale_shard = UnicodeAttribute(hash_key=True)
    updated_at = WholeNumber(range_key=True)


class HeartbeatRow(Table):
    """A piece of work: the partition is an owner's kind of work, the sort key the object's id."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("heartbeats")

    stale_index = StaleIndex()

    sk = UnicodeAttribute(range_key=True)
    # Not of what may sleep: nobody looks for it.
    stale_shard = UnicodeAttribute(null=True)
    updated_at = WholeNumber()
    summary = UnicodeAttribute()
    token = WholeNumber()
    ttl = WholeNumber()


class HeartbeatStore:
    """Signs of life of all owners' work."""

    def __init__(self, shards: int) -> None:
        """Take the number of partitions of the index."""
        self._shards = shards

    def record(self, update: WorkHeartbeatUpdate, now: datetime) -> None:
        """Put a sign of life, unless there is one under a higher token, or a later one under this.

        Who took work over replaces the sign of who lost it, whatever the two clocks say.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = self._row(beat(update, now), is_watched=not update.may_sleep)
        in_order = (HeartbeatRow.token == row.token) & (HeartbeatRow.updated_at <= row.updated_at)
        newer = (HeartbeatRow.token < row.token) | in_order
        try:
            row.put(HeartbeatRow.pk.does_not_exist() | newer)
        except Refused:
            return

    def clear(self, owner: str, kind: WorkHeartbeatKind, object_id: str, token: int) -> None:
        """Forget work that has ended, unless it goes on under a higher token.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        try:
            HeartbeatRow.remove(owned(owner, kind), object_id, HeartbeatRow.token <= token)
        except Refused:
            return

    def get(
        self, owner: str, kind: WorkHeartbeatKind, object_id: str
    ) -> WorkHeartbeatRecord | None:
        """Return the last sign of life of some work by a strongly consistent read, or None."""
        row = HeartbeatRow.find(owned(owner, kind), object_id)
        return _record(row) if row else None

    def list(
        self, owner: str, kind: WorkHeartbeatKind, after: str | None, limit: int
    ) -> Sequence[WorkHeartbeatRecord]:
        """Return an owner's work of a kind by object id, what comes after the id `after`."""
        condition = HeartbeatRow.sk > after if after else None
        rows = HeartbeatRow.page(owned(owner, kind), condition, consistent_read=True, limit=limit)
        return [_record(row) for row in rows]

    def count(self, owner: str) -> int:
        """Return how much work of an owner gave signs of life, of any kind.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return sum(self._count(owned(owner, kind)) for kind in WorkHeartbeatKind)

    def stale(self, shard: int, before: datetime, limit: int) -> Iterator[HeartbeatKey]:
        """Yield the work of a shard that was last heard before an instant, longest silent first.

        What may sleep is not among it. Read from an index: work that beat a moment ago may be
        among it, so `get` it and ask again.
        """
        silent = HeartbeatRow.updated_at < to_ms(before)
        for row in reading(HeartbeatRow.stale_index.query(str(shard), silent, limit=limit)):
            yield _key(row)

    def _count(self, pk: str) -> int:
        rows = HeartbeatRow.page(pk, consistent_read=True, attributes_to_get=["sk"])
        return sum(1 for _ in rows)

    def _row(self, record: WorkHeartbeatRecord, *, is_watched: bool) -> HeartbeatRow:
        pk = owned(record.owner, record.kind)
        return HeartbeatRow(
            pk,
            record.object_id,
            stale_shard=str(shard_of(pk, self._shards)) if is_watched else None,
            updated_at=to_ms(record.updated_at),
            summary=record.summary,
            token=record.token,
            ttl=int((record.updated_at + _KEPT).timestamp()),
        )


def _key(row: HeartbeatRow) -> HeartbeatKey:
    owner, _, kind = row.pk.rpartition("#")
    return HeartbeatKey(owner, WorkHeartbeatKind(kind), row.sk)


def _record(row: HeartbeatRow) -> WorkHeartbeatRecord:
    key = _key(row)
    return WorkHeartbeatRecord(
        owner=key.owner,
        kind=key.kind,
        object_id=key.object_id,
        summary=row.summary,
        updated_at=from_ms(row.updated_at),
        token=int(row.token),
    )
