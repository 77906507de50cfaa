"""Spans: where a secret stands in a text, and what takes its place."""

from collections.abc import Iterable
from typing import NamedTuple

MARK = "[redacted:"


class Span(NamedTuple):
    """Where a secret stands.

    Attributes:
        end: the position behind it.
        kind: its class, which the marker names.
        quote: what stands before and after the marker, where it replaces a JSON value.
    """

    start: int
    end: int
    kind: str
    quote: str = ""


def marker(kind: str) -> str:
    """Return what takes the place of a secret of a class."""
    return f"{MARK}{kind}]"


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order; those that overlap are one, of the class that begins first."""
    whole: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if whole and span.start < whole[-1].end:
            whole[-1] = whole[-1]._replace(end=max(whole[-1].end, span.end))
        else:
            whole.append(span)
    return whole


def replaced(text: str, spans: Iterable[Span]) -> str:
    """Return a text with markers in the place of spans, which are in order and do not overlap."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], span.quote, marker(span.kind), span.quote]
        at = span.end
    return "".join([*parts, text[at:]])
