"""The expressions of a call: read once for each text and names, then functions.

Conditions, filters, key conditions, updates and projections share the names and values of their
call; a name or value that none of them uses is refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.simulation.attributes import Attribute, Item, accept_item
from tests.simulation.conditions import (
    Between,
    Both,
    Call,
    Comparison,
    Grammar,
    Node,
    Operand,
)
from tests.simulation.evaluation import Check, Test, Values, checks_of, test_of
from tests.simulation.projections import projected, read_projection
from tests.simulation.refusals import Invalid
from tests.simulation.tokens import Document, Path, Reader, Value
from tests.simulation.updates import Update

__all__ = ["Condition", "Expressions", "KeyCondition", "Update", "projected", "read_expressions"]

type Key = tuple[str | None, ...]

_MOST_KNOWN = 20_000
_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
_UNSUPPORTED = "Query key condition not supported"


class Condition(NamedTuple):
    """A condition or filter.

    Attributes:
        test: whether it holds for an item; `{}` stands for an absent one.
        attributes: the top-level attributes that it reads.
    """

    test: Test
    attributes: frozenset[str]


class KeyCondition(NamedTuple):
    """What a query asks of keys.

    Attributes:
        attributes: the names that it compares: one, or two.
        comparisons: for each name, the operator and the placeholders of its values.
    """

    attributes: frozenset[str]
    comparisons: Mapping[str, tuple[str, tuple[str, ...]]]


class Expressions(NamedTuple):
    """All expressions of a call; None where it has none of the kind."""

    condition: Condition | None
    update: Update | None
    key: KeyCondition | None
    projection: tuple[Path, ...] | None
    checks: tuple[Check, ...]
    used_values: frozenset[str]


_known: dict[Key, Expressions] = {}


def read_expressions(arguments: Mapping[str, Any]) -> tuple[Expressions, Values]:
    """Return the expressions of a call and its values, in canonical form.

    Raises:
        Invalid: one of them is not well-formed, or they do not fit each other.
    """
    get = arguments.get
    names: Mapping[str, str] | None = get(_NAMES)
    key = (
        get("ConditionExpression"),
        get("UpdateExpression"),
        get("KeyConditionExpression"),
        get("FilterExpression"),
        get("ProjectionExpression"),
        # Joined, because hashing and comparing two texts is faster than many.
        None if names is None else "\0".join(names),
        None if names is None else "\0".join(names.values()),
    )
    read = _known.get(key)
    if read is None:
        read = _read(arguments, names)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = read
    values = _values(get(_VALUES), read)
    for check in read.checks:
        check(values)
    return read, values


def _values(given: Mapping[str, Attribute] | None, read: Expressions) -> Values:
    if given is None:
        given = {}
    elif not given:
        raise Invalid(f"{_VALUES} must not be empty")
    if given.keys() != read.used_values:
        _refuse_values(given.keys(), read.used_values)
    return accept_item(given)


def _refuse_values(given: Iterable[str], used: frozenset[str]) -> None:
    missing = sorted(used - set(given))
    if missing:
        raise Invalid(
            "An expression attribute value used in expression is not defined; "
            f"attribute value: {missing[0]}"
        )
    unused = ", ".join(sorted(set(given) - used))
    raise Invalid(f"Value provided in {_VALUES} unused in expressions: keys: {{{unused}}}")


def _read(arguments: Mapping[str, Any], names: Mapping[str, str] | None) -> Expressions:
    get = arguments.get
    reading = _Reading(names)
    checks: list[Check] = []
    tested = reading.condition(get("ConditionExpression"), "ConditionExpression", checks)
    tested = reading.condition(get("FilterExpression"), "FilterExpression", checks) or tested
    updated = reading.update(get("UpdateExpression"))
    read = Expressions(
        condition=tested,
        update=updated,
        key=reading.key(get("KeyConditionExpression"), checks),
        projection=reading.projection(get("ProjectionExpression")),
        checks=(*checks, *(updated.checks if updated else ())),
        used_values=frozenset(reading.used_values),
    )
    reading.refuse_unused()
    return read


class _Reading:
    """Reads the expressions of one call, and keeps account of what they use."""

    def __init__(self, names: Mapping[str, str] | None) -> None:
        self._names = names or {}
        if names is not None and not names:
            raise Invalid(f"{_NAMES} must not be empty")
        self._used_names: set[str] = set()
        self.used_values: set[str] = set()

    def condition(self, text: str | None, kind: str, checks: list[Check]) -> Condition | None:
        if text is None:
            return None
        node = self._node(text, kind, checks)
        return Condition(test_of(node), frozenset(_attributes(node)))

    def key(self, text: str | None, checks: list[Check]) -> KeyCondition | None:
        if text is None:
            return None
        parts = list(_conjuncts(self._node(text, "KeyConditionExpression", checks)))
        comparisons = dict(map(_key_comparison, parts))
        if len(comparisons) != len(parts):
            raise Invalid("KeyConditionExpressions must only contain one condition per key")
        return KeyCondition(frozenset(comparisons), comparisons)

    def update(self, text: str | None) -> Update | None:
        if text is None:
            return None
        reader = Reader("UpdateExpression", text, self._names)
        update = Update(reader)
        self._note(reader)
        return update

    def projection(self, text: str | None) -> tuple[Path, ...] | None:
        if text is None:
            return None
        reader = Reader("ProjectionExpression", text, self._names)
        paths = read_projection(reader)
        self._note(reader)
        return paths

    def refuse_unused(self) -> None:
        unused = ", ".join(sorted(self._names.keys() - self._used_names))
        if unused:
            raise Invalid(f"Value provided in {_NAMES} unused in expressions: keys: {{{unused}}}")

    def _node(self, text: str, kind: str, checks: list[Check]) -> Node:
        reader = Reader(kind, text, self._names)
        node = Grammar(reader).read()
        checks += checks_of(node, kind)
        self._note(reader)
        return node

    def _note(self, reader: Reader) -> None:
        self._used_names |= reader.used_names
        self.used_values |= reader.used_values


def _attributes(part: Any) -> Iterable[str]:
    """Yield the top-level attributes under a node or operand."""
    if isinstance(part, Document):
        yield str(part.path[0])
    elif isinstance(part, tuple):
        for each in part:
            yield from _attributes(each)


def _conjuncts(node: Node) -> Iterable[Node]:
    if isinstance(node, Both):
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _key_comparison(node: Node) -> tuple[str, tuple[str, tuple[str, ...]]]:
    if isinstance(node, Comparison) and node.operator != "<>":
        operator, operands = node.operator, (node.right,)
        return _key_name(node.left), (operator, _placeholders(operands))
    if isinstance(node, Between):
        return _key_name(node.operand), ("BETWEEN", _placeholders((node.low, node.high)))
    if isinstance(node, Call) and node.function == "begins_with":
        return _key_name(node.operands[0]), ("begins_with", _placeholders(node.operands[1:]))
    raise Invalid(_UNSUPPORTED)


def _key_name(operand: Operand) -> str:
    if isinstance(operand, Document) and len(operand.path) == 1:
        return str(operand.path[0])
    raise Invalid(_UNSUPPORTED)


def _placeholders(operands: tuple[Operand, ...]) -> tuple[str, ...]:
    if not all(isinstance(operand, Value) for operand in operands):
        raise Invalid(_UNSUPPORTED)
    return tuple(operand.placeholder for operand in operands if isinstance(operand, Value))


def holds(condition: Condition | None, item: Item, values: Values) -> bool:
    """Return whether there is no condition, or it holds."""
    return condition is None or condition.test(item, values)
