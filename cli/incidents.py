"""`palyra incidents`: what is wrong, what was done about it, and what you do."""

from typing import Any

import click

from cli.asking import confirm
from cli.columns import Column
from cli.examples import examples
from cli.identifiers import id_of, path
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Screen, State, Value
from cli.problem import Exit, Problem
from cli.session import Session, asks_api

STATES = ("active", "open", "remediating", "resolved")
DOMAINS = (
    *("watchdog", "scheduler", "queue", "approval"),
    *("node", "memory", "skill", "journal"),
)
SEVERITIES = ("low", "medium", "high", "critical")
_COLUMNS = (
    *(Column("ID", is_whole=True), Column("STATE", is_whole=True)),
    *(Column("SEVERITY", is_whole=True), Column("KIND", is_whole=True)),
    *(Column("SEEN", is_whole=True), Column("COUNT"), Column("SUMMARY")),
)
_HISTORY = (
    *(Column("AT", is_whole=True), Column("CHANGE", is_whole=True), Column("SEVERITY")),
    *(Column("SEEN"), Column("BY", is_rare=True), Column("REASON")),
)
_ATTEMPTS = (
    *(Column("AT", is_whole=True), Column("REMEDY", is_whole=True)),
    *(Column("STATUS", is_whole=True), Column("BY"), Column("DETAIL")),
)
_id = id_of("incident", "summary")
_if_version = click.option(
    "--if-version",
    "version",
    type=click.IntRange(min=1),
    help="Only if the incident has this version still.",
)


@click.group()
def incidents() -> None:
    """See what is wrong, say that you know of it, resolve it, and run remedies."""


@incidents.command(
    "list",
    epilog=examples("palyra incidents list --state active", "palyra incidents list --all"),
)
@click.option(
    "--state",
    type=click.Choice(STATES),
    help="Only incidents of this state; active is all that are not resolved.",
)
@click.option("--domain", type=click.Choice(DOMAINS), help="Only incidents of this domain.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only incidents as bad as this.")
@click.option("--kind", metavar="KIND", help="Only incidents of this kind, as dead-work.")
@asks_how_many
@asks_api
def list_incidents(session: Session, *, most: int | None, **filters: str | None) -> None:
    """List incidents of yours and of the stage itself, the latest first."""
    page = session.api.listed("/v1/incidents", most, **filters)
    show_page(session, page, _COLUMNS, _row, "no incidents")


@incidents.command(epilog=examples("palyra incidents show ID"))
@_id
@asks_api
def show(session: Session, incident_id: str) -> None:
    """Show an incident, what it means, its history and what was done about it."""
    told = session.api.get(_path(incident_id))
    if session.as_json:
        session.screen.document(told)
    else:
        _show(session.screen, told)


@incidents.command(epilog=examples("palyra incidents ack ID"))
@_id
@_if_version
@asks_api
def ack(session: Session, incident_id: str, *, version: int | None) -> None:
    """Say that you know of an incident."""
    _tell(session, session.api.post(f"{_path(incident_id)}/acknowledge", version=version))


@incidents.command(epilog=examples('palyra incidents resolve ID --reason "the disk is mended"'))
@_id
@click.option("--reason", help="Why; shown with the incident and kept in the journal.")
@_if_version
@asks_api
def resolve(session: Session, incident_id: str, *, reason: str | None, version: int | None) -> None:
    """Say that a fault is gone; where it is seen again, its incident is opened again."""
    body = None if reason is None else {"reason": reason}
    _tell(session, session.api.post(f"{_path(incident_id)}/resolve", body, version=version))


