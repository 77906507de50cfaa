"""Private keys in PEM: from the first line to the last, or as far as a key goes that was cut."""

import re
from collections.abc import Iterator
from functools import cache

from chalicelib.redaction.joined import BOUNDARY
from chalicelib.redaction.span import Span

_BEGIN, _END, _DASHES = "-----BEGIN ", "-----END", "-----"
_LONGEST = 32 * 1024
_LONGEST_LABEL = 60


def found(text: str) -> Iterator[Span]:
    """Yield where a text holds private keys."""
    if _BEGIN not in text:
        return
    at = 0
    for part in text.split(BOUNDARY):
        yield from (Span(at + start, at + end, kind) for start, end, kind, _ in _found(part))
        at += len(part) + len(BOUNDARY)


def _found(text: str) -> Iterator[Span]:
    at = end_line = 0
    # What lies in a key that was found is not looked at again.
    while begin := _begins().search(text, at):
        if 0 <= end_line < begin.end():
            end_line = text.find(_END, begin.end())
        at = _end(text, begin.end(), end_line)
        if at > begin.end():
            yield Span(begin.start(), at, "private-key")


def _end(text: str, at: int, end_line: int) -> int:
    if 0 <= end_line <= at + _LONGEST:
        behind = end_line + len(_END)
        dashes = text.find(_DASHES, behind, behind + _LONGEST_LABEL)
        return behind if dashes < 0 else dashes + len(_DASHES)
    lines = _lines().match(text, at)
    return lines.end() if lines else at


@cache
def _begins() -> re.Pattern[str]:
    return re.compile(_BEGIN + r"[A-Z0-9 ]{0,40}?PRIVATE KEY(?: BLOCK)?-----")


@cache
def _lines() -> re.Pattern[str]:
    newline = r"(?:\s|\\{1,4}[nr])"
    header = r"(?:Proc-Type|DEK-Info|Version|Comment): [^\s\\]{1,80}+(?: [^\s\\]{1,80}+)?+"
    return re.compile(
        rf"(?:{newline}{{1,8}}+(?:[A-Za-z0-9+/=]{{16,}}+|{header}))*+(?:{newline}{{1,8}}+[A-Za-z0-9+/=]{{1,15}}\Z)?+"
    )
