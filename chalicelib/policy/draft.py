"""Drafts: an operator's policies, checked before they are kept.

They must parse, fit the schema in strict mode, have ids of their own and stay within bounds. What
is wrong is told with its line, and how to mend it; nothing is kept of a draft that is refused.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.errors import Fault, Invalid
from chalicelib.policy.text import Place, Statement, Wrong, locate, statements, unsafe
from chalicelib.redaction import refuse_secrets

if TYPE_CHECKING:
    from chalicelib.policy.cedar import Body, Flaw

FIELD = "text"
MOST_BYTES = 32_768
MOST_POLICIES = 100
MOST_HINT_CHARACTERS = 200
RESERVED = "default-"
_MOST_FAULTS = 20
_WORDS_CHARACTERS = 200
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_ANNOTATIONS = frozenset({"id", "hint"})
_PREFIX = re.compile(r"^(?:for policy `policy\d+`[,:] )+")
_OF_ACTION = re.compile(r'Action::"\w+"')
_NOWHERE = "unable to find an applicable action"
# What to do about the schema's complaints, by words in them; the first that fits.
_FIXES = {
    "unrecognized action": "use the name of an action of the schema",
    "unrecognized entity type": "use a type of the schema",
    "enumerated": 'use Role::"viewer", Role::"operator", Role::"admin" or System::"daemon"',
    "in context": 'name the actions that have it, as action == Action::"dispatch"',
    "not found": "use an attribute that this type has",
    _NOWHERE: "let principal, action and resource be ones that the schema has together",
    "not compatible": "compare and combine values of one type",
    "expected": "compare and combine values of one type",
}
_QUOTED = re.compile(r'`(?:\w+::)?"?(\w+)"?`')


class Summary(NamedTuple):
    """A policy at a glance: its id, its effect and the line that it begins in."""

    id: str
    effect: str
    line: int
    hint: str


def check(text: str) -> Sequence[Summary]:
    """Return what is in an operator's policies.

    Raises:
        Invalid: they cannot be kept; names the lines to blame and their fixes.
    """
    _check_size(text)
    refuse_secrets(FIELD, text)
    wrong = unsafe(text)
    if wrong is not None:
        raise _invalid([wrong])
    found = statements(text)
    if not found:
        raise Invalid(
            "there are no policies", field=FIELD, fix="activate version 0 to go by the defaults"
        )
    if len(found) > MOST_POLICIES:
        first = found[MOST_POLICIES].place
        raise _invalid(
            [Wrong(first, f"there are {len(found)} policies", f"use at most {MOST_POLICIES}")]
        )
    cedar = import_module("chalicelib.policy.cedar")
    if mistakes := list(_mistakes(found, cedar)):
        raise _invalid(mistakes)
    outsides: list[Body] = cedar.bodies(text)
    faults = [*_outside(found, outsides), *_against_schema(found, cedar.flaws(text))]
    if faults:
        raise _invalid(sorted(faults))
    return [_summary(*each) for each in zip(found, outsides, strict=True)]


def _check_size(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Invalid(
            "the policies contain half a character", field=FIELD, fix="send whole characters"
        ) from None
    if size > MOST_BYTES:
        raise Invalid(
            f"the policies have {size} bytes", field=FIELD, fix=f"use at most {MOST_BYTES} bytes"
        )


def _mistakes(found: Sequence[Statement], cedar: Any) -> Iterator[Wrong]:
    """Yield where statements cannot be read."""
    for statement in found:
        mistake = locate(statement, cedar.complaint)
        if mistake is not None:
            where, words = mistake
            yield Wrong(where, _cut(words), _fix_of_grammar(words))


def _outside(found: Sequence[Statement], outsides: Sequence["Body"]) -> Iterator[Wrong]:
    """Yield what is wrong with annotations and slots."""
    seen: dict[str, int] = {}
    for statement, body in zip(found, outsides, strict=True):
        where = statement.place
        if body.is_template:
            fix = "name the principal and the resource, or leave them open"
            yield Wrong(where, "it has a slot, so it would decide nothing", fix)
        yield from _of_annotations(where, body)
        name = body.annotations.get("id", "")
        if name in seen:
            fix = "give each policy an id of its own"
            yield Wrong(where, f"the id {name!r} is taken in line {seen[name]}", fix)
        elif name:
            seen[name] = where.line


def _of_annotations(where: Place, body: "Body") -> Iterator[Wrong]:
    name = body.annotations.get("id", "")
    if not name:
        yield Wrong(where, "the policy has no id", 'write @id("what-it-does") before it')
    elif name.startswith(RESERVED):
        fix = f"use an id that does not begin with {RESERVED}"
        yield Wrong(where, f"the id {name!r:.80} is one of the defaults'", fix)
    elif not _ID.fullmatch(name):
        fix = "use 1 to 64 of a-z 0-9 . _ and -, a letter or digit first"
        yield Wrong(where, f"{name!r:.80} is not an id", fix)
    for unknown in sorted(body.annotations.keys() - _ANNOTATIONS):
        yield Wrong(where, f"there is no annotation @{unknown:.80}", "use @id and @hint")
    if len(body.annotations.get("hint", "")) > MOST_HINT_CHARACTERS:
        fix = f"use at most {MOST_HINT_CHARACTERS} characters"
        yield Wrong(where, "its hint is too long", fix)


def _against_schema(found: Sequence[Statement], flaws: Sequence["Flaw"]) -> Iterator[Wrong]:
    """Yield what does not fit the schema, once for what is the same of several actions."""
    told: dict[tuple[int, str], list[str]] = {}
    for flaw in flaws:
        words = _PREFIX.sub("", flaw.words)
        told.setdefault((flaw.position, _OF_ACTION.sub("", words)), []).append(words)
    for (position, _), same in told.items():
        others = [each for each in told if each[0] == position]
        words, statement = same[0], found[position]
        if _NOWHERE in words and len(others) > 1:
            continue  # It follows from what else is wrong.
        more = f", and the same of {len(same) - 1} others" if len(same) > 1 else ""
        yield Wrong(statement.place_of(words), _cut(words) + more, _fix_of_schema(words))


def _fix_of_grammar(words: str) -> str:
    if words.startswith("the policy is not finished"):
        return "end it with ;"
    if words.startswith("duplicate annotation"):
        return "annotate a policy once with each"
    return "write it as in `permit (principal, action, resource) when { .. };`"


def _fix_of_schema(words: str) -> str:
    quoted = _QUOTED.search(words)
    for sign, fix in _FIXES.items():
        if sign in words:
            return _nearest(quoted[1], fix) if quoted and "unrecognized" in sign else fix
    return "see docs/policies.md for what policies can speak about"


def _nearest(name: str, otherwise: str) -> str:
    near = get_close_matches(name, _schema_names(), n=1)
    return f"perhaps {near[0]!r} is meant" if near else otherwise


def _schema_names() -> list[str]:
    schema: str = import_module("chalicelib.policy.cedar").packaged("schema.cedarschema")
    return sorted(set(re.findall(r"\w+", re.sub(r"//.*", "", schema))))


def _cut(words: str) -> str:
    plain = " ".join(words.split())
    return plain if len(plain) <= _WORDS_CHARACTERS else plain[: _WORDS_CHARACTERS - 1] + "…"


def _invalid(wrongs: Sequence[Wrong]) -> Invalid:
    shown = wrongs[:_MOST_FAULTS]
    faults = [
        Fault(FIELD, f"line {at.line}, column {at.column}: {detail}", fix)
        for at, detail, fix in shown
    ]
    count = "a fault" if len(wrongs) == 1 else f"{len(wrongs)} faults"
    return Invalid(
        f"the policies have {count}, the first in line {shown[0].place.line}", faults=faults
    )


def _summary(statement: Statement, body: "Body") -> Summary:
    hint = body.annotations.get("hint", "")
    return Summary(body.annotations["id"], body.effect, statement.place.line, hint)
