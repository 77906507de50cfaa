"""What commands print: tables for people, plain columns for pipes, JSON for programs.

Data goes to stdout, everything else to stderr. What the API tells may hold anything, so characters
that steer a terminal are shown, not sent.
"""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from cli import times
from cli.problem import Problem

_STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOTHING = "-"
_GAP = "  "
_STATES = {
    "queued": ("○", ""),
    "running": ("●", "cyan"),
    "paused": ("=", "yellow"),
    "cancel_requested": ("●", "yellow"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "lost": ("✗", "red"),
    "unknown": ("?", "red"),
    "cancelled": ("-", "dim"),
    "expired": ("-", "dim"),
    "closed": ("-", "dim"),
}


class Instant(NamedTuple):
    """An RFC 3339 instant; None for none."""

    text: str | None


class State(NamedTuple):
    """The state of a task or an attempt."""

    name: str


type Value = str | Instant | State | None


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        is_whole: never shortened, because people copy it.
    """

    name: str
    is_whole: bool = False


def _console(*, stderr: bool = False) -> Console:
    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, markup=False)


@dataclass(kw_only=True, eq=False, repr=False)
class Screen:
    """Where a command prints, and how."""

    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=lambda: _console(stderr=True))
    present: datetime = field(default_factory=times.now)

    @property
    def is_for_people(self) -> bool:
        """Return whether a person looks at stdout."""
        return self.out.is_terminal

    def document(self, document: Any) -> None:
        """Print JSON."""
        print(json.dumps(document, indent=2), file=self.out.file)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> None:
        """Print rows under the names of their columns.

        Where people's terminal is too narrow, the last columns that are not whole are shortened,
        then left out.
        """
        names = [column.name for column in columns]
        if not self.is_for_people:
            self._plain([names, *([self._plainly(value) for value in row] for row in rows)])
            return
        cells = [[Text(name, style="bold") for name in names], *(map(self._shown, r) for r in rows)]
        self._aligned(list(map(list, cells)), [column.is_whole for column in columns])

    def pairs(self, pairs: Sequence[tuple[str, Value]]) -> None:
        """Print names with their values, one a line; what is nothing is left out for people."""
        if not self.is_for_people:
            self._plain([[name, self._plainly(value)] for name, value in pairs])
            return
        width = max(len(name) for name, _ in pairs)
        for name, value in pairs:
            if value not in {None, "", Instant(None)}:
                shown = self._shown(value, exactly=True)
                named = Text(f"{name:<{width}}", style="bold")
                self.out.print(named, shown, sep=_GAP, soft_wrap=True)

    def blank(self) -> None:
        """Print an empty line."""
        print(file=self.out.file)

    def line(self, text: str) -> None:
        """Print a line of data."""
        self.out.print(Text(clean(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Tell people something that is no data."""
        self.err.print(Text(clean(text), style="dim"), soft_wrap=True)

    def problem(self, problem: Problem, *, as_json: bool) -> None:
        """Tell why it was not done."""
        if as_json:
            print(json.dumps(problem.document, indent=2), file=self.err.file)
            return
        self.err.print(Text.assemble(("Error: ", "bold red"), clean(problem.what)), soft_wrap=True)
        for fault in problem.faults:
            is_told = problem.what.endswith(fault.detail)
            detail = "" if is_told else f": {fault.detail}"
            self._hint("field", f"{fault.field}{detail}")
            self._hint("  fix", fault.fix)
        if problem.fix not in {fault.fix for fault in problem.faults}:
            self._hint("fix", problem.fix)

    def _hint(self, name: str, text: str) -> None:
        if text:
            styled = Text.assemble("  ", (f"{name:>5}", "bold"), "  ", clean(text))
            self.err.print(styled, soft_wrap=True)

    def _aligned(self, rows: Sequence[Sequence[Text]], is_whole: Sequence[bool]) -> None:
        widths = [max(cell.cell_len for cell in cells) for cells in zip(*rows, strict=True)]
        fitting = _fit(widths, is_whole, [row.cell_len for row in rows[0]], self.out.width)
        for row in rows:
            line = Text()
            for cell, width in zip(row, fitting, strict=True):
                if width:
                    cell.truncate(width, overflow="ellipsis", pad=True)
                    line.append(cell).append(_GAP)
            line.rstrip()
            self.out.print(line, soft_wrap=True)

    def _plain(self, rows: Sequence[Sequence[str]]) -> None:
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print(_GAP.join(cells).rstrip(), file=self.out.file)

    def _plainly(self, value: Value) -> str:
        if isinstance(value, Instant | State):
            (value,) = value
        return clean(value or _NOTHING)

    def _shown(self, value: Value, *, exactly: bool = False) -> Text:
        if isinstance(value, State):
            icon, style = _STATES.get(value.name, ("?", ""))
            has_icons = self.out.encoding.startswith("utf")
            name = clean(value.name)
            return Text(f"{icon} {name}" if has_icons else name, style=style)
        if isinstance(value, Instant):
            return Text(self._instant(value.text, exactly=exactly))
        return Text(clean(value or ""))

    def _instant(self, text: str | None, *, exactly: bool) -> str:
        if text is None:
            return ""
        distance = times.relative(text, self.present)
        return f"{distance}{_GAP}{times.exact(text)}" if exactly else distance


def clean(text: str) -> str:
    """Return a text with the characters that steer a terminal written out."""
    return _STEERS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _fit(
    widths: Sequence[int], is_whole: Sequence[bool], least: Sequence[int], most: int
) -> list[int]:
    """Return the columns' widths within a line of `most`; 0 for one that is left out."""
    fitting = list(widths)
    for index in reversed(range(len(fitting))):
        excess = sum(width + len(_GAP) for width in fitting if width) - len(_GAP) - most
        if excess > 0 and not is_whole[index]:
            left = fitting[index] - excess
            fitting[index] = left if left >= least[index] else 0
    return fitting
