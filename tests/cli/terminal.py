"""The command as operators run it, against the real API."""

from dataclasses import dataclass
from io import StringIO
from typing import Any

from click.testing import CliRunner
from rich.console import Console

from cli.main import palyra
from cli.output import Screen
from cli.session import Session
from tests.functions.http.api import Api


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """One operator's shell; `api` is what the commands talk to."""

    api: Api
    url: str

    def run(self, *words: str, columns: int = 0, encoding: str = "utf-8", sent: str = "") -> Ended:
        """Run `palyra` with these words, on a terminal of so many columns, or in a pipe for 0."""
        out, err = StringIO(), StringIO()
        screen = Screen(
            out=_console(out, columns, encoding),
            err=_console(err, columns, encoding),
            present=self.api.world.clock.now(),
        )
        session = Session(environment=self.environment, screen=screen)
        ended = CliRunner().invoke(palyra, words, obj=session, input=sent, prog_name="palyra")
        assert ended.exception is None or isinstance(ended.exception, SystemExit)
        return Ended(ended.exit_code, out.getvalue() + ended.stdout, err.getvalue() + ended.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to the API."""
        return {"PALYRA_URL": self.url, "PALYRA_TOKEN": self.api.token("main")}


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
