"""`palyra approvals`: what somebody must agree to before it is done."""

from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import id_of, path
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Screen, State, Value
from cli.session import Session, asks_api

STATES = ("pending", "approved", "denied", "expired")
SCOPES = ("once", "run", "routine")
_COLUMNS = (
    *(Column("ID", is_whole=True), Column("STATE", is_whole=True), Column("RISK", is_whole=True)),
    *(Column("EXPIRES", is_whole=True), Column("ACTION"), Column("TASK"), Column("BY")),
)
_approval_id = id_of("approval", "title")
_because = click.option("--reason", help="Why; the journal keeps it sealed.")


@click.group()
def approvals() -> None:
    """See and decide what work waits for."""


@approvals.command(
    "list",
    epilog=examples("palyra approvals list", "palyra approvals list --state pending --all"),
)
@click.option("--state", type=click.Choice(STATES), help="Only approvals in this state.")
@asks_how_many
@asks_api
def list_approvals(session: Session, *, state: str | None, most: int | None) -> None:
    """List approvals, those to be decided first."""
    page = session.api.listed("/v1/approvals", most, state=state)
    show_page(session, page, _COLUMNS, _row, "no approvals")


@approvals.command(epilog=examples("palyra approvals show ID"))
@_approval_id
@asks_api
def show(session: Session, approval_id: str) -> None:
    """Show what would be done, who wants it, and what became of it."""
    approval = session.api.get(path("approval", approval_id))
    if session.as_json:
        session.screen.document(approval)
    else:
        _show(session.screen, approval)


@approvals.command(
    epilog=examples(
        "palyra approvals approve ID",
        'palyra approvals approve ID --scope run --reason "the team waits for it"',
    )
)
@_approval_id
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    help="What it is good for: this call, the rest of the run, or the routine.",
)
@_because
@asks_api
def approve(session: Session, approval_id: str, **said: str | None) -> None:
    """Let it be done; what waits goes on."""
    _decide(session, approval_id, {"decision": "approve"} | _given(said))


@approvals.command(epilog=examples('palyra approvals deny ID --reason "not at night"'))
@_approval_id
@_because
@asks_api
def deny(session: Session, approval_id: str, **said: str | None) -> None:
    """Let it not be done; what waits ends."""
    _decide(session, approval_id, {"decision": "deny"} | _given(said))


def _decide(session: Session, approval_id: str, said: dict[str, str]) -> None:
    decided = session.api.post(f"{path('approval', approval_id)}/decision", said)
    if session.as_json:
        session.screen.document(decided)
    else:
        more = f"for the {decided['scope']}" if decided["scope"] in {"run", "routine"} else ""
        session.screen.state(decided["id"], State(decided["state"]), more)


def _given(said: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in said.items() if value is not None}


def _row(approval: dict[str, Any]) -> list[Value]:
    return [
        approval["id"],
        State(approval["state"]),
        approval["risk"],
        Instant(approval["expires_at"]),
        approval["action"],
        approval["subject"],
        approval["decided_by"],
    ]


def _show(screen: Screen, approval: dict[str, Any]) -> None:
    screen.pairs(
        [
            ("id", approval["id"]),
            ("state", State(approval["state"])),
            ("code", approval["code"]),
            ("what", approval["title"]),
            ("risk", approval["risk"]),
            ("task", approval["subject"]),
            ("job", approval["job_id"]),
            ("run", approval["run_id"]),
            ("asked by", ", ".join(approval["asked_by"])),
            ("policies", ", ".join(approval["policies"])),
            ("arguments", approval["arguments_sha256"]),
            ("asked", Instant(approval["asked_at"])),
            ("expires", Instant(approval["expires_at"])),
            ("decided", Instant(approval["decided_at"])),
            ("by", approval["decided_by"]),
            ("scope", approval["scope"] or " or ".join(approval["scopes"])),
            ("reason", approval["reason"]),
        ]
    )
    if approval["text"]:
        screen.blank()
        screen.text(approval["text"])
