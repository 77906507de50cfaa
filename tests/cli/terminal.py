"""The command as operators run it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from click.testing import CliRunner
from rich.console import Console

from cli.main import palyra
from cli.output import Screen
from cli.session import Session
from tests.cli.stub import Stub
from tests.functions.http.api import Api

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class Shell:
    """One operator's shell, where waiting takes no time.

    Attributes:
        waits: for how many seconds commands waited.
        while_waiting: what happens in each wait.
    """

    url: str
    token: str = "a-token"
    waits: list[float] = field(default_factory=list)
    while_waiting: Callable[[float], None] = lambda _seconds: None

    def run(self, *words: str, columns: int = 0, encoding: str = "utf-8", sent: str = "") -> Ended:
        """Run `palyra` with these words, on a terminal of so many columns, or in a pipe for 0."""
        out, err = StringIO(), StringIO()
        screen = Screen(
            out=_console(out, columns, encoding),
            err=_console(err, columns, encoding),
            present=self.now(),
        )
        session = Session(
            environment=self.environment,
            screen=screen,
            pause=self._pause,
            stopwatch=lambda: sum(self.waits),
        )
        ended = CliRunner().invoke(palyra, words, obj=session, input=sent, prog_name="palyra")
        assert ended.exception is None or isinstance(ended.exception, SystemExit)
        return Ended(ended.exit_code, out.getvalue() + ended.stdout, err.getvalue() + ended.stderr)

    def now(self) -> datetime:
        return NOON

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to the API."""
        return {"PALYRA_URL": self.url, "PALYRA_TOKEN": self.token}

    def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.while_waiting(seconds)


@dataclass(kw_only=True)
class Terminal(Shell):
    """A shell whose commands talk to the real `api`."""

    api: Api

    def now(self) -> datetime:
        return self.api.world.clock.now()


@dataclass(kw_only=True)
class StubTerminal(Shell):
    """A shell whose commands talk to a stub."""

    api: Stub


def _console(file: StringIO, columns: int, encoding: str) -> Console:
    return Console(
        file=Encoded(file, encoding),  # type: ignore[arg-type]  # what is used of a file
        force_terminal=bool(columns),
        width=columns or None,
        color_system=None,
        highlight=False,
        markup=False,
        _environ={},
    )


class Encoded:
    """A file that says in which encoding it is written."""

    def __init__(self, file: StringIO, encoding: str) -> None:
        self.encoding = encoding
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
