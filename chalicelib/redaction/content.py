"""Structured content: judged by the names of its fields, then by the text in them."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, pairwise
from types import NoneType
from typing import Any

from chalicelib.redaction.fields import Field, field_of, hides
from chalicelib.redaction.joined import join
from chalicelib.redaction.looks import looks_secret
from chalicelib.redaction.span import Span, marker, replaced
from chalicelib.redaction.text import SHORTEST, find

_DEEPEST = 64
_TOO_DEEP = "too-deep"
# The usual ones come first: asking about the others takes long.
_CONTAINERS = (dict, list, tuple, Mapping, Sequence, AbstractSet)
_MAPPINGS = (dict, Mapping)
_PLAIN = (int, float, NoneType)
_BYTES = (bytes, bytearray, memoryview)
_NAMES = ("name", "Name", "key", "Key")
_VALUES = ("value", "Value")

_BEGIN, _END, _KEY_LABEL, _KEY = "-----BEGIN ", "-----END ", "PRIVATE KEY", "private-key"
_ESCAPED = "\\u00"

type Told = Mapping[str, str]


def redact(content: Any) -> Any:
    """Return content without its secrets; mappings become dicts, and sequences and sets lists.

    What is neither text nor a container stays as it is. Content that is nested too deeply is
    replaced where it becomes so.
    """
    return _told(content, _redacted(set(_texts(content, 0))), 0)


def _redacted(texts: Collection[str]) -> Told:
    """Return the texts that hold a secret, each with what is told in its place."""
    joined = join([*texts])
    spans: dict[int, list[Span]] = {}
    for part, span in joined.placed(find(joined.text)):
        spans.setdefault(part, []).append(span)
    return {joined.parts[part]: replaced(joined.parts[part], of) for part, of in spans.items()}


def _texts(content: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST or isinstance(content, _PLAIN):
        return
    if isinstance(content, str):
        if len(content) >= SHORTEST:
            yield content
    elif isinstance(content, _BYTES):
        yield bytes(content).decode("latin-1")
    elif isinstance(content, _CONTAINERS):
        parts = chain(content, content.values()) if isinstance(content, _MAPPINGS) else content
        for part in parts:
            yield from _texts(part, depth + 1)


def _told(content: Any, told: Told, depth: int) -> Any:
    if isinstance(content, str):
        return _embedded(told.get(content, content))
    if isinstance(content, _BYTES):
        return told.get(bytes(content).decode("latin-1"), content)
    if isinstance(content, _PLAIN) or not isinstance(content, _CONTAINERS):
        return content
    if depth >= _DEEPEST:
        return marker(_TOO_DEEP)
    if isinstance(content, _MAPPINGS):
        return _fields(content, lambda value: _told(value, told, depth + 1), told)
    return _items(list(content), lambda value: _told(value, told, depth + 1))


def _items(content: list[Any], go_on: Callable[[Any], Any]) -> list[Any]:
    """Return what is told of a list, where what stands before an item may make it a secret."""
    told = [go_on(item) for item in content]
    for at, (before, item) in enumerate(pairwise(content), start=1):
        field = _option(before, is_first=len(content) == len(("name", "value")))
        if field and isinstance(item, str) and looks_secret(item):
            told[at] = marker(field.kind)
    for at in _key_lines(content):
        told[at] = marker(_KEY)
    return told


def _option(before: Any, *, is_first: bool) -> Field | None:
    """Return the field of an option of a command, or of a pair's name, or None."""
    if isinstance(before, str) and (is_first or before.startswith("--")) and " " not in before:
        return field_of(before)
    return None


def _key_lines(content: list[Any]) -> Iterator[int]:
    """Yield which items of a list are lines of a private key."""
    is_open = False
    for at, item in enumerate(content):
        if isinstance(item, str):
            begins = item.startswith(_BEGIN) and _KEY_LABEL in item
            ends = _END in item
            if is_open or (begins and not ends):
                yield at
            is_open = (is_open or begins) and not ends


def _fields(content: Mapping[Any, Any], go_on: Callable[[Any], Any], told: Told) -> dict[Any, Any]:
    named = _named(content)
    fields = {}
    for name, value in content.items():
        called = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        field = named if name in _VALUES and named else field_of(called)
        shown = go_on(name) if isinstance(name, bytes) else told.get(name, name)
        fields[shown] = marker(field.kind) if field and hides(field, value) else go_on(value)
    return fields


def _named(content: Mapping[Any, Any]) -> Field | None:
    """Return the field of an entry like `{"name": "Authorization", "value": ..}`, or None."""
    if not any(name in content for name in _VALUES):
        return None
    name = next((content[name] for name in _NAMES if name in content), None)
    return field_of(name) if isinstance(name, str) else None


def _embedded(text: str) -> str:
    """Return JSON without the values of its secret fields; any other text as it is."""
    if text[:1] not in {"{", "["} or text[-1:] not in {"}", "]"}:
        return text
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return text
    # What is escaped was no secret as text.
    cleared = redact(content) if _ESCAPED in text else _told(content, {}, 0)
    return text if cleared == content else json.dumps(cleared, ensure_ascii=False)
