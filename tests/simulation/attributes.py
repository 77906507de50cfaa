"""Attribute values: taken in canonical form, compared, sized and copied.

An accepted value is never changed again, so items and snapshots may share it. In canonical form
equal values are equal dicts: numbers are plain notation without idle zeros, sets are sorted.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal, Inexact
from functools import lru_cache
from typing import Any

from tests.simulation.refusals import Invalid, invalid_parameter

type Attribute = dict[str, Any]
type Item = dict[str, Attribute]
type Number = int | Decimal

SETS = frozenset({"SS", "NS", "BS"})
ORDERED = frozenset({"S", "N", "B"})
_FLAT = ORDERED | {"BOOL", "NULL"}
KINDS = SETS | ORDERED | {"BOOL", "NULL", "L", "M"}
_CACHED = 100_000
_DIGITS = 38
_HIGHEST, _LOWEST = 125, -130
_MOST_NESTED = 32
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXACT = Context(prec=_DIGITS, traps=[])


def kind_of(value: Attribute) -> str:
    """Return the type of a value: S, N, ..."""
    for kind in value:
        return kind
    raise Invalid("Supplied AttributeValue is empty, must contain exactly one of the datatypes")


def accept_item(item: Mapping[str, Attribute]) -> Item:
    """Return an item in canonical form, sharing nothing with the caller's.

    Raises:
        Invalid: a value is not one.
    """
    accepted: Item = {}
    for name, value in item.items():
        # Strings and whole numbers are nearly all there is; the long way says the same.
        if len(value) == 1:
            if "S" in value:
                content = value["S"]
                if type(content) is str:
                    accepted[name] = {"S": content}
                    continue
            elif "N" in value:
                accepted[name] = {"N": canonical(value["N"])}
                continue
        accepted[name] = accept(value)
    return accepted


def accept(value: Attribute, depth: int = 0) -> Attribute:
    """Return a value in canonical form, sharing nothing with the caller's.

    Raises:
        Invalid: it is not a value.
    """
    if len(value) != 1:
        raise Invalid("Supplied AttributeValue must contain exactly one of the datatypes")
    ((kind, content),) = value.items()
    if kind == "S":
        return {"S": _string(content)}
    if kind == "N":
        return {"N": canonical(content)}
    if kind in _SCALARS:
        return {kind: _SCALARS[kind](content)}
    if kind in SETS:
        return {kind: _set(kind, content)}
    return _document(kind, content, depth + 1)


def _document(kind: str, content: Any, depth: int) -> Attribute:
    if depth > _MOST_NESTED:
        raise Invalid("Nesting Levels have exceeded supported limits")
    if kind == "L" and isinstance(content, list):
        return {"L": [accept(each, depth) for each in content]}
    if kind == "M" and isinstance(content, dict):
        return {"M": {name: accept(each, depth) for name, each in content.items()}}
    raise Invalid(f"Supplied AttributeValue is of an unknown datatype: {kind}")


def _string(content: Any) -> str:
    if type(content) is str:
        return content
    if isinstance(content, str):
        # An enum's member is sent as the text that it is.
        return "".join(content)
    raise Invalid(f"Expected a string: {content!r}")


def _binary(content: Any) -> bytes:
    if isinstance(content, bytes | bytearray):
        return bytes(content)
    raise Invalid(f"Expected bytes: {content!r}")


def _boolean(content: Any) -> bool:
    if isinstance(content, bool):
        return content
    raise Invalid(f"Expected a boolean: {content!r}")


def _null(content: Any) -> bool:
    if content is True:
        return content
    raise invalid_parameter("Null attribute value types must have the value of true")


_SCALARS: Mapping[str, Callable[[Any], Any]] = {"B": _binary, "BOOL": _boolean, "NULL": _null}
_SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}


def _set(kind: str, content: Any) -> list[Any]:
    if not isinstance(content, list | set | tuple | frozenset):
        raise Invalid(f"Expected a set: {content!r}")
    accepted = _ELEMENTS[kind]
    elements = [accepted(each) for each in content]
    if not elements:
        raise invalid_parameter(f"An {_SET_NAMES[kind]} set  may not be empty")
    if len(set(elements)) != len(elements):
        raise invalid_parameter(f"Input collection {elements} contains duplicates.")
    return in_order(kind, elements)


def in_order(kind: str, elements: Sequence[Any]) -> list[Any]:
    """Return the elements of a set in canonical order."""
    return sorted(elements, key=number) if kind == "NS" else sorted(elements)


def number(text: str) -> Number:
    """Return the value of a canonical number."""
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


@lru_cache(maxsize=_CACHED)
def canonical(text: Any) -> str:
    """Return a number's canonical text.

    Raises:
        Invalid: it is not a number, or not one that DynamoDB can keep.
    """
    text = _string(text)
    if not _NUMBER.fullmatch(text):
        raise Invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return text_of(Decimal(text))


_ELEMENTS: Mapping[str, Callable[[Any], Any]] = {
    "SS": _string,
    "BS": _binary,
    "NS": canonical,
}


def text_of(value: Number) -> str:
    """Return the canonical text of a value.

    Raises:
        Invalid: DynamoDB cannot keep it.
    """
    if not value:
        return "0"
    value = Decimal(value)
    if value.adjusted() > _HIGHEST:
        raise Invalid(
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range"
        )
    if value.adjusted() < _LOWEST:
        raise Invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than supported "
            "range"
        )
    _EXACT.clear_flags()
    short = _EXACT.create_decimal(value).normalize(_EXACT)
    if _EXACT.flags[Inexact]:
        raise Invalid("Attempting to store more than 38 significant digits in a Number")
    return format(short, "f")


def added(left: str, right: str, sign: int) -> str:
    """Return the canonical text of left + sign * right.

    Raises:
        Invalid: DynamoDB cannot keep it.
    """
    try:
        total: Number = int(left) + sign * int(right)
    except ValueError:
        total = Context(prec=4 * _DIGITS).add(Decimal(left), sign * Decimal(right))
    return canonical(str(total)) if isinstance(total, int) else text_of(total)


def copied(value: Attribute) -> Attribute:
    """Return a copy that shares nothing that can be changed."""
    ((kind, content),) = value.items()
    if kind == "L":
        return {"L": [copied(each) for each in content]}
    if kind == "M":
        return {"M": {name: copied(each) for name, each in content.items()}}
    return {kind: content[:] if kind in SETS else content}


def copied_item(item: Item) -> Item:
    """Return a copy of an item that shares nothing that can be changed."""
    return {name: copied(value) for name, value in item.items()}


def measured(item: Item, names: Iterable[str]) -> tuple[int, bool]:
    """Return the bytes of some attributes, and whether none of them has values inside it."""
    size, flat = 0, True
    for name in names:
        value = item.get(name)
        if value is None:
            continue
        size += length(name)
        for kind, content in value.items():
            if kind == "S":
                size += len(content) if content.isascii() else len(content.encode())
            elif kind == "N":
                size += _number_size(content)
            else:
                size += value_size(value)
                flat = flat and kind in _FLAT
    return size, flat


def value_size(value: Attribute) -> int:
    """Return the bytes of a value by DynamoDB's documented formula.

    A number takes a byte for two significant digits and one more, and another if it is negative; a
    list or map takes three, and one for each element.
    """
    ((kind, content),) = value.items()
    if kind == "S":
        return length(content)
    if kind == "N":
        return _number_size(content)
    return _SIZES[kind](content)


@lru_cache(maxsize=_CACHED)
def length(text: str) -> int:
    """Return the bytes of a text."""
    return len(text.encode())


@lru_cache(maxsize=_CACHED)
def _number_size(text: str) -> int:
    digits = text.strip("0") if text.isdecimal() else text.replace(".", "").strip("-0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _list_size(content: Sequence[Attribute]) -> int:
    return 3 + sum(1 + value_size(each) for each in content)


def _map_size(content: Mapping[str, Attribute]) -> int:
    return 3 + sum(1 + length(name) + value_size(each) for name, each in content.items())


_SIZES: Mapping[str, Callable[[Any], int]] = {
    "B": len,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda content: sum(map(length, content)),
    "NS": lambda content: sum(map(_number_size, content)),
    "BS": lambda content: sum(map(len, content)),
    "L": _list_size,
    "M": _map_size,
}
