"""What all operations share: the tables, the clock, the log and the counter."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.simulation.refusals import Refusal
from tests.simulation.schema import Schema
from tests.simulation.storage import Lag, Table, View
from tests.simulation.units import Units
from tests.simulation.writes import Attempt, Request


class Made(NamedTuple):
    """A transaction that was made: when, and what was asked."""

    at: datetime
    asked: list[Request]


def _machine_clock() -> datetime:
    return datetime.now(UTC)


def _never_stale() -> Lag | None:
    return None


class Engine:
    """The state of one DynamoDB.

    Attributes:
        clock: where its time comes from.
        stale: asked at each read that may lag: at most how many of the table's writes, and at most
            how many seconds, it answers behind; None: not at all.
        units: what calls have cost.
        seq: how many writes were committed; each item of a transaction is one.
    """

    def __init__(
        self,
        tables: Iterable[Mapping[str, Any]],
        clock: Callable[[], datetime] = _machine_clock,
    ) -> None:
        self.clock = clock
        self.stale: Callable[[], Lag | None] = _never_stale
        self.units = Units()
        self.seq = 0
        self.tables = {schema.name: Table(schema) for schema in map(Schema, tables)}
        self.transactions: dict[str, Made] = {}
        self._shared = False

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            Refusal: there is none of the name.
        """
        try:
            return self.tables[name]
        except KeyError:
            raise Refusal("ResourceNotFoundException", "Requested resource not found") from None

    def view(self, table: Table, *, consistent: bool) -> View:
        """Return a table as a read sees it."""
        if consistent:
            return table
        lag = self.stale()
        return table if lag is None else table.view(lag, self.clock())

    def commit(self, made: Attempt, factor: int = 1) -> None:
        """Make a write, and count what it costs."""
        self.units.write(made.table.schema, made.old, made.new, factor)
        if made.old is not made.new:
            self.seq += 1
            made.table.commit(made.key, made.new, self.seq, self.clock())

    def remember(self, token: str, made: Made) -> None:
        """Note that a transaction was made under a token."""
        if self._shared:
            self.transactions = self.transactions.copy()
            self._shared = False
        self.transactions[token] = made

    def snapshot(self) -> Any:
        """Return the whole state for `restore`; it costs next to nothing."""
        self._shared = True
        tables = [table.snapshot() for table in self.tables.values()]
        return tables, self.transactions, self.units.copy(), self.seq

    def restore(self, snapshot: Any) -> None:
        """Return to a state; the snapshot can be used again."""
        tables, self.transactions, units, self.seq = snapshot
        self._shared = True
        self.units = units.copy()
        for table, state in zip(self.tables.values(), tables, strict=True):
            table.restore(state)
