"""What calls cost, by DynamoDB's billing rules on the real items.

A write costs a unit for each KB of the larger of the item before and after it, twice that in a
transaction; a refused one costs the same. An index costs a write where its entry comes or goes or
an attribute that it holds changes, and two where the entry's key does; the same in a transaction.
A read costs a unit for each 4 KB if it is strongly consistent, half of one if not, and two in a
transaction. Sizes leave out what DynamoDB stores beside an item.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.schema import Index, Row, Schema

STRONG, EVENTUAL, TRANSACTIONAL = 1.0, 0.5, 2.0
_WRITE_BYTES = 1024
_READ_BYTES = 4096


@dataclass
class Units:
    """Units since the counter was made.

    Attributes:
        base: write units of tables.
        index: write units of indexes, as `table/index`.
        reads: read units of tables and, as `table/index`, of indexes.
        calls: how many calls there were of each operation and table.
    """

    base: Counter[str] = field(default_factory=Counter)
    index: Counter[str] = field(default_factory=Counter)
    reads: dict[str, float] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> Counter[str]:
        """Return write units by table, those of its indexes among them."""
        total = Counter(self.base)
        for name, units in self.index.items():
            total[name.partition("/")[0]] += units
        return total

    def write(self, schema: Schema, old: Row | None, new: Row | None, factor: int = 1) -> None:
        """Count a write of a row."""
        self.refused(schema, old, new, factor)
        if old is not new:
            for at, index in enumerate(schema.indexes[1:], 1):
                units = _index_units(index, at, old, new)
                if units:
                    self.index[f"{schema.name}/{index.name}"] += units

    def refused(self, schema: Schema, old: Row | None, new: Row | None, factor: int = 1) -> None:
        """Count a write that was refused: it costs the table the same, and indexes nothing."""
        size = max(old.size if old else 0, new.size if new else 0)
        self.base[schema.name] += factor * _write_units(size)

    def read(self, name: str, size: int, each: float) -> None:
        """Count a read of so many bytes."""
        self.reads[name] = self.reads.get(name, 0) + each * max(-(-size // _READ_BYTES), 1)

    def copy(self) -> "Units":
        """Return a counter that goes on from here."""
        return Units(self.base.copy(), self.index.copy(), self.reads.copy(), self.calls.copy())


def _write_units(size: int) -> int:
    return max(-(-size // _WRITE_BYTES), 1)


def _index_units(index: Index, at: int, old: Row | None, new: Row | None) -> int:
    before = old if old and old.places[at] else None
    after = new if new and new.places[at] else None
    if before is None or after is None:
        there = before or after
        return _write_units(index.size(there)) if there else 0
    if before.places[at] != after.places[at]:
        return _write_units(index.size(before)) + _write_units(index.size(after))
    if index.keys_only or index.entry(before) == index.entry(after):
        return 0
    return _write_units(max(index.size(before), index.size(after)))
