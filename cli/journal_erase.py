"""Erasing what is known of a job or task, and what was erased."""

from typing import Any

from cli.columns import Column
from cli.output import Instant, Value

COLUMNS = (
    *(Column("SUBJECT", is_whole=True), Column("ERASED", is_whole=True)),
    *(Column("DONE", is_whole=True), Column("BY"), Column("REASON")),
)


def row(erasure: dict[str, Any]) -> list[Value]:
    """Return a line of the list."""
    when = [Instant(erasure["erased_at"]), Instant(erasure["done_at"])]
    return [erasure["subject"], *when, erasure["by"], erasure["reason"]]
