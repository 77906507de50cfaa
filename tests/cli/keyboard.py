"""What a person types at a terminal, at the time of each question."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

type Typed = str | Callable[[], str]


@dataclass
class Keyboard:
    """Stands in for stdin; each line is typed, or found out, when it is asked for."""

    lines: list[Typed] = field(default_factory=list)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        if not self.lines:
            return ""
        line = self.lines.pop(0)
        return f"{line() if callable(line) else line}\n"


def typing(patch: pytest.MonkeyPatch, *lines: Typed) -> Any:
    """Let a person sit at the terminal who answers questions with these lines."""
    keyboard = Keyboard(list(lines))
    patch.setattr("cli.asking.sys", SimpleNamespace(stdin=keyboard))
    return keyboard
