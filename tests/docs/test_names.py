import importlib
import re
from pathlib import Path

import pytest

NAMES = Path(__file__).parents[2] / "docs" / "decisions" / "names.md"
ROW = re.compile(r"^\| (?P<name>.+?) \| (?P<place>.+?) \|$", re.MULTILINE)
ROWS = [
    (row["name"], row["place"])
    for row in ROW.finditer(NAMES.read_text())
    if row["name"] != "in the documents"
]


def resolve(dotted: str) -> object:
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            found = getattr(found, name)
        return found
    raise AssertionError(dotted)


@pytest.mark.parametrize(("name", "place"), ROWS, ids=[name for name, _ in ROWS])
def test_each_name_exists_or_says_why_not(name: str, place: str) -> None:
    del name
    if re.match(r"(later|absent): \w+", place):
        return
    dotted = re.match(r"`(chalicelib[\w.]*)`", place)

    assert dotted, f"neither a dotted name nor later: nor absent: {place}"
    assert resolve(dotted[1]) is not None


def test_no_name_stands_twice() -> None:
    names = [name for name, _ in ROWS]

    assert sorted(set(names)) == sorted(names)
