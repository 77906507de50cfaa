"""What a table holds now, what it held before, and snapshots of it.

Rows are never changed, and a container is copied when it is written to after a snapshot, so a
snapshot costs nothing by itself.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.simulation.schema import Key, KeyPart, Row, Schema

type Entry = tuple[KeyPart, Key]
type Lag = tuple[int, float]


class Written(NamedTuple):
    """A committed write, and the one before it on the same table.

    Attributes:
        seq: its number among all writes of the world.
        old: the row before; None: there was none.
        new: the row after; None: there is none.
    """

    previous: "Written | None"
    seq: int
    at: datetime
    key: Key
    old: Row | None
    new: Row | None


class Ordering:
    """The keys of a table or index by partition, each partition in order of range keys."""

    __slots__ = ("_own", "_shared", "partitions")

    def __init__(self, partitions: dict[KeyPart, list[Entry]] | None = None) -> None:
        self.partitions = partitions or {}
        self._own: set[KeyPart] = set()
        self._shared = partitions is not None

    def share(self) -> dict[KeyPart, list[Entry]]:
        """Return all of it; it is not written to from now on."""
        self._shared = True
        self._own = set()
        return self.partitions

    def add(self, place: Key, key: Key) -> None:
        """Enter a key."""
        insort(self._writable(place[0]), (place[1], key))

    def remove(self, place: Key, key: Key) -> None:
        """Take a key out."""
        entries = self._writable(place[0])
        del entries[bisect_left(entries, (place[1], key))]
        if not entries:
            del self.partitions[place[0]]
            self._own.discard(place[0])

    def _writable(self, hash_: KeyPart) -> list[Entry]:
        if self._shared:
            self.partitions = self.partitions.copy()
            self._shared = False
        if hash_ not in self._own:
            self._own.add(hash_)
            self.partitions[hash_] = list(self.partitions.get(hash_, ()))
        return self.partitions[hash_]


class View:
    """A table as a read sees it."""

    __slots__ = ("_orderings", "_rows")

    def __init__(self, rows: dict[Key, Row], orderings: Sequence[Ordering]) -> None:
        self._rows = rows
        self._orderings = orderings

    def get(self, key: Key) -> Row | None:
        """Return a row, or None."""
        return self._rows.get(key)

    def entries(self, index: int, hash_: KeyPart) -> Sequence[Entry]:
        """Return a partition of an index (0: the table) in order."""
        return self._orderings[index].partitions.get(hash_, ())

    def hashes(self, index: int) -> list[KeyPart]:
        """Return the partitions of an index, in an order that stays."""
        return sorted(self._orderings[index].partitions)

    def rows(self) -> Mapping[Key, Row]:
        """Return all rows by their keys."""
        return self._rows


class Past(View):
    """A table as it was some writes ago."""

    __slots__ = ("_changed", "_now")

    def __init__(self, now: View, changed: Mapping[Key, Row | None]) -> None:
        self._now = now
        self._changed = changed

    def get(self, key: Key) -> Row | None:
        """Return a row as it was, or None."""
        if key in self._changed:
            return self._changed[key]
        return self._now.get(key)

    def entries(self, index: int, hash_: KeyPart) -> Sequence[Entry]:
        """Return a partition as it was."""
        same = [e for e in self._now.entries(index, hash_) if e[1] not in self._changed]
        places = ((row.places[index], row.key) for row in self._changed.values() if row is not None)
        then = [(place[1], key) for place, key in places if place and place[0] == hash_]
        return sorted(same + then)

    def hashes(self, index: int) -> list[KeyPart]:
        """Return the partitions as they were, and perhaps some that were empty."""
        places = (row.places[index] for row in self._changed.values() if row is not None)
        return sorted({*self._now.hashes(index), *(place[0] for place in places if place)})

    def rows(self) -> Mapping[Key, Row]:
        """Return all rows as they were."""
        changed = {**self._now.rows(), **self._changed}
        return {key: row for key, row in changed.items() if row is not None}


class Table(View):
    """A table: the view of now, and the log of how it came to it.

    Attributes:
        last: the last write; it leads to the ones before.
    """

    __slots__ = ("_shared", "last", "schema")

    def __init__(self, schema: Schema) -> None:
        super().__init__({}, [Ordering() for _ in schema.indexes])
        self.schema = schema
        self.last: Written | None = None
        self._shared = False

    def commit(self, key: Key, new: Row | None, seq: int, at: datetime) -> None:
        """Put a row at a key, or remove the one there."""
        if self._shared:
            self._rows = self._rows.copy()
            self._shared = False
        old = self._rows.get(key)
        if new is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = new
        self._move(key, old, new)
        self.last = Written(self.last, seq, at, key, old, new)

    def view(self, lag: Lag | None, now: datetime) -> View:
        """Return the table as it was at most so many of its writes, and seconds, ago."""
        if lag is None or self.last is None:
            return self
        changed = {written.key: written.old for written in self._recent(*lag, now)}
        return Past(self, changed) if changed else self

    def _recent(self, writes: int, seconds: float, now: datetime) -> Iterable[Written]:
        """Yield the writes that are not seen yet, from the last one back."""
        seen, written = now - timedelta(seconds=seconds), self.last
        while written is not None and writes > 0 and written.at > seen:
            yield written
            written = written.previous
            writes -= 1

    def _move(self, key: Key, old: Row | None, new: Row | None) -> None:
        if old is not None and new is not None and old.places is new.places:
            return
        for at, ordering in enumerate(self._orderings):
            before = old.places[at] if old else None
            after = new.places[at] if new else None
            if before != after:
                if before is not None:
                    ordering.remove(before, key)
                if after is not None:
                    ordering.add(after, key)

    def snapshot(self) -> Any:
        """Return its state, for `restore`."""
        self._shared = True
        return self._rows, [ordering.share() for ordering in self._orderings], self.last

    def restore(self, snapshot: Any) -> None:
        """Return to a state."""
        self._rows, orderings, self.last = snapshot
        self._orderings = [Ordering(partitions) for partitions in orderings]
        self._shared = True
