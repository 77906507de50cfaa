"""What a slot costs: write units by DynamoDB's billing rules, counted on the real items.

A write costs one unit for each KB of the larger of the item before and after it, twice that in a
transaction, and the same when it is refused. An index costs a write where its entry comes or goes
or one of its attributes changes, and two where the entry's key does.
"""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import botocore.client

from tests.bench.figure import Figure

FIRING_GOAL = 5
RUN_GOAL, STEP_GOAL = 14, 2
_STEPS = 3
_UNIT_BYTES = 1024
_SINGLE = ("PutItem", "UpdateItem", "DeleteItem")
_CALL = botocore.client.BaseClient._make_api_call

type Item = dict[str, Any]


def figures(*, quick: bool) -> Iterator[Figure]:  # noqa: ARG001 - a count needs no repeats
    """Yield the units of a firing, and of a slot from its tick to its last write."""
    # Read at import by what is imported next.
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PALYRA_STAGE": "local",
    }
    from tests.support.world import a_world  # noqa: PLC0415

    with a_world() as world:
        job = world.job(every="5m")
        world.at(3)
        with counted() as firing:
            world.services.tick.run()
        world.at(5)
        with counted() as running:
            world.services.handle(world.ref(job, 5))
    del firing.by_table["system"]  # The tick's own row: one for all jobs.
    yield firing.figure("units.firing", FIRING_GOAL)
    both = Count(firing.by_table + running.by_table, firing.calls + running.calls)
    yield both.figure("units.tick_to_done", RUN_GOAL + STEP_GOAL * _STEPS)


@dataclass
class Count:
    """Write units and write calls, by table."""

    by_table: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def figure(self, name: str, goal: int) -> Figure:
        """Return the sum as a figure."""
        return Figure(
            name=name,
            value=self.by_table.total(),
            unit="write units",
            goal=goal,
            details={"by_table": dict(self.by_table), "calls": dict(self.calls)},
        )


@contextmanager
def counted() -> Iterator[Count]:
    """Count the write units of the calls that are made."""
    count = Count()

    def call(client: Any, operation: str, arguments: Item) -> Any:
        if operation in _SINGLE:
            writes, factor = [arguments], 1
        elif operation == "TransactWriteItems":
            kinds = (next(iter(item.values())) for item in arguments["TransactItems"])
            writes, factor = list(kinds), 2
        else:
            return _CALL(client, operation, arguments)
        before = [_item(client, write) for write in writes]
        try:
            return _CALL(client, operation, arguments)
        finally:
            for write, old in zip(writes, before, strict=True):
                units = _units(client, write["TableName"], old, _item(client, write), factor)
                table = str(write["TableName"]).removeprefix("palyra-local-")
                count.by_table[table] += units
                count.calls[f"{operation} {table}"] += 1

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield count


def _units(client: Any, table: str, old: Item, new: Item, factor: int) -> int:
    """Return what a write cost, refused ones among them: those leave the item as it is."""
    units = factor * _kilobytes(old if len(str(old)) > len(str(new)) else new)
    if old == new:
        return units
    description = _CALL(client, "DescribeTable", {"TableName": table})["Table"]
    keys = {key["AttributeName"] for key in description["KeySchema"]}
    for index in description.get("GlobalSecondaryIndexes", []):
        units += _index_units(_entry(index, keys, old), _entry(index, keys, new), index)
    return units


def _index_units(old: Item, new: Item, index: Item) -> int:
    if old == new:
        return 0
    key = [part["AttributeName"] for part in index["KeySchema"]]
    if old and new and any(old[name] != new[name] for name in key):
        return _kilobytes(old) + _kilobytes(new)
    return _kilobytes(new or old)


def _entry(index: Item, keys: set[str], item: Item) -> Item:
    """Return what an index holds of an item: nothing where one of its key attributes is absent."""
    own = {part["AttributeName"] for part in index["KeySchema"]}
    projection = index["Projection"]
    if not own <= item.keys():
        return {}
    if projection["ProjectionType"] == "ALL":
        return item
    shown = own | keys | set(projection.get("NonKeyAttributes", []))
    return {name: item[name] for name in shown & item.keys()}


def _item(client: Any, write: Item) -> Item:
    """Return the item that a write is about, as it is now."""
    table = write["TableName"]
    key = write.get("Key")
    if key is None:
        key = {name: write["Item"][name] for name in ("pk", "sk")}
    found: Item = _CALL(client, "GetItem", {"TableName": table, "Key": key}).get("Item", {})
    return found


def _kilobytes(item: Item) -> int:
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    return max(math.ceil(size / _UNIT_BYTES), 1)


def _size(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value, numbers rounded up."""
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "L":
        return 3 + sum(1 + _size(each) for each in content)
    return len(str(content).encode())
