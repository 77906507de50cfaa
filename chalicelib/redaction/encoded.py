"""Text inside text: what is written in Base64 or with percent signs is decoded, once.

A span of what was decoded is led back to the characters that it was decoded from, so that the text
around it stays. A run of Base64 may begin anywhere in a longer one, as behind a path; so it is
decoded from each of its first four characters.
"""

import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from chalicelib.redaction.span import Span
from chalicelib.redaction.words import long_words

type Finder = Callable[[str], Iterable[Span]]

_TO_STANDARD = str.maketrans("-_", "+/")
_GROUP, _BYTES = 4, 3
_ONE_TOO_MANY = 1
_SHORTEST = 16
_LONGEST = 4096


def found(text: str, find: Finder) -> Iterator[Span]:
    """Yield where a text holds the encoded form of what `find` finds."""
    words = [word for word in long_words(text) if len(word) >= _SHORTEST]
    # What people write has both cases in Base64; ids, digests and names joined by hyphens have one.
    if not all(word.islower() or word.isupper() for word in words):
        yield from _in_base64(text, find)
    if any("%" in word for word in words):
        yield from _in_percent(text, find)


def decoded_base64(run: str) -> bytes:
    """Return what a run of Base64, of either alphabet, stands for."""
    run = run.rstrip("=")
    if len(run) % _GROUP == _ONE_TOO_MANY:
        run = run[:-1]
    padded = run.translate(_TO_STANDARD) + "=" * (-len(run) % _GROUP)
    return binascii.a2b_base64(padded)


def _in_base64(text: str, find: Finder) -> Iterator[Span]:
    pieces = list(_pieces(text))
    # Most runs are ids, digests and images: all are asked about at once.
    together = "\n".join(piece.plain.replace("\0", "") for piece in pieces)
    if not together or not any(True for _ in find(together)):
        return
    for piece in pieces:
        yield from map(piece.origin, find(piece.plain))
        if "\0" in piece.plain:
            # UTF-16, as shells encode their commands.
            stripped = find(piece.plain.replace("\0", ""))
            yield from (Span(piece.start, piece.end, span.kind) for span in stripped)


def _pieces(text: str) -> Iterator["_Piece"]:
    """Yield what can be read of all that may be Base64 in a text."""
    for run in _runs().finditer(text):
        if run[0].islower() or run[0].isupper():
            continue
        # An image begins where it is named.
        for shift in range(_GROUP if len(run[0]) <= _LONGEST else 1):
            for printable in _printable().finditer(decoded_base64(run[0][shift:])):
                plain = printable[0].decode("ascii")
                yield _Piece(plain, run.start() + shift, printable.start(), run.end())


class _Piece(NamedTuple):
    """Some text that was decoded.

    Attributes:
        start: where the Base64 begins.
        offset: how many bytes stand before the text.
        end: where the Base64 ends.
    """

    plain: str
    start: int
    offset: int
    end: int

    def origin(self, span: Span) -> Span:
        """Return where a span was decoded from."""
        first, last = self.offset + span.start, self.offset + span.end
        end = self.start - (-last * _GROUP // _BYTES)
        return Span(self.start + first * _GROUP // _BYTES, min(end, self.end), span.kind)


def _in_percent(text: str, find: Finder) -> Iterator[Span]:
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - rarely needed

    for word in _words().finditer(text):
        if not _escape().search(word[0]):
            continue
        plain = unquote_to_bytes(_bytes(word[0])).decode("latin-1")
        # A plus is a space in forms, and itself elsewhere.
        spans = [*find(plain), *(find(plain.replace("+", " ")) if "+" in plain else ())]
        if spans:
            origins = _origins(word[0])
            for span in spans:
                start, end = word.start() + origins[span.start], word.start() + origins[span.end]
                yield Span(start, end, span.kind)


def _origins(word: str) -> list[int]:
    """Return where each byte of a decoded word begins in the word, and where the last one ends."""
    origins: list[int] = []
    at = 0
    for escape in _escape().finditer(word):
        origins += _plain(word, at, escape.start())
        origins.append(escape.start())
        at = escape.end()
    return [*origins, *_plain(word, at, len(word)), len(word)]


def _plain(word: str, start: int, end: int) -> Iterator[int]:
    if word.isascii():
        yield from range(start, end)
        return
    for position in range(start, end):
        yield from [position] * len(_bytes(word[position]))


def _bytes(text: str) -> bytes:
    # A lone surrogate cannot be written as UTF-8.
    return text.encode("utf-8", "backslashreplace")


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9+/_-]{16,}+={0,2}+")


@cache
def _printable() -> re.Pattern[bytes]:
    return re.compile(rb"[\0\t\n\r -~]{8,}+")


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>]++")


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r"%[0-9A-Fa-f]{2}")
