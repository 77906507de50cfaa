"""`palyra status`: whether all is well, on one screen."""

from collections.abc import Mapping
from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.output import Instant, Screen, State, Value
from cli.problem import Exit
from cli.session import Session, asks_api

_OK = "ok"
_TOLD = ("handed", "missed", "reviews", "failed", "disabled", "gated")
_LANES = tuple(Column(name, is_whole=True) for name in ("LANE", "WAITING", "DELAYED", "IN FLIGHT"))
_EXAMPLES = examples("palyra status", "palyra status --json | jq .reasons")
_EXAMPLES += "\n\nExit codes: 0 all is well, 1 something is degraded."


@click.command(epilog=_EXAMPLES)
@asks_api
def status(session: Session) -> None:
    """Say whether all is well, and what is going on."""
    told = session.api.get("/v1/status")
    if session.as_json:
        session.screen.document(told)
    else:
        _show(session.screen, told)
    if told["status"] != _OK:
        click.get_current_context().exit(Exit.FAILED)


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
