"""Queries and scans: pages of an index or table, in order."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from tests.simulation.attributes import Attribute, Item, accept_item, copied_item
from tests.simulation.engine import Engine
from tests.simulation.evaluation import Values
from tests.simulation.expressions import Expressions, KeyCondition, projected, read_expressions
from tests.simulation.refusals import Invalid, invalid_parameter
from tests.simulation.schema import Index, KeyPart, Row
from tests.simulation.storage import Entry, Table, View
from tests.simulation.units import EVENTUAL, STRONG

type Arguments = Mapping[str, Any]
type Reply = dict[str, Any]
type Bounds = tuple[int, int]

_PAGE_BYTES = 1024 * 1024
_OWN = 0
_FIRST = itemgetter(0)
_BAD_START = "The provided starting key is invalid"
_OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"


class Reading(NamedTuple):
    """A query or scan, as it was asked for.

    Attributes:
        number: which index it reads; 0: the table.
    """

    engine: Engine
    table: Table
    number: int
    view: View
    expressions: Expressions
    values: Values
    arguments: Arguments

    @property
    def source(self) -> Index:
        """Return the index it reads."""
        return self.table.schema.indexes[self.number]


def query(engine: Engine, arguments: Arguments) -> Reply:
    """Return a page of one partition."""
    reading = _reading(engine, arguments)
    key = reading.expressions.key
    if key is None:
        raise Invalid("Either the KeyConditions or KeyConditionExpression parameter is required")
    hash_ = _hash_of(reading, key)
    entries = reading.view.entries(reading.number, hash_)
    low, high = _bounds(reading, key, entries)
    forward = arguments.get("ScanIndexForward", True)
    start = _start(reading)
    if start is not None:
        if start[0] != hash_:
            raise Invalid(_OUTSIDE)
        if forward:
            low = max(low, bisect_right(entries, start[1]))
        else:
            high = min(high, bisect_left(entries, start[1]))
    places = range(low, high) if forward else range(high - 1, low - 1, -1)
    return _page(reading, (entries[at] for at in places))


def scan(engine: Engine, arguments: Arguments) -> Reply:
    """Return a page of everything, partition by partition."""
    reading = _reading(engine, arguments)
    return _page(reading, _all_after(reading, _start(reading)))


def _all_after(reading: Reading, start: tuple[KeyPart, Entry] | None) -> Iterable[Entry]:
    view, number = reading.view, reading.number
    hashes = view.hashes(number)
    if start is None:
        return chain.from_iterable(view.entries(number, hash_) for hash_ in hashes)
    entries = view.entries(number, start[0])
    rest = entries[bisect_right(entries, start[1]) :]
    later = hashes[bisect_right(hashes, start[0]) :]
    return chain(rest, chain.from_iterable(view.entries(number, hash_) for hash_ in later))


def _reading(engine: Engine, arguments: Arguments) -> Reading:
    table = engine.table(arguments["TableName"])
    name = arguments.get("IndexName")
    number = _OWN if name is None else table.schema.number_of(name)
    consistent = bool(arguments.get("ConsistentRead"))
    if consistent and number != _OWN:
        raise Invalid("Consistent reads are not supported on global secondary indexes")
    if arguments.get("Limit", 1) < 1:
        raise Invalid("Limit failed to satisfy constraint: Member must be at least 1")
    expressions, values = read_expressions(arguments)
    view = engine.view(table, consistent=consistent)
    reading = Reading(engine, table, number, view, expressions, values, arguments)
    _check_selection(reading)
    return reading


def _check_selection(reading: Reading) -> None:
    index, paths = reading.source, reading.expressions.projection
    select = reading.arguments.get("Select")
    if (select == "SPECIFIC_ATTRIBUTES") != (paths is not None) and select is not None:
        raise Invalid(f"Cannot specify the ProjectionExpression when choosing to get {select}")
    if index.projected is None:
        return
    if select == "ALL_ATTRIBUTES":
        raise invalid_parameter(
            "Select type ALL_ATTRIBUTES is not supported for global secondary index "
            f"{index.name} because its projection type is not ALL"
        )
    missing = [str(path[0]) for path in paths or () if path[0] not in index.projected]
    if missing:
        raise invalid_parameter(f"Global secondary index {index.name} does not project {missing}")


def _hash_of(reading: Reading, key: KeyCondition) -> KeyPart:
    index, filter_ = reading.source, reading.expressions.condition
    names = {name for name in (index.hash, index.range) if name}
    operator, placeholders = key.comparisons.get(index.hash, ("", ()))
    if not operator or not key.attributes <= names:
        absent = next(iter(sorted(names - key.attributes)), index.hash)
        raise Invalid(f"Query condition missed key schema element: {absent}")
    if operator != "=":
        raise Invalid("Query key condition not supported")
    if filter_ and not filter_.attributes.isdisjoint(names):
        raise Invalid(
            "Filter Expression can only contain non-primary key attributes: "
            f"Primary key attribute: {min(filter_.attributes & names)}"
        )
    return _part(reading, index.hash, reading.values[placeholders[0]])


def _part(reading: Reading, name: str, value: Attribute) -> KeyPart:
    return reading.table.schema.part(
        name,
        value,
        "One or more parameter values were invalid: "
        "Condition parameter type does not match schema type",
    )


def _bounds(reading: Reading, key: KeyCondition, entries: Sequence[Entry]) -> Bounds:
    name = reading.source.range
    if name is None or name not in key.comparisons:
        return 0, len(entries)
    operator, placeholders = key.comparisons[name]
    if operator == "begins_with" and "N" in reading.values[placeholders[0]]:
        raise Invalid("Query key condition not supported")
    parts = [_part(reading, name, reading.values[placeholder]) for placeholder in placeholders]
    return _RANGES[operator](entries, *parts)


def _below(entries: Sequence[Entry], part: KeyPart) -> int:
    return bisect_left(entries, part, key=_FIRST)


def _through(entries: Sequence[Entry], part: KeyPart) -> int:
    return bisect_right(entries, part, key=_FIRST)


def _beginning(entries: Sequence[Entry], part: KeyPart) -> Bounds:
    def start(entry: Entry) -> Any:
        return entry[0][: len(part)]

    return bisect_left(entries, part, key=start), bisect_right(entries, part, key=start)


_RANGES: Mapping[str, Callable[..., Bounds]] = {
    "=": lambda entries, part: (_below(entries, part), _through(entries, part)),
    "<": lambda entries, part: (0, _below(entries, part)),
    "<=": lambda entries, part: (0, _through(entries, part)),
    ">": lambda entries, part: (_through(entries, part), len(entries)),
    ">=": lambda entries, part: (_below(entries, part), len(entries)),
    "BETWEEN": lambda entries, low, high: (_below(entries, low), _through(entries, high)),
    "begins_with": _beginning,
}


def _start(reading: Reading) -> tuple[KeyPart, Entry] | None:
    """Return the partition and entry that a page begins behind, or None."""
    given = reading.arguments.get("ExclusiveStartKey")
    if given is None:
        return None
    schema, index = reading.table.schema, reading.source
    start = accept_item(given)
    names = schema.key_names | {name for name in (index.hash, index.range) if name}
    if start.keys() != names:
        raise Invalid(_BAD_START)
    key = schema.key({name: start[name] for name in schema.key_names})
    range_ = index.range and schema.part(index.range, start[index.range], _BAD_START)
    return schema.part(index.hash, start[index.hash], _BAD_START), (range_, key)


def _page(reading: Reading, entries: Iterable[Entry]) -> Reply:
    found, scanned, last = _read(reading, iter(entries))
    reply: Reply = {"Count": len(found), "ScannedCount": scanned}
    if reading.arguments.get("Select") != "COUNT":
        reply["Items"] = [_shown(reading, row) for row in found]
    if last is not None:
        reply["LastEvaluatedKey"] = _key_of(reading, last)
    return reply


def _read(reading: Reading, entries: Iterator[Entry]) -> tuple[list[Row], int, Row | None]:
    """Return the rows that pass, how many were read, and the last if the page ends early."""
    limit, index = reading.arguments.get("Limit"), reading.source
    condition, values = reading.expressions.condition, reading.values
    found: list[Row] = []
    scanned, size, last = 0, 0, None
    for _, key in entries:
        row = reading.view.get(key)
        assert row is not None
        scanned += 1
        size += index.size(row)
        if condition is None or condition.test(index.entry(row), values):
            found.append(row)
        if scanned == limit or size >= _PAGE_BYTES:
            last = row
            break
    _count(reading, size)
    return found, scanned, last


def _count(reading: Reading, size: int) -> None:
    consistent = reading.arguments.get("ConsistentRead")
    name = reading.table.schema.name
    if reading.number != _OWN:
        name = f"{name}/{reading.source.name}"
    reading.engine.units.read(name, size, STRONG if consistent else EVENTUAL)


def _shown(reading: Reading, row: Row) -> Item:
    paths = reading.expressions.projection
    if paths is not None:
        return projected(row.item, paths)
    return reading.source.copy(row)


def _key_of(reading: Reading, row: Row) -> Item:
    names = {*reading.table.schema.key_names, reading.source.hash, reading.source.range}
    return copied_item({name: row.item[name] for name in names if name})
