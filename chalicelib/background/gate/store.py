"""GateStore: the one item of the gate."""

import json

from pynamodb.attributes import UnicodeAttribute

from chalicelib.background.gate.gate import Gate, Period
from chalicelib.clock import from_ms, to_ms
from chalicelib.settings import resource
from chalicelib.tables import SYSTEM, Table, TableMeta, WholeNumber, Write, owned

_KEY = (owned(SYSTEM, "gate"), "gate")


class GateRow(Table):
    """The gate of all owners."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    gate_ver = WholeNumber()
    periods = UnicodeAttribute()


class GateStore:
    """The gate."""

    def read(self) -> Gate:
        """Return the gate by a strongly consistent read.

        Raises:
            Unavailable: DynamoDB did not answer; nobody knows whether it is open.
        """
        row = GateRow.find(*_KEY)
        if row is None:
            return Gate()
        written = json.loads(row.periods)
        periods = {scope: tuple(map(_period, own)) for scope, own in written.items()}
        return Gate(ver=int(row.gate_ver), periods=periods)

    def write(self, gate: Gate) -> Write:
        """Return the write that makes the gate what it is to be, if nobody changed it meanwhile."""
        periods = {scope: list(map(_written, own)) for scope, own in gate.periods.items()}
        row = GateRow(*_KEY, gate_ver=gate.ver, periods=json.dumps(periods))
        before = gate.ver - 1
        return row.put_write(GateRow.gate_ver == before if before else GateRow.pk.does_not_exist())


def _period(written: tuple[int, int | None, str]) -> Period:
    since, until, by = written
    return Period(from_ms(since), from_ms(until), by)


def _written(period: Period) -> tuple[int, int | None, str]:
    return to_ms(period.since), to_ms(period.until), period.by
