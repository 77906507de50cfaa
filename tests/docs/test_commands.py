"""Each `palyra` command that a document shows is one that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import palyra

CHECKOUT = Path(__file__).parents[2]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(palyra [^`]+)`")
# What a shell sees, and the command does not.
SHELL = re.compile(r"\s+(?:#|\||>|2>|&).*$")


def commands(page: Path) -> Iterator[str]:
    """Yield each command that stands behind a prompt."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ palyra "):
                yield SHELL.sub("", line.removeprefix("$ "))


SHOWN = sorted({(page.name, line) for page in PAGES for line in commands(page)})


def taken(line: str) -> click.Context:
    """Read a command's words as it would, without running it."""
    words = shlex.split(line)[1:]
    context, command = click.Context(palyra, info_name="palyra"), palyra
    while isinstance(command, click.Group):
        assert words[0] in command.commands, f"there is no {words[0]}"
        word, *words = words
        found = command.commands[word]
        if not isinstance(found, click.Group) or _is_taken_alone(found, words):
            return found.make_context(word, words, parent=context)
        command = found
    raise AssertionError(line)


def _is_taken_alone(group: click.Group, words: list[str]) -> bool:
    return group.invoke_without_command and (not words or words[0].startswith("-"))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each file be there that a document names."""
    monkeypatch.chdir(tmp_path)
    for _, line in SHOWN:
        for name in re.findall(r"[\w-]+\.(?:txt|cedar|json|ndjson)", line):
            (tmp_path / name).write_text("{}")


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=lambda told: told)
def test_the_command_is_taken(page: str, line: str) -> None:
    try:
        taken(line)
    except click.UsageError as refused:
        pytest.fail(f"{page}: {refused.format_message()}")


def test_there_are_commands_to_look_at() -> None:
    assert len(SHOWN) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_sentence_names_exists(page: Path) -> None:
    for line in INLINE.findall(page.read_text(encoding="utf-8")):
        words, command = line.split()[1:], palyra
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            names = words.pop(0).split("|")
            assert all(name in command.commands for name in names), line
            found = command.commands[names[0]]
            if not isinstance(found, click.Group):
                break
            command = found