@incidents.command(
    epilog=examples(
        "palyra incidents remediate ID --dry-run", "palyra incidents remediate ID --yes"
    )
)
@_id
@click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@asks_api
def remediate(session: Session, incident_id: str, *, dry_run: bool, yes: bool) -> None:
    """Show what a remedy would do, ask, and run it; for admins."""
    plan = session.api.get(f"{_path(incident_id)}/remediation")
    if dry_run and session.as_json:
        session.screen.document(plan)
        return
    if not session.as_json:
        session.screen.pairs(_plan(plan))
    if dry_run:
        return
    if plan["refusal"]:
        raise Problem.of(Exit.CONFLICT, plan["refusal"], "see `palyra incidents show ID`")
    if not yes:
        question = f"Run {plan['remediation']['id']}?"
        asks = "a remedy is run after a question"
        confirm(session, lambda: question, asks=asks, otherwise="done")
    told = session.api.post(f"{_path(incident_id)}/remediate", version=plan["version"])
    if session.as_json:
        session.screen.document(told)
    else:
        attempt = told["attempt"]
        session.screen.state(attempt["remediation"], State(attempt["status"]), attempt["detail"])
    if told["attempt"]["status"] != "succeeded":
        click.get_current_context().exit(Exit.FAILED)


def _path(incident_id: str) -> str:
    return path("incident", incident_id)


def _row(incident: dict[str, Any]) -> list[Value]:
    return [
        incident["id"],
        State(incident["state"]),
        incident["severity"],
        incident["kind"],
        Instant(incident["last_seen"]),
        str(incident["count"]),
        incident["summary"],
    ]


def _show(screen: Screen, told: dict[str, Any]) -> None:
    screen.pairs(_pairs(told))
    if told["history"]:
        screen.blank()
        screen.table(_HISTORY, [_entry(each) for each in told["history"]])
    if told["attempts"]:
        screen.blank()
        screen.table(_ATTEMPTS, [_attempt(each) for each in told["attempts"]])


def _pairs(told: dict[str, Any]) -> list[tuple[str, Value]]:
    known = told["acknowledged_by"]
    remedy = told["remediation"]
    return [
        ("id", told["id"]),
        ("state", State(told["state"])),
        ("severity", told["severity"] + (", escalated" if told["escalated"] else "")),
        ("kind", told["kind"]),
        ("domain", told["domain"]),
        ("owner", told["owner"]),
        ("summary", told["summary"]),
        ("detail", told["detail"]),
        ("subject", told["subject"]),
        *((f"  {name}", value) for name, value in told["evidence"].items()),
        ("first seen", Instant(told["first_seen"])),
        ("last seen", Instant(told["last_seen"])),
        ("resolved", Instant(told["resolved_at"])),
        ("count", str(told["count"])),
        ("came back", str(told["reopened"]) if told["reopened"] else None),
        ("known to", known),
        ("version", str(told["version"])),
        ("it means", told["meaning"]),
        ("the system", told["system"]),
        ("you", told["operator"]),
        ("remedy", _remedy(remedy) if remedy else None),
    ]


def _plan(plan: dict[str, Any]) -> list[tuple[str, Value]]:
    remedy = plan["remediation"]
    return [
        ("incident", plan["incident_id"]),
        ("version", str(plan["version"])),
        ("remedy", _remedy(remedy) if remedy else None),
        ("risk", remedy["risk_level"] if remedy else None),
        ("reaches", remedy["blast_radius"] if remedy else None),
        ("cause", plan["cause"]),
        ("mode", plan["mode"]),
        ("refused", plan["refusal"]),
    ]


def _remedy(remedy: dict[str, Any]) -> str:
    return f"{remedy['id']}: {remedy['label']}"


def _entry(entry: dict[str, Any]) -> list[Value]:
    return [
        Instant(entry["at"]),
        entry["change"],
        entry["severity"],
        str(entry["count"]),
        entry["by"],
        entry["reason"],
    ]


def _attempt(attempt: dict[str, Any]) -> list[Value]:
    return [
        Instant(attempt["recorded_at"]),
        attempt["remediation"],
        State(attempt["status"]),
        attempt["by"],
        attempt["detail"],
    ]


def _tell(session: Session, incident: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(incident)
    else:
        session.screen.state(incident["id"], State(incident["state"]), incident["summary"])
