"""Queries that read their key condition once.

MiniStack reads the condition anew for every item of the partition, half a millisecond each, while
nothing else is answered: a stream of six thousand events took two seconds to ask for its last one.
The conditions that PynamoDB and boto3 write, one or two comparisons of placeholders, are recognized
here and compared directly. All others are left to MiniStack.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from ministack.services import dynamodb

type Value = Mapping[str, Any]

_EVALUATE = "_evaluate_condition"
_SLOT = "KeyConditionExpression"
_COMPARISON = r"(#\w+) (=|<|<=|>|>=) (:\w+)"
_ONE = re.compile(_COMPARISON)
_TWO = re.compile(rf"\({_COMPARISON} AND {_COMPARISON}\)|{_COMPARISON} AND {_COMPARISON}")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Comparison(NamedTuple):
    """One comparison of a condition: placeholders of the name and of the value."""

    name: str
    compare: Callable[[Any, Any], bool]
    value: str


class Asked(NamedTuple):
    """One comparison of a query: of which attribute, of which type, with what."""

    attribute: str
    kind: str
    compare: Callable[[Any, Any], bool]
    wanted: Any


def quick_key_conditions() -> None:
    """Evaluate key conditions so. Where MiniStack's private function is gone, so is the need."""
    slowly: Callable[..., bool] | None = getattr(dynamodb, _EVALUATE, None)
    if slowly is not None:
        setattr(dynamodb, _EVALUATE, quick(slowly))


def quick(slowly: Callable[..., bool]) -> Callable[..., bool]:
    """Return what evaluates a condition quickly where it can, and else as slowly as before."""
    last: tuple[object, object, Sequence[Asked]] = (None, None, ())

    def evaluate(
        expression: str,
        item: Mapping[str, Value],
        values: Mapping[str, Value],
        names: Mapping[str, str],
        slot: str = "ConditionExpression",
    ) -> bool:
        nonlocal last
        if slot != _SLOT:
            return slowly(expression, item, values, names, slot=slot)
        query, of, asked = last
        if query is not expression or of is not values:
            asked = asked_by(expression, values, names)
            last = (expression, values, asked)
        try:
            for attribute, kind, compare, wanted in asked:
                text = item[attribute][kind]
                if not compare(_number(text) if kind == "N" else text, wanted):
                    return False
        except KeyError:
            asked = ()
        return bool(asked) or slowly(expression, item, values, names, slot=slot)

    return evaluate


def asked_by(
    expression: str, values: Mapping[str, Value], names: Mapping[str, str]
) -> Sequence[Asked]:
    """Return the comparisons of a query; none where they are not of numbers and texts alone."""
    asked = []
    for name, compare, value in comparisons_of(expression):
        ((kind, text),) = values.get(value, {"": ""}).items()
        if name not in names or kind not in {"N", "S"}:
            return ()
        # Texts compare by code points as their UTF-8 does by bytes.
        asked.append(Asked(names[name], kind, compare, _number(text) if kind == "N" else text))
    return asked


@lru_cache
def comparisons_of(expression: str) -> Sequence[Comparison]:
    """Return the comparisons that all have to hold; none where it is more than such."""
    match = _ONE.fullmatch(expression) or _TWO.fullmatch(expression)
    found = [part for part in match.groups() if part] if match else []
    return [
        Comparison(name, _COMPARE[sign], value)
        for name, sign, value in zip(found[::3], found[1::3], found[2::3], strict=True)
    ]


def _number(text: str) -> int | Decimal:
    # Most are whole, and an int is made in a third of the time.
    return int(text) if text.isdecimal() else Decimal(text)
