"""`palyra capabilities`: what nodes can do, and what of it they may."""

from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import checked, id_at, path
from cli.output import Instant, Value
from cli.session import Session, asks_api

_EXAMPLE_NODE = "01JDABCDEFGHJKMNPQRSTVWXYZ"
_COLUMNS = (
    *(Column("NAME", is_whole=True), Column("EFFECT", is_whole=True)),
    *(Column("GRANTED", is_whole=True), Column("AGAIN", is_rare=True)),
    *(Column("PERSON", is_rare=True), Column("TERMS", is_rare=True), Column("DESCRIPTION")),
)
_SHORT = 16
node = id_at("/v1/nodes", "id", "label", noun="node", metavar="NODE")


@click.group()
def capabilities() -> None:
    """See what nodes can do, and let them."""


@capabilities.command("list", epilog=examples(f"palyra capabilities list {_EXAMPLE_NODE}"))
@node
@asks_api
def list_capabilities(session: Session, node_id: str) -> None:
    """List what a node says that it can do, and what was granted."""
    _show(session, session.api.get(f"{path('node', node_id)}/capabilities"))


@capabilities.command(epilog=examples(f"palyra capabilities grant {_EXAMPLE_NODE} camera.take"))
@node
@click.argument("name")
@click.option("--terms", metavar="SHA256", help="Only if this is what it declares still.")
@asks_api
def grant(session: Session, node_id: str, name: str, *, terms: str | None) -> None:
    """Let a node do something, as it declares it now."""
    body = {} if terms is None else {"terms_sha256": terms}
    granted = session.api.post(_of(node_id, name, "grant"), body)
    if session.as_json:
        session.screen.document(granted)
    else:
        session.screen.line(f"{granted['name']}  granted")


@capabilities.command(epilog=examples(f"palyra capabilities revoke {_EXAMPLE_NODE} camera.take"))
@node
@click.argument("name")
@asks_api
def revoke(session: Session, node_id: str, name: str) -> None:
    """Let a node do something no longer."""
    left = session.api.post(_of(node_id, name, "revoke"), {})
    if session.as_json:
        session.screen.document(left)
    else:
        session.screen.line(f"{name}  revoked")


def _of(node_id: str, name: str, move: str) -> str:
    checked("capability", name.replace(".", "").replace("_", ""))
    return f"{path('node', node_id)}/capabilities/{name}/{move}"


def _show(session: Session, told: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(told)
    elif told["items"]:
        session.screen.table(_COLUMNS, [_row(each) for each in told["items"]])
    else:
        session.screen.note("the node has not said what it can do: `palyra node run` does")


def _row(told: dict[str, Any]) -> list[Value]:
    return [
        told["name"],
        told["effect"],
        Instant(told["granted_at"]) if told["granted"] else "no",
        "yes" if told["idempotent"] else "no",
        "asked" if told["local_mediation"] else "no",
        told["terms_sha256"][:_SHORT],
        told["description"],
    ]
