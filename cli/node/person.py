"""The person at the device, who is asked where a capability wants that, and each time anew.

Only a clear yes is one. Where nobody answers in time, nothing is said to the gateway either: it
ends the request by itself.
"""

import json
import os
import select
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cli.node import program
from cli.node.program import Call, End
from cli.output import clean
from cli.problem import Exit, Problem

_AGREED, _REFUSED = 0, 1
_YES = frozenset({"y", "yes"})
_TICK_SECONDS = 0.2
_SHOWN_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked.

    Attributes:
        seconds: for how long the answer counts.
    """

    capability: str
    description: str
    arguments: Mapping[str, Any]
    seconds: float


class Person(Protocol):
    """Whoever is asked."""

    def ask(self, question: Question, stop: threading.Event) -> bool | None:
        """Return whether the person agrees; None where there was no answer."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that asks: the question is JSON on stdin; exit 0 is yes, 1 is no.

    Attributes:
        path: the program.
    """

    path: Path

    def ask(self, question: Question, stop: threading.Event) -> bool | None:
        """Return whether the person agrees; None where there was no answer."""
        said = {
            "capability": question.capability,
            "description": question.description,
            "arguments": dict(question.arguments),
            "seconds": int(question.seconds),
        }
        ended = program.run(
            Call(path=self.path, said=json.dumps(said), seconds=question.seconds), stop
        )
        if ended.end is not End.EXITED or ended.code not in {_AGREED, _REFUSED}:
            return None
        return ended.code == _AGREED


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal that the node was started at.

    Attributes:
        device: the file of the terminal.
    """

    device: Path = Path("/dev/tty")
    clock: Callable[[], float] = time.monotonic

    def ask(self, question: Question, stop: threading.Event) -> bool | None:
        """Return whether the person agrees; None where there was no answer."""
        try:
            handle = os.open(self.device, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return None
        try:
            # What was typed before the question was seen is no answer to it.
            termios.tcflush(handle, termios.TCIFLUSH)
            os.write(handle, _told(question).encode())
            line = self._line(handle, self.clock() + question.seconds, stop)
        except (OSError, termios.error):
            return None
        finally:
            os.close(handle)
        return None if line is None else line.strip().lower() in _YES

    def _line(self, handle: int, until: float, stop: threading.Event) -> str | None:
        while not stop.is_set() and self.clock() < until:
            ready, _, _ = select.select([handle], [], [], _TICK_SECONDS)
            if ready:
                # A terminal hands over whole lines; an empty one is no.
                return os.read(handle, 1024).decode(errors="replace")
        return None


def person(program_path: Path | None) -> Person | None:
    """Return who can be asked at this device, or None where nobody can.

    Args:
        program_path: the program that asks; None for the terminal, where there is one.

    Raises:
        Problem: the program cannot be started.
    """
    if program_path is None:
        return Terminal() if sys.stdin.isatty() else None
    path = program_path.absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        detail = f"--ask: {path} is not an executable file"
        raise Problem.of(Exit.USAGE, detail, "name a program that asks the person here")
    return Program(path)


def _told(question: Question) -> str:
    arguments = clean(json.dumps(dict(question.arguments), ensure_ascii=False))
    shown = arguments[:_SHOWN_CHARACTERS]
    # Nobody agrees to what they were not shown.
    rest = "" if shown == arguments else f" .. and {len(arguments) - len(shown)} characters more"
    return (
        f"\n{clean(question.capability)}: {clean(question.description)}\n  {shown}{rest}\n"
        f"Do this? [y/N, within {int(question.seconds)} s] "
    )
