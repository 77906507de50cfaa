"""Refusing what would have to be redacted: an operator's own text is never changed silently."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.errors import Fault, Invalid
from chalicelib.redaction.content import redact
from chalicelib.redaction.fields import field_of, hides
from chalicelib.redaction.text import find

_FIX = "take it out, and say where it is kept instead of what it is"
_NAME_CHARACTERS = 80


def refuse_secrets(field: str, content: Any) -> None:
    """Refuse a text, or the content of a field, that holds a secret.

    Raises:
        Invalid: names the field, the secret's class and where it begins, never the secret.
    """
    if redact(content) == content:
        return
    fault = next(_faults(field, content), Fault(field, f"{field} holds a secret", _FIX))
    raise Invalid(fault.detail, field=redact(fault.field), fix=fault.fix)


def _faults(field: str, content: Any) -> Iterator[Fault]:
    if isinstance(content, str):
        for span in find(content):
            detail = f"it holds a secret ({span.kind}) at character {span.start + 1}"
            yield Fault(field, detail, _FIX)
    elif isinstance(content, Mapping):
        for name, value in content.items():
            yield from _of_field(f"{field}.{name!s:.{_NAME_CHARACTERS}}", str(name), value)
    elif isinstance(content, Sequence):
        for position, value in enumerate(content):
            yield from _faults(f"{field}.{position}", value)


def _of_field(path: str, name: str, value: Any) -> Iterator[Fault]:
    secret = field_of(name)
    if secret and hides(secret, value):
        yield Fault(path, f"a field of this name holds a secret ({secret.kind})", _FIX)
    yield from _faults(path, value)
