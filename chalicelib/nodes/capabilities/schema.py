"""The part of JSON Schema that describes arguments: checked as a schema, and to check by it.

What a device sends as a schema is as little trusted as the device. So there are no references, no
expressions and no alternatives: checking costs as much as the arguments are long, and a schema with
a keyword that nobody would look at is refused rather than half obeyed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from chalicelib.errors import Fault, Invalid

LARGEST_BYTES = 4_096
_DEEPEST = 8
_MOST_FAULTS = 20
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
_BOUNDS = ("minimum", "maximum")
_WORDS = ("title", "description")
KEYWORDS = (
    *("type", "properties", "required", "additionalProperties", "items", "enum", "default"),
    *(*_COUNTS, *_BOUNDS, *_WORDS),
)


def check_schema(schema: Any, field: str) -> None:
    """Refuse what is not a schema of arguments.

    Args:
        schema: what was sent.
        field: where it stands in the request.

    Raises:
        Invalid: names the field and the fix.
    """
    try:
        size = len(json.dumps(schema).encode())
    except (RecursionError, ValueError) as error:
        raise _bad(field, "it cannot be written as JSON", "send a JSON Schema") from error
    if size > LARGEST_BYTES:
        raise _bad(field, f"it has {size} bytes", f"use at most {LARGEST_BYTES} bytes")
    _check(schema, field, _DEEPEST)
    if schema.get("type") != "object":
        raise _bad(f"{field}.type", "arguments are an object", "use the type object")


def faults(schema: Mapping[str, Any], value: Any, field: str) -> Sequence[Fault]:
    """Return what of a value does not fit a schema that was checked, the first few."""
    return list(islice(_faults(schema, value, field), _MOST_FAULTS))


# Schemas.


def _check(schema: Any, field: str, depth: int) -> None:
    if not isinstance(schema, dict):
        raise _bad(field, "it is not a schema", "send an object such as {'type': 'object'}")
    if depth == 0:
        raise _bad(field, "it is nested too deep", f"use at most {_DEEPEST} levels")
    for name in schema:
        if name not in KEYWORDS:
            raise _bad(
                f"{field}.{name:.80}", "this keyword is not known", f"use: {', '.join(KEYWORDS)}"
            )
    _check_words(schema, field)
    _check_numbers(schema, field)
    _check_object(schema, field, depth)
    if "items" in schema:
        _check(schema["items"], f"{field}.items", depth - 1)


def _check_words(schema: Mapping[str, Any], field: str) -> None:
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise _bad(f"{field}.type", "it is no type", f"use one of: {', '.join(_TYPES)}")
    for name in _WORDS:
        if not isinstance(schema.get(name, ""), str):
            raise _bad(f"{field}.{name}", "it is not a text", "send a text")
    if not isinstance(schema.get("enum", [None]), list) or not schema.get("enum", [None]):
        raise _bad(f"{field}.enum", "it is not a list of values", "name at least one")


def _check_numbers(schema: Mapping[str, Any], field: str) -> None:
    for name in _COUNTS:
        count = schema.get(name, 0)
        if not _is(count, "integer") or count < 0:
            raise _bad(f"{field}.{name}", "it is no count", "use a whole number from 0")
    for name in _BOUNDS:
        if not _is(schema.get(name, 0), "number"):
            raise _bad(f"{field}.{name}", "it is not a number", "use a number")


def _check_object(schema: Mapping[str, Any], field: str, depth: int) -> None:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict):
        raise _bad(f"{field}.properties", "it is not an object", "name each with its schema")
    if not isinstance(required, list) or any(
        not isinstance(name, str) or name not in properties for name in required
    ):
        raise _bad(f"{field}.required", "it names no properties", "list names of properties")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise _bad(f"{field}.additionalProperties", "it is no boolean", "use true or false")
    for name, inner in properties.items():
        _check(inner, f"{field}.properties.{name:.80}", depth - 1)


def _bad(field: str, detail: str, fix: str) -> Invalid:
    return Invalid(detail, field=field, fix=fix)


# Values.


def _faults(schema: Mapping[str, Any], value: Any, field: str) -> Iterator[Fault]:
    kind = schema["type"]
    if not _is(value, kind):
        yield Fault(field, f"it is not of the type {kind}", f"send a value of the type {kind}")
        return
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        values = json.dumps(schema["enum"])
        yield Fault(field, "it is none of the values", f"use one of: {values:.200}")
    if isinstance(value, str):
        yield from _length_faults(schema, len(value), field, ("minLength", "maxLength"))
    elif isinstance(value, list):
        yield from _length_faults(schema, len(value), field, ("minItems", "maxItems"))
        for position, each in enumerate(value if "items" in schema else ()):
            yield from _faults(schema["items"], each, f"{field}.{position}")
    elif isinstance(value, dict):
        yield from _object_faults(schema, value, field)
    elif _is(value, "number"):
        yield from _bound_faults(schema, value, field)


def _object_faults(
    schema: Mapping[str, Any], value: Mapping[str, Any], field: str
) -> Iterator[Fault]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Fault(f"{field}.{name:.80}", "it is missing", "add it")
    for name, each in value.items():
        if name in known:
            yield from _faults(known[name], each, f"{field}.{name:.80}")
        elif not schema.get("additionalProperties", True):
            fix = f"use: {', '.join(known)}"[:200] if known else "take it out"
            yield Fault(f"{field}.{name:.80}", "there is no such argument", fix)


def _length_faults(
    schema: Mapping[str, Any], length: int, field: str, names: tuple[str, str]
) -> Iterator[Fault]:
    least, most = schema.get(names[0], 0), schema.get(names[1], length)
    if not least <= length <= most:
        yield Fault(field, f"its length is {length}", f"use a length from {least} to {most}")


def _bound_faults(schema: Mapping[str, Any], value: float, field: str) -> Iterator[Fault]:
    if value < schema.get("minimum", value):
        yield Fault(field, "it is too small", f"use at least {schema['minimum']}")
    if value > schema.get("maximum", value):
        yield Fault(field, "it is too large", f"use at most {schema['maximum']}")


def _is(value: Any, kind: str) -> bool:
    # A boolean is a number in Python, and none in JSON.
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _same(value: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON has them: true is not 1."""
    if isinstance(value, bool) is not isinstance(other, bool):
        return False
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(_same(value[k], other[k]) for k in value)
    return bool(value == other)
