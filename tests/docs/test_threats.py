"""The page of threats names each case once, and no test that is not there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threats.md").read_text()
CASE = re.compile(
    r"^- \*\*(?P<id>[A-Z]\d\d)\*\* (?P<said>.+?)(?=^- \*\*|^$|\Z)", re.MULTILINE | re.DOTALL
)
TEST = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>[\w:]+)`")
# Of each letter, the cases that the table of threats asks for.
ASKED = {"P": 30, "E": 10, "R": 11, "T": 17}


class Case(NamedTuple):
    id: str
    said: str

    @property
    def tests(self) -> list[tuple[str, str]]:
        return [(found["path"], found["name"]) for found in TEST.finditer(self.said)]


CASES = [Case(found["id"], found["said"]) for found in CASE.finditer(PAGE)]


@cache
def known_in(path: str) -> frozenset[str]:
    """Return the names of a file's tests, those of classes behind the class."""
    return frozenset(_tests(ast.parse((ROOT / path).read_text()).body))


def _tests(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for each in body:
        if isinstance(each, ast.ClassDef):
            yield from _tests(each.body, f"{prefix}{each.name}::")
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            yield prefix + each.name


@pytest.mark.parametrize("letter", ASKED)
def test_each_case_stands_there_once(letter: str) -> None:
    found = [each.id for each in CASES if each.id.startswith(letter)]
    assert found == [f"{letter}{number:02}" for number in range(1, ASKED[letter] + 1)]


def test_no_case_stands_twice() -> None:
    ids = [each.id for each in CASES]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("case", CASES, ids=[each.id for each in CASES])
def test_a_case_is_proven_by_tests_that_there_are(case: Case) -> None:
    assert case.tests, "no test stands behind it"
    missing = [(path, name) for path, name in case.tests if name not in known_in(path)]
    assert missing == []


def test_every_test_that_the_page_names_is_there() -> None:
    named = {(found["path"], found["name"]) for found in TEST.finditer(PAGE)}
    assert sorted((path, name) for path, name in named if name not in known_in(path)) == []


def test_a_test_that_is_not_there_would_be_found() -> None:
    assert "test_each_case_stands_there_once" in known_in("tests/docs/test_threats.py")
    assert "test_of_nothing" not in known_in("tests/docs/test_threats.py")
