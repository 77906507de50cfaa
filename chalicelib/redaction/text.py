"""Text: the secrets in it, as they stand and as they are encoded."""

from collections.abc import Iterator

from chalicelib.redaction import assignments, encoded, pem, shapes
from chalicelib.redaction.span import Span, merged, replaced

# `pin=1234`; nothing shorter tells that it is a secret.
SHORTEST = 8


def redact_text(text: str) -> str:
    """Return a text with each secret in it replaced by `[redacted:<class>]`."""
    spans = find(text)
    return replaced(text, spans) if spans else text


def holds_secret(text: str) -> str | None:
    """Return the class of the first secret in a text, or None."""
    spans = find(text)
    return spans[0].kind if spans else None


def find(text: str) -> list[Span]:
    """Return where a text holds secrets, in order."""
    if len(text) < SHORTEST:
        return []
    return merged([*_plain(text), *encoded.found(text, _plain)])


def _plain(text: str) -> Iterator[Span]:
    lowered = text.lower()
    if len(lowered) != len(text):
        # One letter becomes two in lower case; spans must mean the same in both.
        lowered = text.replace("\u0130", "I").lower()
    yield from shapes.found(text, lowered)
    yield from assignments.found(text, lowered)
    yield from pem.found(text)
