"""The table of kinds, the code and the page for operators agree."""

import re
from pathlib import Path

import pytest

from chalicelib.functions.wiring import healing
from chalicelib.functions.wiring.container import Container
from chalicelib.incidents import kinds, node_kinds
from chalicelib.incidents.kind import Ending, IncidentKind
from infra.operations import PAGE, section, text
from tests.support.world import World

ROOT = Path(__file__).parents[2]
NAMES = {
    name: kind
    for name, kind in (vars(kinds) | vars(node_kinds)).items()
    if isinstance(kind, IncidentKind)
}
each_kind = pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.name)


def test_every_kind_is_in_the_table_once() -> None:
    assert sorted(kind.name for kind in NAMES.values()) == sorted(kinds.KINDS)
    assert all(name == kind.name for name, kind in kinds.KINDS.items())


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_is_raised_somewhere(name: str) -> None:
    sources = [
        path.read_text()
        for path in (ROOT / "chalicelib").rglob("*.py")
        if path.name not in {"kinds.py", "node_kinds.py", "healing.py"}
    ]
    assert any(re.search(rf"\b{name}\b", source) for source in sources)


def test_every_sighting_names_its_kind_from_the_table() -> None:
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for made in re.findall(r"Sighting\(\n(.*?)\n\s*\)", path.read_text(), re.DOTALL):
            assert re.search(r"^\s*kind=", made, re.MULTILINE), path


@each_kind
def test_the_page_says_of_a_kind_what_the_table_says(kind: IncidentKind) -> None:
    assert section(kind) in PAGE.read_text(encoding="utf-8")


def test_the_page_knows_no_other_kind() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == text(page)
    assert set(re.findall(r"^### `([a-z-]+)`$", page, re.MULTILINE)) == set(kinds.KINDS)


@each_kind
def test_what_a_kind_promises_is_wired(world: World, kind: IncidentKind) -> None:
    of = Container(settings=world.settings, clock=world.clock, random_bytes=bytes)
    looked_at = kind.name in healing.looks(of)
    assert looked_at is (kind.ending is Ending.CAUSE)
    assert (kind.remediation.id in healing.remedies(of)) is not kind.remediation.by_hand


@each_kind
def test_only_what_may_run_alone_is_automatic(kind: IncidentKind) -> None:
    remedy = kind.remediation
    assert not (remedy.by_hand and remedy.auto_executable)
    assert not (remedy.requires_approval and remedy.auto_executable)
