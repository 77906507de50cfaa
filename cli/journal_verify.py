"""Waiting for a verification of the journal, and what it found."""

from typing import Any

from cli.columns import Column
from cli.completed import completed
from cli.output import Instant, Screen, State, Value
from cli.session import Session

_TROUBLES = (
    *(Column("STREAM", is_whole=True), Column("SEQ", is_whole=True)),
    *(Column("PROVEN", is_whole=True), Column("WHAT")),
)


def waited_for(session: Session, task_id: str, timeout: float | None) -> dict[str, Any]:
    """Return a verification once it is complete.

    Raises:
        Problem: its task ended otherwise, the time is over, or nobody answers.
    """
    return completed(
        session,
        f"/v1/journal/verify/{task_id}",
        timeout,
        what="verification",
        fix=f"`palyra tasks retry {task_id}` begins it again",
    )


def tell(screen: Screen, found: dict[str, Any]) -> None:
    """Print what a verification found."""
    screen.pairs(_pairs(found))
    if found["troubles"]:
        screen.blank()
        screen.table(_TROUBLES, [_trouble(each) for each in found["troubles"]])


def _pairs(found: dict[str, Any]) -> list[tuple[str, Value]]:
    unsealed = found["unsealed"]
    return [
        ("journal", State("holds" if found["holds"] else "broken")),
        ("events", str(found["events"])),
        ("archived", str(found["archived_events"]) if found["archived_events"] else None),
        ("seals", str(found["seals"])),
        ("sealed", Instant(found["sealed_at"])),
        ("unsealed", None if unsealed is None else str(unsealed)),
        ("payloads", str(found["payloads"])),
        ("runs", str(found["runs"])),
        ("expired runs", str(found["expired_runs"]) if found["expired_runs"] else None),
        ("erased runs", str(found["erased_runs"]) if found["erased_runs"] else None),
        ("personal", str(found["personal"]) if found["personal"] else None),
        ("erased", str(found["erased"]) if found["erased"] else None),
        ("troubles", str(found["trouble_count"]) if found["trouble_count"] else None),
    ]


def _trouble(trouble: dict[str, Any]) -> list[Value]:
    return [trouble["stream"], str(trouble["seq"]), str(trouble["proven"]), trouble["what"]]
