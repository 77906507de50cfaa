"""Assignments: what a text gives to a name that is one of a secret field.

`"password": "x"` in JSON, even where it is cut or escaped; `password = x` in settings; `?token=x`
in a URL; `Authorization: Bearer x` and `Cookie: a=x; b=y` in headers; `the PIN is 123456` in a
sentence. In quotes any value is a secret. Without them, code and prose look much the same: there it
must look like one, unless what stands around it was written for machines.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.redaction.fields import ANY, DIGITS, WEAK, Field, field_of, hides, is_placeholder
from chalicelib.redaction.joined import BOUNDARY
from chalicelib.redaction.looks import looks_random, looks_secret
from chalicelib.redaction.patterns import compiled
from chalicelib.redaction.span import Span

# A part of every name that `field_of` knows, in lower case.
_STEMS = (
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "authorization",
    "auth",
    "cookie",
    "credential",
    "pin",
    "sas",
    "otp",
    "bearer",
    "jwt",
    "mnemonic",
    "phrase",
    "signature",
    "proof",
    "claim",
    "sig",
    "msg_a",
    "msg_b",
    "pake_state",
)
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_NAMED = frozenset(_NAME_CHARACTERS)
_LONGEST_HEAD = 48
_TAIL = (
    r"[a-z0-9_-]{0,32}+(?P<close>[\"'`\\]{0,6}+)(?:[ \t](?:code|number|value))?+\s{0,4}+"
    r"(?:(?:=>|:=|==?|:|is(?=[ \t])|was(?=[ \t]))"
    r"(?:[ \t]{0,4}+[|>][+-]?+[ \t]{0,4}+(?=\n))?+\s{0,8}+"
    r"|(?P<tag>>)(?=[^<>]{1,256}+</))"
)
_MOST_ESCAPES = 7
_QUOTE = r"(?:[bBrRuU]{1,2}(?=[\"']))?+(\\{0,7}+)([\"'`])"
_MAY_BE_QUOTED = frozenset("\"'`\\bBrRuU")
_RUN = r"[^\s,;&\"'`<>(){}\[\]\\|]+"
_HEADER = r"(?i:(?:bearer|basic|token|negotiate|apikey|bot)[ \t]+)?([^\s,;\"'\\(){}\[\]]+)"
_LONG_HEADER = r"(?i:digest|aws4-hmac-sha256)[ \t]+([^\r\n\\]+)"
_COOKIES = r"[^\s=;,\"'\\]{1,128}+=[^\s;\"'\\]++(?:;[ ]?[^\s;\"'\\]++)*+"
_NUMBER = r"-?[0-9]{1,32}"
_PIN = r"#?([0-9]{3}[ -]?[0-9]{1,5})(?![0-9A-Za-z])"
_VARIABLE = r"[A-Z][A-Z0-9_]*"
# Other secrets are no numbers; a fencing token is one.
_NUMERIC = {"pin", "sas", "otp", "password"}
_FEWEST_DIGITS = 4
_SHORTEST_HEADER = 8
_DECODER = json.JSONDecoder()


class Assignment(NamedTuple):
    """A secret name, and where its value begins.

    Attributes:
        quoted: whether the name stands in quotes.
        tight: whether nothing but an equals sign stands between the name and the value.
        before: the character before the name, or empty.
        is_tag: whether the name opens an element of XML, and its content is the value.
    """

    name: str
    field: Field
    at: int
    quoted: bool
    tight: bool
    before: str
    is_tag: bool


def found(text: str, lowered: str) -> Iterator[Span]:
    """Yield where a text holds a secret that is given to a name.

    Args:
        text: the text.
        lowered: the same in lower case, of the same length.
    """
    for stem in _STEMS:
        if stem in lowered:
            yield from _of_stem(stem, text, lowered)


def _of_stem(stem: str, text: str, lowered: str) -> Iterator[Span]:
    done = 0
    for match in compiled(stem + _TAIL).finditer(lowered):
        if match.start() < done:
            continue
        assignment = _assignment(text, lowered, match)
        span = assignment and _value(text, assignment)
        if span:
            done = span.end
            yield span


def _assignment(text: str, lowered: str, match: re.Match[str]) -> Assignment | None:
    begin, end, at = match.start(), match.start("close"), match.end()
    head = text[max(0, begin - _LONGEST_HEAD) : begin]
    # Most names have none, and end where they begin.
    head = head[len(head.rstrip(_NAME_CHARACTERS)) :] if head[-1:] in _NAMED else ""
    name = head + text[begin:end]
    field = field_of(name)
    if field is None:
        return None
    start = begin - len(head)
    _, tag = match.groups()
    quoted = at - end > 1 and bool(match["close"].strip("\\"))
    before = text[start - 1 : start] if start else ""
    return Assignment(name, field, at, quoted, lowered[end:at] == "=", before, tag is not None)


def _value(text: str, of: Assignment) -> Span | None:
    if of.is_tag:
        return _in_element(text, of)
    first = text[of.at : of.at + 1]
    # Most values stand in no quotes.
    if first in _MAY_BE_QUOTED and (quote := compiled(_QUOTE).match(text, of.at)):
        return _in_quotes(text, of, quote)
    if of.quoted and first in {"{", "["}:
        return _container(text, of)
    if of.field.strength is DIGITS and (pin := compiled(_PIN).match(text, of.at)):
        return _told(of, pin.start(1), pin.end(1), '"' if of.quoted else "")
    if of.quoted and (number := compiled(_NUMBER).match(text, of.at)):
        hidden = hides(of.field, int(number[0]))
        return _told(of, *number.span(), '"') if hidden else None
    return _bare(text, of)


def _in_quotes(text: str, of: Assignment, quote: re.Match[str]) -> Span | None:
    escape, mark = quote.groups()
    inside = _inside(len(escape), mark).match(text, quote.end())
    if inside is None or not hides(of.field, inside[0].strip()):
        return None
    if not of.quoted and not _is_closed(text, inside, mark):
        return None
    if of.field.kind == "authorization" and is_placeholder(inside[0].rpartition(" ")[2]):
        return None
    return _told(of, *inside.span())


def _is_closed(text: str, inside: re.Match[str], mark: str) -> bool:
    """Return whether quotes behind a bare name are its value's, not those that the name ends in."""
    value, behind = inside[0], text[inside.end() : inside.end() + _MOST_ESCAPES + 1]
    is_closed = behind.lstrip("\\").startswith(mark)
    return is_closed and "\n" not in value and any(map(str.isalnum, value[:1] + value[-1:]))


