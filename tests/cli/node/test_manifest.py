"""What a node can do, as its folder says."""

from pathlib import Path
from typing import Any

import pytest

from cli.node import manifest
from cli.problem import Exit, Problem

GOOD = {
    "name": '"camera.take"',
    "description": '"Take a picture."',
    "run": '"take"',
    "arguments": '{type = "object"}',
    "effect": '"write"',
    "idempotent": "false",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    program = tmp_path / "take"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def written(folder: Path, *entries: dict[str, str]) -> Path:
    lines = [
        line
        for each in entries
        for line in ("[[capability]]", *(f"{name} = {value}" for name, value in each.items()))
    ]
    (folder / manifest.NAME).write_text("\n".join(lines))
    return folder


def refused(folder: Path) -> tuple[str, str]:
    with pytest.raises(Problem) as found:
        manifest.read(folder)
    assert found.value.code == Exit.USAGE
    assert found.value.fix
    (fault,) = found.value.faults
    return fault.field, found.value.what


def test_a_capability_is_what_its_entry_says(folder: Path) -> None:
    more = {"local_mediation": "true", "timeout_seconds": "20"}
    (tool,) = manifest.read(written(folder, GOOD | more))
    assert tool.path == folder / "take"
    assert tool.timeout_seconds == 20
    assert tool.document() == {
        "name": "camera.take",
        "description": "Take a picture.",
        "arguments": {"type": "object"},
        "effect": "write",
        "idempotent": False,
        "local_mediation": True,
    }


def test_a_folder_may_hold_nothing_that_can_be_done(folder: Path) -> None:
    assert manifest.read(written(folder)) == []


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_is_missing_is_named(folder: Path, name: str) -> None:
    entry = {key: value for key, value in GOOD.items() if key != name}
    assert refused(written(folder, GOOD, entry))[0] == f"capability.1.{name}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"idempotent": "1"}, "idempotent"),
        ({"idempotent": '"yes"'}, "idempotent"),
        ({"timeout_seconds": "true"}, "timeout_seconds"),
        ({"timeout_seconds": "0"}, "timeout_seconds"),
        ({"timeout_seconds": "121"}, "timeout_seconds"),
        ({"arguments": '"object"'}, "arguments"),
        ({"shell": "true"}, "shell"),
        ({"run": '"../take"'}, "run"),
        ({"run": '"/bin/sh"'}, "run"),
        ({"run": '""'}, "run"),
        ({"run": '"."'}, "run"),
        ({"run": '".."'}, "run"),
        ({"run": '"nothing"'}, "run"),
        ({"run": '"a\\u0000b"'}, "run"),
    ],
)
def test_what_cannot_be_is_named(folder: Path, change: dict[str, str], field: str) -> None:
    assert refused(written(folder, GOOD | change))[0] == f"capability.0.{field}"


def test_a_name_stands_once(folder: Path) -> None:
    assert refused(written(folder, GOOD, GOOD)) == (
        "capability.1.name",
        "capabilities.toml: capability.1.name: camera.take is there twice",
    )


def test_what_others_may_exchange_is_not_started(folder: Path) -> None:
    written(folder, GOOD)
    (folder / "take").chmod(0o775)
    assert "others may change" in refused(folder)[1]
    (folder / "take").chmod(0o755)
    folder.chmod(0o777)
    assert "others may change" in refused(folder)[1]


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_what_is_not_executable_is_told(folder: Path, mode: int) -> None:
    (folder / "take").chmod(mode)
    if (folder / "take").stat().st_mode & 0o111:
        pytest.fail("it is executable")
    assert "not an executable file" in refused(written(folder, GOOD))[1]


def test_a_link_is_not_started(folder: Path) -> None:
    (folder / "link").symlink_to("/bin/sh")
    assert "not an executable file" in refused(written(folder, GOOD | {"run": '"link"'}))[1]


@pytest.mark.parametrize(
    "text", ["[[capability]", "capability = 1", "tools = []", "capability=[1]"]
)
def test_what_is_no_manifest_is_told(folder: Path, text: str) -> None:
    (folder / manifest.NAME).write_text(text)
    with pytest.raises(Problem) as found:
        manifest.read(folder)
    assert found.value.code == Exit.USAGE


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"capabilities\.toml cannot be read"):
        manifest.read(tmp_path)


def test_the_fields_that_are_known_are_told(folder: Path) -> None:
    entry: dict[str, Any] = GOOD | {"shell": "true"}
    with pytest.raises(Problem) as found:
        manifest.read(written(folder, entry))
    assert "timeout_seconds" in found.value.fix
