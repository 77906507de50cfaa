import re
from pathlib import Path

from chalicelib.background.task import TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
ROW = re.compile(r"^\| ([a-z]+) \| ([\w, ]+) \| ([\w, ]+) \| [^|]+ \|$", re.MULTILINE)


def names(states: str) -> set[str]:
    return set(states.split(", "))


def test_the_page_shows_every_move_from_where_to_where() -> None:
    shown = {
        move: (names(source), names(target))
        for move, source, target in ROW.findall(PAGE.read_text())
    }
    shown.pop("move")

    assert shown == {
        str(move): (set(map(str, it.source)), set(map(str, it.target)))
        for move, it in TRANSITIONS.items()
    }
