"""Reading expressions: tokens, document paths and placeholders."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import NamedTuple

from tests.simulation.refusals import Invalid

type Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"(?P<word>[A-Za-z_]\w*)|(?P<alias>#\w+)|(?P<value>:\w+)|(?P<index>\d+)"
    r"|(?P<symbol><=|>=|<>|[=<>()\[\].,+-])|(?P<space>\s+)|(?P<unknown>.)",
    re.ASCII,
)
_MOST_BYTES = 4096


class Token(NamedTuple):
    """A piece of an expression: a word, alias, value, index or symbol."""

    kind: str
    text: str


class Value(NamedTuple):
    """An operand that the call gives, by its placeholder."""

    placeholder: str


class Document(NamedTuple):
    """An operand that the item gives, by its path."""

    path: Path


_END = Token("end", "<EOF>")


class Reader:
    """Reads one expression from its beginning to its end.

    Attributes:
        kind: the parameter it came in, for messages.
        used_names: aliases that it has resolved.
        used_values: placeholders of values that it has seen.
    """

    def __init__(self, kind: str, text: str, names: Mapping[str, str]) -> None:
        self.kind = kind
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self._names = names
        self._at = 0
        if not text.strip():
            raise self.error("The expression can not be empty;")
        if len(text.encode()) > _MOST_BYTES:
            raise self.error("Expression size has exceeded the maximum allowed size;")
        self._tokens = [
            Token(found.lastgroup or "", found.group())
            for found in _TOKEN.finditer(text)
            if found.lastgroup != "space"
        ]

    def error(self, message: str) -> Invalid:
        """Return a refusal of this expression."""
        return Invalid(f"Invalid {self.kind}: {message}")

    def syntax_error(self) -> Invalid:
        """Return the refusal of the next token."""
        return self.error(f'Syntax error; token: "{self.next().text}"')

    def peek(self, ahead: int = 0) -> Token:
        """Return a token that comes, without taking it."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END

    def next(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self._at += 1
        return token

    def back_to(self, at: int) -> None:
        """Go back to a place."""
        self._at = at

    def place(self) -> int:
        """Return where it is, to come back to."""
        return self._at

    def is_word(self, word: str) -> bool:
        """Return whether the next token is a word, in any case."""
        token = self.peek()
        return token.kind == "word" and token.text.upper() == word

    def takes(self, *texts: str) -> str | None:
        """Take the next token if it is one of these symbols or words."""
        token = self.peek()
        text = token.text.upper() if token.kind == "word" else token.text
        if text not in texts:
            return None
        self._at += 1
        return text

    def expect(self, text: str) -> None:
        """Take a symbol or word that must come."""
        if self.takes(text) is None:
            raise self.syntax_error()

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek() is not _END:
            raise self.syntax_error()

    def value(self) -> Value:
        """Take the placeholder of a value."""
        token = self.next()
        if token.kind != "value":
            self._at -= 1
            raise self.syntax_error()
        self.used_values.add(token.text)
        return Value(token.text)

    def path(self) -> Path:
        """Take a document path, its aliases resolved."""
        steps: list[str | int] = [self._name()]
        while True:
            if self.takes("."):
                steps.append(self._name())
            elif self.takes("["):
                token = self.next()
                if token.kind != "index":
                    raise self.error(f'Syntax error; token: "{token.text}"')
                self.expect("]")
                steps.append(int(token.text))
            else:
                return tuple(steps)

    def _name(self) -> str:
        token = self.next()
        if token.kind == "alias":
            return self._resolved(token.text)
        if token.kind != "word":
            raise self.error(f'Syntax error; token: "{token.text}"')
        if token.text.upper() in _reserved():
            raise self.error(
                f"Attribute name is a reserved keyword; reserved keyword: {token.text}"
            )
        return token.text

    def _resolved(self, alias: str) -> str:
        self.used_names.add(alias)
        try:
            return self._names[alias]
        except KeyError:
            raise self.error(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {alias}"
            ) from None


def shown(path: Path) -> str:
    """Return a path as DynamoDB's messages show it."""
    return "[" + ", ".join(f"[{s}]" if isinstance(s, int) else s for s in path) + "]"


def refuse_overlaps(reader: Reader, paths: list[Path]) -> None:
    """Refuse paths that lie inside each other, or that see one thing as a list and a map."""
    for at, one in enumerate(paths):
        for two in paths[:at]:
            common = next(
                (pair for pair in zip(two, one, strict=False) if pair[0] != pair[1]), None
            )
            both = f"path one: {shown(two)}, path two: {shown(one)}"
            rewrite = f"must remove or rewrite one of these paths; {both}"
            if common is None:
                raise reader.error(f"Two document paths overlap with each other; {rewrite}")
            if type(common[0]) is not type(common[1]):
                raise reader.error(f"Two document paths conflict with each other; {rewrite}")


@cache
def _reserved() -> frozenset[str]:
    """Return DynamoDB's reserved words, from the list that moto brings, without importing moto."""
    found = find_spec("moto")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("moto")
    words = FilePath(found.origin).parent / "dynamodb" / "parsing" / "reserved_keywords.txt"
    return frozenset(words.read_text().split())
