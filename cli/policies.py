"""`palyra policies`: what may be done, who says so, and what if."""

from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Value
from cli.payload import File
from cli.session import Session, asks_api

_ROUTES = "/v1/policies"
_VERSIONS = (
    *(Column("VERSION", is_whole=True), Column("CREATED", is_whole=True)),
    *(Column("AUTHOR"), Column("NOTE"), Column("SHA256")),
)
_POLICIES = (
    *(Column("ID", is_whole=True), Column("EFFECT", is_whole=True)),
    *(Column("LINE", is_rare=True), Column("HINT", is_rare=True)),
)
_CHANGES = (
    *(Column("AT", is_whole=True), Column("ACTION", is_whole=True), Column("TASK", is_whole=True)),
    *(Column("TOOL", is_rare=True), Column("BEFORE"), Column("AFTER")),
)
_ACCESS = (Column("ROLE", is_whole=True), Column("ACTION"), Column("BEFORE"), Column("AFTER"))
_SHORT = 16
_version = click.argument("version", type=click.IntRange(min=0))
_if_number = click.option(
    "--if-number",
    "number",
    type=click.IntRange(min=0),
    help="Only if the active one has this number still.",
)


@click.group()
def policies() -> None:
    """See, write, try and activate the policies that say what may be done."""


@policies.command("list", epilog=examples("palyra policies list"))
@asks_how_many
@asks_api
def list_policies(session: Session, *, most: int | None) -> None:
    """List the versions of the policies, newest first."""
    page = session.api.listed(_ROUTES, most)
    show_page(session, page, _VERSIONS, _row, "no versions: the defaults decide alone")


@policies.command(epilog=examples("palyra policies show 3", "palyra policies show"))
@click.argument("version", type=click.IntRange(min=1), required=False)
@asks_api
def show(session: Session, version: int | None) -> None:
    """Show a version with its text; what is active where none is named."""
    shown = session.api.get(f"{_ROUTES}/{'active' if version is None else version}")
    if session.as_json:
        session.screen.document(shown)
        return
    session.screen.pairs(_active(shown) if version is None else _pairs(shown))
    if shown["text"]:
        session.screen.blank()
        session.screen.text(shown["text"].rstrip("\n"))


@policies.command(epilog=examples("palyra policies check policies.cedar"))
@click.argument("text", type=File())
@asks_api
def check(session: Session, text: str) -> None:
    """Say whether policies could be kept; nothing is."""
    found = session.api.post(f"{_ROUTES}/validate", {"text": text})
    if session.as_json:
        session.screen.document(found)
    else:
        _policies(session, found["policies"])


@policies.command(
    epilog=examples(
        'palyra policies create policies.cedar --note "no webhooks at night"',
        "palyra policies create - < policies.cedar",
    )
)
@click.argument("text", type=File())
@click.option("--note", help="What it is for.")
@asks_key
@asks_api
def create(session: Session, text: str, *, note: str | None, key: str | None) -> None:
    """Keep a new version; it decides nothing before it is activated."""
    body = {"text": text} if note is None else {"text": text, "note": note}
    made = session.api.make(_ROUTES, body, key=key)
    if session.as_json:
        session.screen.document(made.document)
    else:
        version = made.document["version"]
        session.screen.line(f"version {version}")
        session.screen.note(f"try it with `palyra policies dry-run --version {version}`")
    if key and not made.is_new:
        session.screen.note("made before: the idempotency key stands for this version")


@policies.command(epilog=examples("palyra policies activate 3", "palyra policies activate 0"))
@_version
@_if_number
@asks_api
def activate(session: Session, version: int, *, number: int | None) -> None:
    """Let a version decide from now on; 0 is that of the defaults alone."""
    _tell(session, session.api.post(f"{_ROUTES}/{version}/activate", version=number))


@policies.command(epilog=examples("palyra policies rollback"))
@_if_number
@asks_api
def rollback(session: Session, *, number: int | None) -> None:
    """Let the version decide again that did before the last activation."""
    _tell(session, session.api.post(f"{_ROUTES}/rollback", version=number))