def _in_element(text: str, of: Assignment) -> Span | None:
    end = text.find("<", of.at)
    is_secret = of.before in {"<", ":"} and hides(of.field, text[of.at : end].strip())
    return _told(of, of.at, end) if is_secret else None


def _container(text: str, of: Assignment) -> Span | None:
    if of.field.strength is not ANY:
        return None
    try:
        value, end = _DECODER.raw_decode(text, of.at)
    except (ValueError, RecursionError):
        # It is cut, or escaped: nobody can say where it ends.
        value, end = "...", text.find(BOUNDARY, of.at)
    return _told(of, of.at, end if end >= 0 else len(text), '"') if value else None


def _bare(text: str, of: Assignment) -> Span | None:
    if of.field.kind == "authorization":
        return _header(text, of)
    if of.field.kind == "cookie":
        cookies = compiled(_COOKIES).match(text, of.at)
        return _told(of, *cookies.span()) if cookies else None
    run = compiled(_RUN).match(text, of.at)
    if run is None:
        return None
    end = run.end() - len(run[0]) + len(run[0].rstrip(".:!?"))
    value, after = text[run.start() : end], text[run.end() : run.end() + 1]
    return _told(of, run.start(), end) if _is_secret(of, value, after) else None


def _header(text: str, of: Assignment) -> Span | None:
    header = compiled(_LONG_HEADER).match(text, of.at) or compiled(_HEADER).match(text, of.at)
    if header is None:
        return None
    start, end = header.span(1)
    value = text[start:end]
    is_called = text[end : end + 1] in {"(", "["} and end < len(text)
    is_told = len(value) >= _SHORTEST_HEADER and not is_called and not is_placeholder(value)
    return _told(of, start, end) if is_told and looks_random(value) else None


def _is_secret(of: Assignment, value: str, after: str) -> bool:
    if not hides(of.field, value):
        return False
    if after in {"(", "["}:
        return False  # It is called, or a part of it is taken.
    if of.field.strength is WEAK:
        return looks_random(value) and looks_secret(value)
    if value.isdigit():
        return of.field.kind in _NUMERIC and len(value) >= _FEWEST_DIGITS
    return looks_secret(value) or (_for_machines(of, after) and not value.startswith(("$", "%")))


def _for_machines(of: Assignment, after: str) -> bool:
    """Return whether this is of a URL's query, a connection string or a file of variables."""
    in_query = of.before in {"?", "&", ";"} or after in {"&", ";"}
    is_variable = of.before in {"", "\n", " "} and compiled(_VARIABLE).fullmatch(of.name)
    return of.tight and ((in_query and bool(of.before or after)) or bool(is_variable))


def _told(of: Assignment, start: int, end: int, quote: str = "") -> Span:
    return Span(start, end, of.field.kind, quote)


def _inside(escapes: int, mark: str) -> re.Pattern[str]:
    """Return what stands in quotes that are escaped so many times, up to the closing quote."""
    if not escapes:
        return compiled(rf"(?:[^{mark}\\]++|\\[\s\S])*+")
    deeper = rf"\\{{{escapes + 1},}}+{mark}"
    return compiled(rf"(?:[^{mark}\\]++|{deeper}|\\++(?![{mark}\\]))*+")
