"""The person at the device: only a clear yes is one."""

import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.node.person import Program, Question, Terminal, person
from cli.problem import Problem

QUESTION = Question(
    capability="desktop.open",
    description="Open \x1b[2J a page.",
    arguments={"url": "https://example.com/\u202e"},
    seconds=20.0,
)


@contextmanager
def a_terminal() -> Iterator[tuple[int, Terminal]]:
    ours, theirs = pty.openpty()
    try:
        yield ours, Terminal(Path(os.ttyname(theirs)))
    finally:
        os.close(ours)
        os.close(theirs)


def answered(typed: bytes, question: Question = QUESTION) -> tuple[bool | None, str]:
    """Return what the person says to what they see, and what that is."""
    with a_terminal() as (ours, terminal):
        words: list[bool | None] = []
        asking = threading.Thread(
            target=lambda: words.append(terminal.ask(question, threading.Event()))
        )
        asking.start()
        shown = b""
        while b"[y/N" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, typed)
        asking.join(30)
        return words[0], shown.decode()


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        *((b"y\n", True), (b"Yes \n", True), (b"n\n", False), (b"\n", False)),
        *((b"yy\n", False), (b"\xff\n", False), (b"\x04", False)),
    ],
)
def test_a_word_at_the_terminal(typed: bytes, word: bool) -> None:  # noqa: FBT001  what is expected
    assert answered(typed)[0] is word


def test_what_is_shown_steers_no_terminal() -> None:
    shown = answered(b"n\n")[1]
    assert "desktop.open" in shown
    assert "https://example.com/" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_arguments_that_are_too_long_to_see_say_so() -> None:
    question = replace(QUESTION, arguments={"a": "x" * 5_000})
    assert "characters more" in answered(b"n\n", question)[1]


def test_what_was_typed_before_the_question_is_no_answer() -> None:
    with a_terminal() as (ours, terminal):
        os.write(ours, b"y\n")
        quick = replace(QUESTION, seconds=0.5)
        assert terminal.ask(quick, threading.Event()) is None


def test_a_terminal_that_is_gone_answers_nothing(tmp_path: Path) -> None:
    assert Terminal(tmp_path / "tty").ask(QUESTION, threading.Event()) is None


def test_a_question_is_given_up_when_the_node_stops() -> None:
    stop = threading.Event()
    stop.set()
    with a_terminal() as (_, terminal):
        assert terminal.ask(QUESTION, stop) is None


@pytest.mark.parametrize(("code", "word"), [(0, True), (1, False), (2, None), (127, None)])
def test_a_program_answers_by_its_exit_code(tmp_path: Path, code: int, word: object) -> None:
    path = tmp_path / "ask"
    path.write_text(f"#!/bin/sh\ncat > {tmp_path}/asked\nexit {code}\n")
    path.chmod(0o755)
    asks = person(path)
    assert isinstance(asks, Program)
    assert asks.ask(QUESTION, threading.Event()) is word
    assert '"capability": "desktop.open"' in (tmp_path / "asked").read_text()


def test_a_program_that_does_not_answer_in_time_has_not(tmp_path: Path) -> None:
    path = tmp_path / "ask"
    path.write_text("#!/bin/sh\nsleep 60\n")
    path.chmod(0o755)
    quick = replace(QUESTION, seconds=0.3)
    assert Program(path).ask(quick, threading.Event()) is None


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--ask"):
        person(tmp_path / "nothing")


def test_without_a_terminal_nobody_can_be_asked() -> None:
    with Path(os.devnull).open() as nobody, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", nobody)
        assert person(None) is None