@policies.command(
    "dry-run",
    epilog=examples(
        "palyra policies dry-run policies.cedar", "palyra policies dry-run --version 0"
    ),
)
@click.argument("text", type=File(), required=False)
@click.option("--version", type=click.IntRange(min=0), help="A version that was kept.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=200,
    show_default=True,
    help="How many of the latest dispatches are looked at.",
)
@asks_api
def dry_run(session: Session, text: str | None, *, version: int | None, limit: int) -> None:
    """Say which decisions of the last 30 days a draft would change."""
    if (text is None) == (version is None):
        raise click.UsageError("name a draft, as policies.cedar, or a --version")
    draft: dict[str, Any] = {"version": version} if text is None else {"text": text}
    told = session.api.post(f"{_ROUTES}/dry-run", {**draft, "limit": limit})
    if session.as_json:
        session.screen.document(told)
        return
    session.screen.line(f"{told['differing']} of {told['looked_at']} decisions would differ")
    if told["changed"]:
        session.screen.table(_CHANGES, [_change(each) for each in told["changed"]])
    if told["access"]:
        session.screen.blank()
        session.screen.table(_ACCESS, [_access(each) for each in told["access"]])


@policies.command(
    epilog=examples(
        "palyra policies explain dispatch --job ID",
        "palyra policies explain invoke --job ID --tool system.health",
        "palyra policies explain delete_job --role operator",
    )
)
@click.argument("action")
@click.option("--job", "job_id", metavar="ID", help="The job that it is about.")
@click.option("--tool", help="Of invoke: the tool that is called.")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), help="Who asks.")
@click.option("--version", type=click.IntRange(min=0), help="By this version; the active one.")
@asks_api
def explain(session: Session, action: str, **asked: Any) -> None:
    """Say how a request would be decided, by which policies, and what is missing."""
    given = {name: value for name, value in asked.items() if value is not None}
    told = session.api.post(f"{_ROUTES}/explain", {"action": action, **given})
    if session.as_json:
        session.screen.document(told)
        return
    session.screen.pairs(
        [
            ("decision", "allowed" if told["allowed"] else "refused"),
            ("reason", told["reason"]),
            ("because", told["told"]),
            ("missing", " or ".join(told["missing"])),
            ("version", str(told["version"])),
            ("policy set", told["policy_set"]),
        ]
    )
    if told["policies"]:
        session.screen.blank()
        _policies(session, told["policies"])


def _policies(session: Session, found: list[dict[str, Any]]) -> None:
    rows = [
        [each["id"], each["effect"], str(each["line"]) if "line" in each else None, each["hint"]]
        for each in found
    ]
    session.screen.table(_POLICIES, rows)


def _row(version: dict[str, Any]) -> list[Value]:
    created = Instant(version["created_at"])
    short = version["sha256"][:_SHORT]
    return [str(version["version"]), created, version["author"], version["note"], short]


def _pairs(version: dict[str, Any]) -> list[tuple[str, Value]]:
    return [
        ("version", str(version["version"])),
        ("note", version["note"]),
        ("created", Instant(version["created_at"])),
        ("author", version["author"]),
        ("sha256", version["sha256"]),
    ]


def _active(active: dict[str, Any]) -> list[tuple[str, Value]]:
    previous = active["previous"]
    return [
        ("version", str(active["version"])),
        ("number", str(active["number"])),
        ("previous", None if previous is None else str(previous)),
        ("activated", Instant(active["activated_at"])),
        ("by", active["activated_by"]),
        ("policy set", active["policy_set"]),
    ]


def _change(change: dict[str, Any]) -> list[Value]:
    return [
        Instant(change["at"]),
        change["action"],
        change["task_id"],
        change["tool"],
        change["before"]["reason"],
        change["after"]["reason"],
    ]


def _access(change: dict[str, Any]) -> list[Value]:
    before, after = change["before"]["reason"], change["after"]["reason"]
    return [change["role"], change["action"], before, after]


def _tell(session: Session, active: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(active)
    else:
        session.screen.line(f"version {active['version']}  active")
