"""Reads of single items: one, many, and in a transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.attributes import Item, accept_item
from tests.simulation.engine import Engine
from tests.simulation.expressions import projected, read_expressions
from tests.simulation.refusals import Invalid
from tests.simulation.schema import Row
from tests.simulation.storage import Table, View
from tests.simulation.tokens import Path
from tests.simulation.units import EVENTUAL, STRONG, TRANSACTIONAL

type Arguments = Mapping[str, Any]
type Reply = dict[str, Any]

_MOST_KEYS = 100


def get_item(engine: Engine, arguments: Arguments) -> Reply:
    """Return an item."""
    table = engine.table(arguments["TableName"])
    expressions, _ = read_expressions(arguments)
    consistent = bool(arguments.get("ConsistentRead"))
    view = engine.view(table, consistent=consistent)
    row = view.get(table.schema.key(accept_item(arguments["Key"])))
    _count(engine, table, row, STRONG if consistent else EVENTUAL)
    return _found(row, expressions.projection)


def batch_get_item(engine: Engine, arguments: Arguments) -> Reply:
    """Return the items of many keys that exist."""
    requests: Mapping[str, Arguments] = arguments["RequestItems"]
    keys = sum(len(request["Keys"]) for request in requests.values())
    if not requests or not keys:
        raise Invalid("The requestItems parameter is required for BatchGetItem")
    if keys > _MOST_KEYS:
        raise Invalid("Too many items requested for the BatchGetItem call")
    responses = {name: _batch(engine, name, request) for name, request in requests.items()}
    return {"Responses": responses, "UnprocessedKeys": {}}


def transact_get_items(engine: Engine, arguments: Arguments) -> Reply:
    """Return items as they are at one instant."""
    gets: Sequence[Arguments] = [each["Get"] for each in arguments["TransactItems"]]
    if not 0 < len(gets) <= _MOST_KEYS:
        raise Invalid("Member must have length greater than or equal to 1, and at most 100")
    responses, seen = [], set()
    for get in gets:
        table = engine.table(get["TableName"])
        key = table.schema.key(accept_item(get["Key"]))
        if (table.schema.name, key) in seen:
            raise Invalid("Transaction request cannot include multiple operations on one item")
        seen.add((table.schema.name, key))
        row = table.get(key)
        _count(engine, table, row, TRANSACTIONAL)
        responses.append(_found(row, read_expressions(get)[0].projection))
    return {"Responses": responses}


def _batch(engine: Engine, name: str, request: Arguments) -> list[Item]:
    table = engine.table(name)
    paths = read_expressions(request)[0].projection
    consistent = bool(request.get("ConsistentRead"))
    view = engine.view(table, consistent=consistent)
    return list(_rows(engine, table, view, request["Keys"], paths, consistent=consistent))


def _rows(
    engine: Engine,
    table: Table,
    view: View,
    keys: Sequence[Item],
    paths: Sequence[Path] | None,
    *,
    consistent: bool,
) -> list[Item]:
    wanted = [table.schema.key(accept_item(key)) for key in keys]
    if len(set(wanted)) != len(wanted):
        raise Invalid("Provided list of item keys contains duplicates")
    rows = [view.get(key) for key in wanted]
    for row in rows:
        _count(engine, table, row, STRONG if consistent else EVENTUAL)
    return [_found(row, paths)["Item"] for row in rows if row]


def _count(engine: Engine, table: Table, row: Row | None, each: float) -> None:
    engine.units.read(table.schema.name, row.size if row else 0, each)


def _found(row: Row | None, paths: Sequence[Path] | None) -> Reply:
    if row is None:
        return {}
    return {"Item": row.copy() if paths is None else projected(row.item, paths)}
