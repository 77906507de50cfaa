"""`palyra status`: whether all is well, on one screen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.output import Instant, Screen, State, Value
from cli.pace import Pace
from cli.problem import Exit
from cli.session import Session, asks_api
from cli.watch import asks_timeout

_OK = "ok"
_TOLD = ("handed", "missed", "reviews", "failed", "disabled", "gated")
_PATH = "/v1/status"
_EVERY_SECONDS = 5.0
_LANES = tuple(Column(name, is_whole=True) for name in ("LANE", "WAITING", "DELAYED", "IN FLIGHT"))
_EXAMPLES = examples("palyra status", "palyra status --json | jq .reasons", "palyra status --watch")
_EXAMPLES += "\n\nExit codes: 0 all is well, 1 something is degraded."


@click.command(epilog=_EXAMPLES)
@click.option("--watch", is_flag=True, help="Show it again as soon as anything changes.")
@asks_timeout
@asks_api
def status(session: Session, *, watch: bool, timeout: float | None) -> None:
    """Say whether all is well, and what is going on."""
    if timeout is not None and not watch:
        raise click.UsageError("--timeout goes with --watch")
    told = _watch(session, timeout) if watch else session.api.get(_PATH)
    if not watch and session.as_json:
        session.screen.document(told)
    elif not watch:
        _show(session.screen, told)
    if told["status"] != _OK:
        click.get_current_context().exit(Exit.FAILED)


def _watch(session: Session, timeout: float | None) -> dict[str, Any]:
    """Show what changes until the time is over, or somebody interrupts; return the last of it."""
    pace, seen = Pace(session, timeout), dict[str, Any]()
    while True:
        answer = pace.changed(_PATH, None)
        if answer is not None and _lasting(answer.document) != _lasting(seen):
            _show_again(session, answer.document, is_first=not seen)
            seen = answer.document
        left = pace.left
        if seen and left is not None and left <= 0:
            return seen
        session.pause(_EVERY_SECONDS if left is None else min(_EVERY_SECONDS, max(left, 1.0)))


def _lasting(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told but for when it was."""
    return {name: value for name, value in told.items() if name != "time"}


def _show_again(session: Session, told: Mapping[str, Any], *, is_first: bool) -> None:
    if session.as_json:
        session.screen.event(told)
        return
    if not is_first:
        session.screen.blank()
    # How long ago things were is told as of this look, not of the first.
    session.screen.present = datetime.fromisoformat(told["time"])
    _show(session.screen, told)


def _show(screen: Screen, told: Mapping[str, Any]) -> None:
    screen.pairs(_pairs(told))
    screen.blank()
    lanes = told["background"]["lanes"]
    screen.table(_LANES, [_lane(name, lane) for name, lane in lanes.items()])


def _pairs(told: Mapping[str, Any]) -> list[tuple[str, Value]]:
    scheduler = told["scheduler"]
    active = told["self_healing_active_incidents"]
    resolved = told["self_healing_resolved_incidents"]
    return [
        *_closed(told["gate"]),
        ("status", State(told["status"])),
        *(("reason", reason) for reason in told["reasons"]),
        ("stage", told["stage"]),
        ("version", told["version"]),
        ("time", Instant(told["time"])),
        ("last tick", Instant(scheduler["last_tick"])),
        ("it counted", _counts(scheduler["last_counts"])),
        ("last sweep", Instant(told["last_sweep"])),
        ("oldest due slot", Instant(scheduler["oldest_due_slot"])),
        ("next slot", Instant(scheduler["next_slot"])),
        ("active runs", str(told["background"]["active_runs"])),
        ("incidents", f"{active} active, {resolved} resolved"),
        ("heartbeats", str(told["self_healing_heartbeat_count"])),
    ]


def _closed(gate: Mapping[str, Any]) -> list[tuple[str, Value]]:
    """Return what is told of a closed gate, before anything else."""
    if not gate["paused"]:
        return []
    return [
        ("gate", State("paused")),
        ("because", gate["reason"]),
        ("paused since", Instant(gate["since"])),
        ("paused by", gate["by"]),
    ]


def _counts(counted: Mapping[str, int] | None) -> Value:
    """Return what the last tick counted, as far as it is worth telling."""
    told = [f"{number} {name}" for name, number in (counted or {}).items() if name in _TOLD]
    return ", ".join(each for each in told if not each.startswith("0 ")) or None


def _lane(name: str, lane: Mapping[str, Any]) -> list[Value]:
    return [name, *(str(lane[each]) for each in ("waiting", "delayed", "in_flight"))]
