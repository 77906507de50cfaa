"""Request bodies: strict JSON, read into a model that refuses what it does not know."""

import json
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from chalicelib.errors import Fault, Invalid, Malformed, TooLarge

LARGEST_BYTES = 320 * 1024
_MOST_FAULTS = 20
_FIXES = {
    "missing": "add it",
    "extra_forbidden": "take it out; this field does not exist",
    "string_type": "send a string",
    "int_type": "send a whole number",
    "bool_type": "send true or false",
    "list_type": "send a list",
    "dict_type": "send an object",
    "model_type": "send a JSON object",
    "string_unicode": "send whole characters",
}


def read[M: BaseModel](raw: bytes | str, model: type[M]) -> M:
    """Return the model of a request's body.

    Raises:
        TooLarge: it has over 320 KB.
        Malformed: there is none, or it is not UTF-8 JSON, repeats a key, or contains NaN or
            Infinity.
        Invalid: it does not fit the model; names the first fields to blame and their fixes.
    """
    raw = raw.encode() if isinstance(raw, str) else raw
    if len(raw) > LARGEST_BYTES:
        raise TooLarge(f"the body has {len(raw)} bytes", fix=f"send at most {LARGEST_BYTES} bytes")
    if not raw:
        raise Malformed("the request has no body", fix="send a JSON object")
    try:
        content = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=_not_a_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {error}"[:200], fix="send a JSON object") from error
    return fit(content, model)


def fit[M: BaseModel](content: Any, model: type[M]) -> M:
    """Return the model of what was sent.

    Raises:
        Invalid: it does not fit the model; names the first fields to blame and their fixes.
    """
    try:
        return model.model_validate(content, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults = [_fault(item) for item in found[:_MOST_FAULTS]]
        raise Invalid(f"{faults[0].field}: {faults[0].detail}", faults=faults) from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of its pairs.

    Raises:
        Malformed: a key is repeated.
    """
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise Malformed(f"the body repeats the key {name!r:.80}", fix="send each key once")
        content[name] = value
    return content


def _not_a_constant(name: str) -> NoReturn:
    raise Malformed(f"the body contains {name}", fix="send a number that JSON has")


def _fault(error: Any) -> Fault:
    field = ".".join(f"{part!s:.80}" for part in error["loc"]) or "body"
    fix = _FIXES.get(error["type"], "") or str(error.get("ctx", {}).get("fix", "correct it"))
    return Fault(field=field, detail=str(error["msg"]), fix=fix)
