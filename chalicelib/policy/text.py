"""Cedar text, read far enough to say where a mistake is, and that it is safe to be parsed.

The engine names no line and has no limit to nesting: what is nested too deep would end the process,
and each operator of a long chain is a level of its own. So text is cut into tokens and statements
here, measured, and only then handed to the engine.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

MOST_NESTED = 32
MOST_OPERATORS = 200
_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z_?@][A-Za-z0-9_]*|[0-9]+)
    | (?P<sign>==|!=|<=|>=|&&|\|\||::|[][(){}<>!,;:.+*/%=-])
    | (?P<wrong>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = frozenset(
    [
        *("&&", "||", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "!", ".", "["),
        *("in", "is", "has", "like", "if"),
    ]
)
# What the engine's words are about: in backticks, perhaps with its type, or behind a colon.
_NAMED = re.compile(r'(?:`(?:\w+::)?"?|: @?)([^`"\s:.]+)')
_OPEN, _CLOSED = frozenset("([{"), frozenset(")]}")
_UNFINISHED = "unexpected end of input"


class Place(NamedTuple):
    """Where something stands in a text: line and column, both from 1."""

    line: int
    column: int


class Wrong(NamedTuple):
    """What is wrong with a text, where, and how to mend it."""

    place: Place
    detail: str
    fix: str


class Statement(NamedTuple):
    """One policy's text: tokens that belong together, and where in the text it begins.

    Attributes:
        text: the whole text that it stands in.
        ends: where each of its tokens ends in that text.
        starts: where each of its tokens begins.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def place(self) -> Place:
        """Return where it begins."""
        return place(self.text, self.starts[0])

    @property
    def whole(self) -> str:
        """Return its own text."""
        return self.text[self.starts[0] : self.ends[-1]]

    def place_of(self, words: str) -> Place:
        """Return where it says what words are about: its beginning where that is not to be seen."""
        for named in _NAMED.findall(words):
            for start, end in zip(self.starts, self.ends, strict=True):
                token = self.text[start:end]
                if token.strip('"') == named or (token[0] == '"' and named in token):
                    return place(self.text, start)
        return self.place

    def until(self, token: int) -> str:
        """Return its text up to the end of a token."""
        return self.text[self.starts[0] : self.ends[token]]


def place(text: str, offset: int) -> Place:
    """Return the place of an offset."""
    before = text[:offset]
    return Place(before.count("\n") + 1, offset - before.rfind("\n"))


def statements(text: str) -> list[Statement]:
    """Return the statements of a text that `unsafe` has nothing against."""
    found: list[Statement] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _tokens(text):
        starts.append(match.start())
        ends.append(match.end())
        if match[0] == ";":
            found.append(Statement(text, starts, ends))
            starts, ends = [], []
    return [*found, Statement(text, starts, ends)] if starts else found


def unsafe(text: str) -> Wrong | None:
    """Return why a text may not be parsed, or None where it may."""
    depth = operators = 0
    for match in _tokens(text):
        if match["wrong"]:
            return _not_a_token(place(text, match.start()), match[0])
        depth += (match[0] in _OPEN) - (match[0] in _CLOSED)
        operators = 0 if match[0] == ";" else operators + (match[0] in _OPERATORS)
        if depth > MOST_NESTED:
            fix = f"nest brackets at most {MOST_NESTED} deep, or use several policies"
            return Wrong(place(text, match.start()), "it is nested too deep", fix)
        if operators > MOST_OPERATORS:
            fix = f"use at most {MOST_OPERATORS} operators, or several policies"
            return Wrong(place(text, match.start()), "the policy is too long", fix)
    return None


def locate(statement: Statement, complaint: Callable[[str], str]) -> tuple[Place, str] | None:
    """Return where the parser stops at a statement, and what it says; None where it does not.

    The parser names no place, but takes every beginning of a good statement for an unfinished one:
    the first token that changes its mind is the one to blame.
    """
    words = complaint(statement.whole)
    if not words:
        return None
    low, high = 0, len(statement.ends) - 1
    while low < high:
        middle = (low + high) // 2
        if _is_unfinished(complaint(statement.until(middle))):
            low = middle + 1
        else:
            high = middle
    if _is_unfinished(words):
        return place(statement.text, statement.ends[-1]), "the policy is not finished"
    if low == len(statement.ends) - 1:
        return statement.place_of(words), words  # It can be read, but means nothing.
    return place(statement.text, statement.starts[low]), words


def _is_unfinished(words: str) -> bool:
    return words.startswith(_UNFINISHED)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _TOKEN.finditer(text) if not match["space"])


def _not_a_token(where: Place, character: str) -> Wrong:
    if character == '"':
        return Wrong(where, "a text has no end", 'close it with "')
    return Wrong(where, f"{character!r} means nothing in Cedar", "take it out, or quote it")
