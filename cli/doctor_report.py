"""What the doctor saw, planned and did, as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.columns import Column
from cli.output import Instant, Screen, State, Value

_OK, _UNKNOWN = "ok", "unknown"
_FINDINGS = (
    *(Column("CHECK", is_whole=True), Column("VERDICT", is_whole=True)),
    *(Column("SEVERITY", is_whole=True), Column("SEEN")),
)
_CHANGES = (
    *(Column("CHECK", is_whole=True), Column("OUTCOME", is_whole=True)),
    *(Column("UNDO", is_whole=True), Column("CHANGE"), Column("TOLD", is_rare=True)),
)
_LIST = (
    *(Column("RUN", is_whole=True), Column("MODE", is_whole=True)),
    *(Column("VERDICT", is_whole=True), Column("BEGUN", is_whole=True)),
    *(Column("CHECKS", is_whole=True), Column("BY")),
)
_CHECKS = (
    *(Column("CHECK", is_whole=True), Column("SEVERITY", is_whole=True)),
    *(Column("LOOKS AT"), Column("MENDS", is_rare=True)),
)
LIST_COLUMNS, CHECK_COLUMNS = _LIST, _CHECKS


def tell(screen: Screen, seen: Mapping[str, Any], *, is_all: bool) -> None:
    """Print what was seen: what is not well, each with what it means and the fix."""
    screen.pairs(_pairs(seen))
    findings = [each for each in seen["findings"] if is_all or each["verdict"] != _OK]
    if findings:
        screen.blank()
        screen.table(_FINDINGS, [_finding(each) for each in findings])
    for finding in seen["findings"]:
        if finding["verdict"] not in {_OK, _UNKNOWN}:
            screen.blank()
            _explain(screen, finding)


def tell_changes(screen: Screen, changes: Sequence[Mapping[str, Any]]) -> None:
    """Print what would be changed, or was."""
    screen.blank()
    screen.table(_CHANGES, [_change(each) for each in changes])


def row(seen: Mapping[str, Any]) -> list[Value]:
    """Return a line of the list of examinations."""
    verdict = State(seen["verdict"] or "running")
    begun, checks = Instant(seen["begun_at"]), str(seen["checks"])
    return [seen["task_id"], seen["mode"], verdict, begun, checks, seen["by"]]


def check_row(check: Mapping[str, Any]) -> list[Value]:
    """Return a line of the list of checks."""
    return [check["key"], check["severity"], check["asks"], check["mends"]]


def _pairs(seen: Mapping[str, Any]) -> list[tuple[str, Value]]:
    counts = seen["counts"]
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    return [
        ("verdict", State(seen["verdict"] or "running")),
        ("checks", told or "none"),
        ("run", seen["task_id"]),
        ("goes by", seen["run"]),
        ("by", seen["by"]),
        ("begun", Instant(seen["begun_at"])),
        ("ledger since", Instant(seen["since"])),
    ]


def _finding(finding: Mapping[str, Any]) -> list[Value]:
    return [finding["key"], State(finding["verdict"]), finding["severity"], finding["seen"]]


def _explain(screen: Screen, finding: Mapping[str, Any]) -> None:
    screen.line(finding["key"])
    for line in finding["evidence"]:
        screen.line(f"  saw    {line}")
    screen.line(f"  means  {finding['means']}")
    screen.line(f"  fix    {finding['fix']}")


def _change(change: Mapping[str, Any]) -> list[Value]:
    undo = "yes" if change["can_undo"] else "no"
    return [change["check"], State(change["outcome"]), undo, change["change"], change["told"]]
