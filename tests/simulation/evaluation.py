"""Conditions as functions of an item and the values of a call."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulation.attributes import KINDS, ORDERED, SETS, Attribute, Item, kind_of, number
from tests.simulation.conditions import (
    Among,
    Between,
    Both,
    Call,
    Comparison,
    Either,
    Node,
    Not,
    Operand,
    Size,
)
from tests.simulation.refusals import Invalid
from tests.simulation.tokens import Document, Path, Value

type Values = Mapping[str, Attribute]
type Test = Callable[[Item, Values], bool]
type Get = Callable[[Item, Values], Attribute | None]
type Check = Callable[[Values], None]
type Holds = Callable[[Any, Any], bool]

_ORDERINGS: Mapping[str, Holds] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNSIZED = ("N", "BOOL", "NULL")


def getter(operand: Operand) -> Get:
    """Return how to get an operand, None where the item has none."""
    if isinstance(operand, Value):
        placeholder = operand.placeholder
        return lambda _, values: values[placeholder]
    if isinstance(operand, Size):
        inner = getter(operand.operand)
        return lambda item, values: _size(inner(item, values))
    path = operand.path
    if len(path) == 1:
        name = str(path[0])
        return lambda item, _: item.get(name)
    return lambda item, _: at_path(item, path)


def at_path(item: Item, path: Path) -> Attribute | None:
    """Return what an item has at a path, or None."""
    found = item.get(str(path[0]))
    for step in path[1:]:
        if found is None:
            return None
        if isinstance(step, int):
            elements = found.get("L", ())
            found = elements[step] if step < len(elements) else None
        else:
            found = found.get("M", {}).get(step)
    return found


def test_of(node: Node) -> Test:
    """Return a condition as a function."""
    if isinstance(node, Both | Either):
        return _joined(node)
    if isinstance(node, Not):
        inner = test_of(node.node)
        return lambda item, values: not inner(item, values)
    if isinstance(node, Comparison):
        return _comparison(node)
    if isinstance(node, Between):
        return _between(node)
    if isinstance(node, Among):
        get, choices = getter(node.operand), [getter(choice) for choice in node.choices]
        return lambda item, values: _among(get(item, values), [c(item, values) for c in choices])
    return _call(node)


def _joined(node: Both | Either) -> Test:
    left, right = test_of(node.left), test_of(node.right)
    if isinstance(node, Both):
        return lambda item, values: left(item, values) and right(item, values)
    return lambda item, values: left(item, values) or right(item, values)


def _comparison(node: Comparison) -> Test:
    left, right = getter(node.left), getter(node.right)
    if node.operator == "=":
        return _equality(node, left, right)
    if node.operator == "<>":
        return lambda item, values: not _equal(left(item, values), right(item, values))
    holds = _ORDERINGS[node.operator]
    return lambda item, values: _ordered(left(item, values), right(item, values), holds)


def _equality(node: Comparison, left: Get, right: Get) -> Test:
    if isinstance(node.left, Document) and isinstance(node.right, Value):
        # The usual one: a value is never absent, so the absent attribute differs by itself.
        placeholder = node.right.placeholder
        return lambda item, values: left(item, values) == values[placeholder]
    return lambda item, values: _equal(left(item, values), right(item, values))


def _equal(left: Attribute | None, right: Attribute | None) -> bool:
    return left is not None and left == right


def _ordered(left: Attribute | None, right: Attribute | None, holds: Holds) -> bool:
    if left is None or right is None:
        return False
    if "N" in left:
        return "N" in right and holds(number(left["N"]), number(right["N"]))
    if "S" in left:
        return "S" in right and holds(left["S"], right["S"])
    return "B" in left and "B" in right and holds(left["B"], right["B"])


def _between(node: Between) -> Test:
    get, low, high = getter(node.operand), getter(node.low), getter(node.high)

    def test(item: Item, values: Values) -> bool:
        operand = get(item, values)
        return _ordered(operand, low(item, values), operator.ge) and _ordered(
            operand, high(item, values), operator.le
        )

    return test


def _among(operand: Attribute | None, choices: list[Attribute | None]) -> bool:
    return operand is not None and operand in choices


def _call(node: Call) -> Test:
    first = getter(node.operands[0])
    if node.function == "attribute_exists":
        return lambda item, values: first(item, values) is not None
    if node.function == "attribute_not_exists":
        return lambda item, values: first(item, values) is None
    second, holds = getter(node.operands[1]), _FUNCTIONS[node.function]

    def test(item: Item, values: Values) -> bool:
        left, right = first(item, values), second(item, values)
        return left is not None and right is not None and holds(left, right)

    return test


def _has_type(operand: Attribute, name: Attribute) -> bool:
    return bool(kind_of(operand) == name["S"])


def _begins_with(operand: Attribute, start: Attribute) -> bool:
    if "S" in operand and "S" in start:
        return bool(operand["S"].startswith(start["S"]))
    return "B" in operand and "B" in start and bool(operand["B"].startswith(start["B"]))


def _contains(operand: Attribute, part: Attribute) -> bool:
    ((kind, content),) = operand.items()
    if kind == "L":
        return part in content
    if kind in SETS:
        return part.get(kind[0]) in content
    return kind in {"S", "B"} and kind in part and bool(part[kind] in content)


_FUNCTIONS: Mapping[str, Holds] = {
    "attribute_type": _has_type,
    "begins_with": _begins_with,
    "contains": _contains,
}


def _size(operand: Attribute | None) -> Attribute | None:
    """Return the length of what has one: a string's in characters, binary in bytes."""
    if operand is None or kind_of(operand) in _UNSIZED:
        return None
    ((_, content),) = operand.items()
    return {"N": str(len(content))}


