"""What the command says about itself, in help and in its document."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.main import palyra
from cli.problem import Exit

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def _commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield each command that does something, as its words."""
    if not isinstance(command, click.Group):
        yield words
        return
    for name, inner in command.commands.items():
        yield from _commands(inner, (*words, name))


COMMANDS = list(_commands(palyra))


def helped(words: tuple[str, ...]) -> str:
    return CliRunner().invoke(palyra, [*words, "--help"], prog_name="palyra").output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_gives_an_example_of_the_command(words: tuple[str, ...]) -> None:
    _, _, examples = helped(words).partition("Example")

    assert f"palyra {' '.join(words)}" in examples or words == ("completion",)


@pytest.mark.parametrize("words", [c for c in COMMANDS if c != ("completion",)], ids=" ".join)
def test_every_command_that_asks_the_api_takes_json(words: tuple[str, ...]) -> None:
    assert "--json" in helped(words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_a_line(words: tuple[str, ...]) -> None:
    assert max(map(len, helped(words).splitlines())) <= 80


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_document_names_each_command(words: tuple[str, ...]) -> None:
    assert f"palyra {' '.join(words)}" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_document_names_each_option(words: tuple[str, ...]) -> None:
    command: click.Command = palyra
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    options = [p.opts[0] for p in command.params if isinstance(p, click.Option)]

    assert [each for each in options if each not in DOCUMENT.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("code", Exit)
def test_the_document_names_each_exit_code(code: Exit) -> None:
    assert f"| {code:d} |" in DOCUMENT.read_text(encoding="utf-8")
