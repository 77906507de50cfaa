"""Single writes: read, checked against the item that is there, and made."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.simulation.attributes import Item, accept_item
from tests.simulation.evaluation import Values
from tests.simulation.expressions import Expressions, projected, read_expressions
from tests.simulation.refusals import Invalid, invalid_parameter
from tests.simulation.schema import Key, Row
from tests.simulation.storage import Table

type Arguments = Mapping[str, Any]


class Request(NamedTuple):
    """A write as it was asked for; nothing of it depends on what is stored.

    Attributes:
        item: the item of a put, or the key of any other write.
        shows_old: whether its refusal hands back the item that is there.
    """

    kind: str
    table: Table
    item: Item
    expressions: Expressions
    values: Values
    shows_old: bool


class Attempt(NamedTuple):
    """A write against what is stored.

    Attributes:
        new: the row that it makes; None where it leaves none.
        allowed: whether its condition holds.
    """

    table: Table
    key: Key
    old: Row | None
    new: Row | None
    allowed: bool


def read_write(kind: str, table: Table, arguments: Arguments) -> Request:
    """Return a request of a kind: Put, Update, Delete or ConditionCheck.

    Raises:
        Invalid: it is not well-formed.
    """
    expressions, values = read_expressions(arguments)
    item = accept_item(arguments["Item" if kind == "Put" else "Key"])
    update = expressions.update
    if update and not table.schema.key_names.isdisjoint(update.names):
        name = next(name for name in update.names if name in table.schema.key_names)
        raise invalid_parameter(
            f"Cannot update attribute {name}. This attribute is part of the key"
        )
    shows_old = arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Request(kind, table, item, expressions, values, shows_old)


def attempt(request: Request) -> Attempt:
    """Return what a request does to what is stored, without doing it.

    Raises:
        Invalid: it does not fit the table or the item.
    """
    row = None
    if request.kind == "Put":
        row = request.table.schema.row(request.item)
        key = row.key
    else:
        key = request.table.schema.key(request.item)
    old = request.table.get(key)
    condition = request.expressions.condition
    allowed = condition is None or condition.test(old.item if old else {}, request.values)
    if request.kind == "Update":
        row = _updated(request, old, allowed=allowed)
    elif request.kind == "ConditionCheck":
        row = old
    return Attempt(request.table, key, old, row, allowed)


def _updated(request: Request, old: Row | None, *, allowed: bool) -> Row | None:
    try:
        return _changed(request, old)
    except Invalid:
        if allowed:
            raise
        # It was refused before anybody saw that it does not fit.
        return old


def _changed(request: Request, old: Row | None) -> Row | None:
    update, schema = request.expressions.update, request.table.schema
    if update is None:
        return old or schema.row(request.item)
    if old is None:
        return schema.row(update.apply(request.item, request.values))
    return schema.changed(old, update.apply(old.item, request.values), update.names)


def attributes_of(kind: str, request: Request, made: Attempt) -> Item | None:
    """Return what a write's `ReturnValues` asks for; None: nothing of the kind."""
    row = made.old if kind.endswith("OLD") else made.new
    if row is None:
        return None
    if kind.startswith("ALL"):
        return row.copy()
    update = request.expressions.update
    return projected(row.item, update.paths) if update else None


RETURN_VALUES: Mapping[str, frozenset[str]] = {
    "Put": frozenset({"NONE", "ALL_OLD"}),
    "Delete": frozenset({"NONE", "ALL_OLD"}),
    "Update": frozenset({"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"}),
}