def checks_of(node: Node, kind: str) -> list[Check]:
    """Return what must be checked of the values of each call, whatever the item is."""
    if isinstance(node, Both | Either):
        return checks_of(node.left, kind) + checks_of(node.right, kind)
    if isinstance(node, Not):
        return checks_of(node.node, kind)
    if isinstance(node, Between):
        bounds = (node.low, node.high)
        return [_typed((node.operand, *bounds), ORDERED, "BETWEEN", kind), _bounds(bounds, kind)]
    if isinstance(node, Comparison) and node.operator in _ORDERINGS:
        return [_typed((node.left, node.right), ORDERED, node.operator, kind)]
    return _call_checks(node, kind) if isinstance(node, Call) else []


def _call_checks(node: Call, kind: str) -> list[Check]:
    if node.function == "begins_with":
        return [_typed(node.operands, frozenset({"S", "B"}), node.function, kind)]
    return [_type_name(node, kind)] if node.function == "attribute_type" else []


def _typed(operands: tuple[Operand, ...], kinds: frozenset[str], name: str, kind: str) -> Check:
    placeholders = [each.placeholder for each in operands if isinstance(each, Value)]

    def check(values: Values) -> None:
        for placeholder in placeholders:
            if values[placeholder].keys().isdisjoint(kinds):
                raise Invalid(
                    f"Invalid {kind}: Incorrect operand type for operator or function; operator "
                    f"or function: {name}, operand type: {kind_of(values[placeholder])}"
                )

    return check


def _bounds(bounds: tuple[Operand, Operand], kind: str) -> Check:
    low, high = bounds

    def check(values: Values) -> None:
        if not (isinstance(low, Value) and isinstance(high, Value)):
            return
        least, most = values[low.placeholder], values[high.placeholder]
        if kind_of(least) != kind_of(most):
            raise Invalid(
                f"Invalid {kind}: The BETWEEN operator requires same data type for lower and "
                "upper bounds;"
            )
        if not _ordered(least, most, operator.le):
            raise Invalid(
                f"Invalid {kind}: The BETWEEN operator requires upper bound to be greater than "
                "or equal to lower bound;"
            )

    return check


def _type_name(node: Call, kind: str) -> Check:
    operand = node.operands[1]

    def check(values: Values) -> None:
        name = values[operand.placeholder] if isinstance(operand, Value) else {}
        if "S" not in name:
            raise Invalid(
                f"Invalid {kind}: Incorrect operand type for operator or function; operator or "
                "function: attribute_type"
            )
        if name["S"] not in KINDS:
            raise Invalid(f"Invalid {kind}: Invalid attribute type name found; type: {name['S']}")

    return check
