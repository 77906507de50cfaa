"""Erasing what is known of a job or task, and what was erased."""

import sys
from typing import Any

from cli.columns import Column
from cli.output import Instant, Value
from cli.problem import Exit, Problem
from cli.session import Session

COLUMNS = (
    *(Column("SUBJECT", is_whole=True), Column("ERASED", is_whole=True)),
    *(Column("DONE", is_whole=True), Column("BY"), Column("REASON")),
)


def confirm(session: Session, subject: str) -> None:
    """Ask whether a subject is to be erased.

    Raises:
        Problem: nobody can answer, or the answer is not yes.
    """
    if not sys.stdin.isatty():
        detail = "erasing asks first, and stdin is no terminal"
        raise Problem.of(Exit.USAGE, detail, "say --yes")
    session.screen.ask(f"Erase what is known of {subject}, for ever? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Problem.of(Exit.FAILED, "nothing was erased", "answer y, or say --yes")


def row(erasure: dict[str, Any]) -> list[Value]:
    """Return a line of the list."""
    when = [Instant(erasure["erased_at"]), Instant(erasure["done_at"])]
    return [erasure["subject"], *when, erasure["by"], erasure["reason"]]
