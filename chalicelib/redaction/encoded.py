"""Text inside text: what is written in Base64 or with percent signs is decoded, once.

A span of what was decoded is led back to the characters that it was decoded from, so that the text
around it stays. A run of Base64 may begin anywhere in a longer one, as behind a path; so runs are
decoded from each of their first four characters. All of a text's are decoded and searched at once:
to begin anew for each takes longer than what there is to do.
"""

import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from chalicelib.redaction.joined import Joined, join
from chalicelib.redaction.patterns import compiled
from chalicelib.redaction.span import Span
from chalicelib.redaction.words import long_words

type Finder = Callable[[str], Iterable[Span]]

_TO_STANDARD = str.maketrans("-_", "+/")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_GROUP, _BYTES = 4, 3
_ONE_TOO_MANY = 1
_SHORTEST = 16
_BETWEEN = " " * _GROUP
_RUN = r"[A-Za-z0-9+/_-]{16,}+={0,2}+"
_WORD = r"[\s\"'<>]([^\s\"'<>%]*+%[^\s\"'<>]*+)"
_ESCAPE = r"%[0-9A-Fa-f]{2}"
_ESCAPED = len("%41") - len("A")
_READABLE = (*b"\0\t\n\r", *range(0x20, 0x7F))
_EIGHT = "xxxxxxxxx*+"


def found(text: str, find: Finder) -> Iterator[Span]:
    """Yield where a text holds the encoded form of what `find` finds."""
    words = [word for word in long_words(text) if len(word) >= _SHORTEST]
    # What people write has both cases in Base64; ids, digests and names joined by hyphens have one.
    if not all(word.islower() or word.isupper() for word in words):
        yield from _in_base64(text, find)
    if any("%" in word for word in words) and compiled(_ESCAPE).search(text):
        yield from _in_percent(text, find)


def decoded_base64(run: str) -> bytes:
    """Return what a run of Base64, of either alphabet, stands for."""
    run = run.rstrip("=")
    if len(run) % _GROUP == _ONE_TOO_MANY:
        run = run[:-1]
    padded = run.translate(_TO_STANDARD) + "=" * (-len(run) % _GROUP)
    return binascii.a2b_base64(padded)


class _Runs(NamedTuple):
    """All runs of Base64 in a text.

    Attributes:
        raw: the runs, with spaces between them.
        starts: where each begins there.
        places: where each stands in the text, from and to.
    """

    raw: str
    starts: Sequence[int]
    places: Sequence[tuple[int, int]]

    def origin(self, first: int, last: int, kind: str, *, is_whole: bool) -> Span:
        """Return where characters stand in the text, or the whole run that they are in."""
        run = bisect_right(self.starts, first) - 1
        start, end = self.places[run]
        if is_whole:
            return Span(start, end, kind)
        offset = start - self.starts[run]
        return Span(first + offset, min(last + offset, end), kind)


class _Piece(NamedTuple):
    """Some text that was decoded.

    Attributes:
        shift: the character that the first group began with.
        offset: how many bytes stand before the text.
        is_wide: whether it was UTF-16, as shells encode their commands.
    """

    plain: str
    shift: int
    offset: int
    is_wide: bool


def _in_base64(text: str, find: Finder) -> Iterator[Span]:
    runs = _runs(text)
    pieces = list(_pieces(runs.raw.encode("ascii")))
    joined = join([piece.plain for piece in pieces])
    for number, span in joined.placed(find(joined.text)):
        _, shift, offset, is_wide = pieces[number]
        first = shift + (offset + span.start) * _GROUP // _BYTES
        last = shift - (-(offset + span.end) * _GROUP // _BYTES)
        yield runs.origin(first, last, span.kind, is_whole=is_wide)


def _runs(text: str) -> _Runs:
    found = [run.span() for run in compiled(_RUN).finditer(text)]
    runs, places = [], []
    for start, end in found:
        run = text[start:end]
        if not (run.islower() or run.isupper()):
            runs.append(run)
            places.append((start, end))
    starts = accumulate((len(run) + len(_BETWEEN) for run in runs), initial=0)
    return _Runs(_BETWEEN.join(runs), list(starts), places)


def _pieces(raw: bytes) -> Iterator[_Piece]:
    """Yield what can be read of runs of Base64."""
    standard, readable = _tables()
    groups = (raw + b" " * 2 * _GROUP).translate(standard)
    for shift in range(_GROUP):
        end = len(groups) - (len(groups) - shift) % _GROUP
        decoded = binascii.a2b_base64(groups[shift:end])
        for piece in compiled(_EIGHT).finditer(decoded.translate(readable).decode("ascii")):
            first, last = piece.span()
            # The last byte may be made of what only fills up a group.
            end = shift + (last * _GROUP - 1) // _BYTES
            last -= end >= len(raw) or raw[end] in b"= "
            plain = decoded[first:last].decode("ascii")
            yield _Piece(plain, shift, first, is_wide=False)
            if "\0" in plain:
                yield _Piece(plain.replace("\0", ""), shift, first, is_wide=True)


@cache
def _tables() -> tuple[bytes, bytes]:
    """Return what brings Base64 into one alphabet, and what tells bytes of text from others.

    What is no Base64 becomes ones alone, which no text begins or goes on with.
    """
    standard = bytes(byte if byte in _ALPHABET else ord("/") for byte in range(256))
    readable = bytes(ord("x") if byte in _READABLE else ord(" ") for byte in range(256))
    return standard.translate(bytes.maketrans(b"-_", b"+/")), readable


def _in_percent(text: str, find: Finder) -> Iterator[Span]:
    words = [word.span(1) for word in compiled(_WORD).finditer(f" {text}")]
    joined = join([text[start - 1 : end - 1] for start, end in words])
    plain = _unescaped(joined.text)
    spans = [*find(plain)]
    if "+" in joined.text:
        # A plus is a space in forms, and itself elsewhere.
        spans += find(plain.replace("+", " "))
    for number, span in joined.placed(_escaped(joined, spans)):
        start = words[number][0] - 1
        yield Span(start + span.start, start + span.end, span.kind)


def _escaped(joined: Joined, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield where spans stood before the text was decoded."""
    if not spans:
        return
    escapes = (match.start() for match in compiled(_ESCAPE).finditer(joined.text))
    places = [place - _ESCAPED * before for before, place in enumerate(escapes)]
    for start, end, kind, _ in spans:
        first = start + _ESCAPED * bisect_left(places, start)
        yield Span(first, end + _ESCAPED * bisect_left(places, end), kind)


def _unescaped(text: str) -> str:
    """Return a text with each escape replaced by one character, whatever its bytes mean."""
    begin, *parts = text.split("%")
    characters = _characters()
    return begin + "".join(
        [
            characters[digits] + part[2:] if (digits := part[:2]) in characters else f"%{part}"
            for part in parts
        ]
    )


@cache
def _characters() -> dict[str, str]:
    digits = "0123456789ABCDEFabcdef"
    return {one + two: chr(int(one + two, 16)) for one in digits for two in digits}
