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
from cli.columns import GAP, Column, fit
from cli.problem import Problem

_STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOTHING = "-"
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
    "enabled": ("●", "green"),
    "deleted": ("-", "dim"),
    "pending": ("○", "yellow"),
    "approved": ("✓", "green"),
    "denied": ("✗", "red"),
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "planned": ("○", ""),
    "begun": ("●", "cyan"),
    "done": ("✓", "green"),
    "unchanged": ("-", "dim"),
    "degraded": ("✗", "red"),
    "healthy": ("✓", "green"),
    "blocked": ("✗", "red"),
    "open": ("✗", "red"),
    "remediating": ("●", "cyan"),
    "resolved": ("✓", "green"),
    "skipped": ("-", "dim"),
    "active": ("●", "green"),
    "signing": ("●", "green"),
    "prepared": ("○", "cyan"),
    "retiring": ("-", "dim"),
    "issued": ("●", "cyan"),
    "dispatched": ("●", "cyan"),
    "awaiting_local_mediation": ("○", "yellow"),
    "timed_out": ("✗", "red"),
    "pending_approval": ("○", "yellow"),
    "rejected": ("✗", "red"),
    "suspended": ("✗", "red"),
    "revoked": ("✗", "red"),
    "cleared": ("○", ""),
    "superseded": ("-", "dim"),
    "dead": ("-", "dim"),
    "holds": ("✓", "green"),
    "broken": ("✗", "red"),
}


class Instant(NamedTuple):
    """An RFC 3339 instant; None for none."""

    text: str | None


class State(NamedTuple):
    """The state of a job, task, attempt or run, or of all."""

    name: str


type Value = str | Instant | State | None


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

        Where people's terminal is too narrow, columns that are not whole are shortened, then left
        out.
        """
        names = [column.name for column in columns]
        if not self.is_for_people:
            self._plain([names, *([self._plainly(value) for value in row] for row in rows)])
            return
        cells = [[Text(name, style="bold") for name in names], *(map(self._shown, r) for r in rows)]
        self._aligned(columns, list(map(list, cells)))

    def pairs(self, pairs: Sequence[tuple[str, Value]]) -> None:
        """Print names with their values, one a line; what is nothing is left out for people."""
        if not self.is_for_people:
            self._plain([[name, self._plainly(value)] for name, value in pairs])
            return
        told = [pair for pair in pairs if pair[1] not in {None, "", Instant(None)}]
        width = max((len(name) for name, _ in told), default=0)
        for name, value in told:
            named = Text(f"{name:<{width}}", style="bold")
            self.out.print(named, self._shown(value, exactly=True), sep=GAP, soft_wrap=True)

    def blank(self) -> None:
        """Print an empty line."""
        print(file=self.out.file)

    def line(self, text: str) -> None:
        """Print a line of data."""
        self.out.print(Text(clean(text)), soft_wrap=True)

    def brief(self, text: str) -> None:
        """Print a line of data, no more of it than fits on a person's line."""
        line = Text(clean(text))
        if self.is_for_people:
            line.truncate(self.out.width, overflow="ellipsis")
        self.out.print(line, soft_wrap=True)

    def state(self, name: str, state: State, reason: str = "") -> None:
        """Print the state that something is in, and why."""
        shown = self._shown(state) if self.is_for_people else Text(clean(state.name))
        parts = [Text(clean(name)), shown, *([Text(clean(reason))] if reason else [])]
        self.out.print(Text(GAP).join(parts), soft_wrap=True)

    def text(self, text: str) -> None:
        """Print lines of data."""
        for line in text.split("\n"):
            self.line(line)

    def event(self, document: Any) -> None:
        """Print JSON as one line of a stream."""
        print(json.dumps(document), file=self.out.file, flush=True)

    def note(self, text: str) -> None:
        """Tell people something that is no data."""
        self.err.print(Text(clean(text), style="dim"), soft_wrap=True)

    def ask(self, question: str) -> None:
        """Ask a person, who answers on the same line."""
        self.err.print(Text(clean(question)), end="", soft_wrap=True)

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

    def _aligned(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        widths = [
            0 if column.is_rare and not any(cells[1:]) else max(cell.cell_len for cell in cells)
            for column, cells in zip(columns, zip(*rows, strict=True), strict=True)
        ]
        fitting = fit(columns, widths, self.out.width)
        for row in rows:
            line = Text()
            for cell, width in zip(row, fitting, strict=True):
                if width:
                    cell.truncate(width, overflow="ellipsis", pad=True)
                    line.append(cell).append(GAP)
            line.rstrip()
            self.out.print(line, soft_wrap=True)

    def _plain(self, rows: Sequence[Sequence[str]]) -> None:
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print(GAP.join(cells).rstrip(), file=self.out.file)

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
        return f"{distance}{GAP}{times.exact(text)}" if exactly else distance


def clean(text: str) -> str:
    """Return a text with the characters that steer a terminal written out."""
    return _STEERS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
