"""Structured content: judged by the names of its fields, then by the text in them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import batched, chain
from types import NoneType
from typing import Any

from chalicelib.redaction.fields import Field, field_of, hides
from chalicelib.redaction.span import marker
from chalicelib.redaction.text import SHORTEST, find, redact_text

_DEEPEST = 64
_TOO_DEEP = "too-deep"
# Texts that are asked about at once: most hold nothing.
_BATCH = 128
# The usual ones come first: asking about the others takes long.
_CONTAINERS = (dict, list, tuple, Mapping, Sequence, AbstractSet)
_MAPPINGS = (dict, Mapping)
_PLAIN = (int, float, NoneType)
_NAMES = ("name", "Name", "key", "Key")
_VALUES = ("value", "Value")

type Told = Mapping[str, str]


def redact(content: Any) -> Any:
    """Return content without its secrets; mappings become dicts, and sequences and sets lists.

    What is neither text nor a container stays as it is. Content that is nested too deeply is
    replaced where it becomes so.
    """
    return _told(content, _redacted(set(_texts(content, 0))), 0)


def _redacted(texts: Iterable[str]) -> Told:
    told: dict[str, str] = {}
    for batch in batched(texts, _BATCH):
        if len(batch) == 1 or find("\n".join(batch)):
            told |= {text: new for text in batch if (new := redact_text(text)) != text}
    return told


def _texts(content: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST or isinstance(content, _PLAIN):
        return
    if isinstance(content, str):
        if len(content) >= SHORTEST:
            yield content
    elif isinstance(content, bytes):
        yield content.decode("latin-1")
    elif isinstance(content, _CONTAINERS):
        parts = chain(content, content.values()) if isinstance(content, _MAPPINGS) else content
        for part in parts:
            yield from _texts(part, depth + 1)


def _told(content: Any, told: Told, depth: int) -> Any:
    if isinstance(content, str):
        return _embedded(told.get(content, content))
    if isinstance(content, bytes):
        return told.get(content.decode("latin-1"), content)
    if isinstance(content, _PLAIN) or not isinstance(content, _CONTAINERS):
        return content
    if depth >= _DEEPEST:
        return marker(_TOO_DEEP)
    if isinstance(content, _MAPPINGS):
        return _fields(content, lambda value: _told(value, told, depth + 1), told)
    return [_told(value, told, depth + 1) for value in content]


def _fields(content: Mapping[Any, Any], go_on: Callable[[Any], Any], told: Told) -> dict[Any, Any]:
    named = _named(content)
    fields = {}
    for name, value in content.items():
        field = named if name in _VALUES and named else field_of(str(name))
        shown = told.get(name, name) if isinstance(name, str) else name
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
    cleared = _told(content, {}, 0)
    return text if cleared == content else json.dumps(cleared, ensure_ascii=False)
