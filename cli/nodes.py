"""`palyra nodes`: the paired devices, as operators see them and throw them out."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import click

from cli.asking import confirm
from cli.columns import Column
from cli.examples import examples
from cli.identifiers import id_of, path
from cli.listing import asks_how_many, show_page
from cli.nodes_rotation import await_rotation
from cli.output import Instant, Screen, State, Value
from cli.session import Session, asks_api
from cli.watch import asks_timeout

_COLUMNS = (
    *(Column("ID", is_whole=True), Column("STATE", is_whole=True), Column("KIND", is_whole=True)),
    *(Column("ENDS", is_whole=True), Column("SEEN", is_whole=True), Column("LABEL")),
    Column("REASON", is_rare=True),
)
_CERTIFICATES = (
    *(Column("STATE", is_whole=True), Column("FROM", is_whole=True), Column("GEN")),
    *(Column("ISSUED", is_whole=True), Column("ENDS", is_whole=True)),
    *(Column("REASON", is_rare=True), Column("SERIAL"), Column("FINGERPRINT")),
)
# A node beats every minute at the latest.
_SILENCE = timedelta(minutes=10)
_node = id_of("node", "label")
_because = click.option("--reason", help="Why; shown with the node.")
_sure = click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")


@click.group()
def nodes() -> None:
    """See which devices are nodes, throw them out, and let them in again."""


@nodes.command("list", epilog=examples("palyra nodes list --all"))
@asks_how_many
@asks_api
def list_nodes(session: Session, *, most: int | None) -> None:
    """List nodes, those that were thrown out among them."""
    page = session.api.listed("/v1/nodes", most)
    seen = {} if session.as_json or not page["items"] else _heard(session)
    show_page(session, page, _COLUMNS, partial(_row, seen=seen), "no nodes")


@nodes.command(epilog=examples("palyra nodes show ID"))
@_node
@asks_api
def show(session: Session, node_id: str) -> None:
    """Show a node."""
    told = session.api.get(path("node", node_id))
    if session.as_json:
        session.screen.document(told)
    else:
        _show(session.screen, told, _heard(session).get(told["id"]))


@nodes.command(epilog=examples("palyra nodes certificates ID"))
@_node
@asks_how_many
@asks_api
def certificates(session: Session, node_id: str, *, most: int | None) -> None:
    """List what a node was issued, up to 90 days after the end of each."""
    page = session.api.listed(f"{path('node', node_id)}/certificates", most)
    if not session.as_json:
        page["items"].sort(key=lambda each: -each["generation"])
    show_page(session, page, _CERTIFICATES, _certificate, "it was issued none")


@nodes.command(
    epilog=examples('palyra nodes revoke ID --reason "lost in the train"', "palyra nodes revoke ID")
)
@_node
@_because
@_sure
@asks_api
def revoke(session: Session, node_id: str, *, reason: str | None, is_sure: bool) -> None:
    """Throw a node out at once, with all its certificates and keys."""
    where = path("node", node_id)
    if not is_sure:
        question = partial(_question, session, where)
        confirm(session, question, asks="throwing out asks first", otherwise="revoked")
    _tell(session, session.api.post(f"{where}/revoke", _given(reason)))


@nodes.command(epilog=examples('palyra nodes clear ID --reason "it was in the bag"'))
@_node
@_because
@asks_api
def clear(session: Session, node_id: str, *, reason: str | None) -> None:
    """Let a node that was thrown out be paired again; its old keys stay denied."""
    _tell(session, session.api.post(f"{path('node', node_id)}/clear", _given(reason)))


@nodes.command(epilog=examples("palyra nodes rotate ID", "palyra nodes rotate ID --watch"))
@_node
@click.option("--watch", "is_watched", is_flag=True, help="Wait until it has a new certificate.")
@asks_timeout
@asks_api
def rotate(session: Session, node_id: str, *, is_watched: bool, timeout: float | None) -> None:
    """Let a node change its key and certificate now, not at half of its certificate's life."""
    where = path("node", node_id)
    asked = session.api.post(f"{where}/rotate", {})
    _tell(session, await_rotation(session, where, asked, timeout) if is_watched else asked)


def _heard(session: Session) -> dict[str, str]:
    """Return when each node was heard of last, by their ids."""
    page = session.api.listed("/v1/heartbeats", None, kind="channel_worker")
    return {each["object_id"]: each["updated_at"] for each in page["items"]}


def _question(session: Session, where: str) -> str:
    node = session.api.get(where)
    return f"Throw out {node['label'] or node['id']} ({node['kind']}, {node['state']})?"


def _given(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": reason}


def _row(node: dict[str, Any], *, seen: dict[str, str]) -> list[Value]:
    return [
        node["id"],
        State(node["state"]),
        node["kind"],
        Instant(node["expires_at"]),
        Instant(seen.get(node["id"])),
        node["label"],
        node["reason"],
    ]


def _certificate(certificate: dict[str, Any]) -> list[Value]:
    return [
        State(certificate["state"]),
        certificate["origin"],
        str(certificate["generation"]),
        Instant(certificate["issued_at"]),
        Instant(certificate["not_after"]),
        certificate["reason"],
        certificate["serial"],
        certificate["fingerprint"],
    ]


def _heard_label(screen: Screen, heard: str | None) -> str:
    is_silent = heard and screen.present - datetime.fromisoformat(heard) > _SILENCE
    return "offline since" if is_silent else "heard of"


def _show(screen: Screen, node: dict[str, Any], heard: str | None) -> None:
    screen.pairs(
        [
            ("id", node["id"]),
            ("state", State(node["state"])),
            ("kind", node["kind"]),
            ("label", node["label"]),
            ("reason", node["reason"]),
            (_heard_label(screen, heard), Instant(heard)),
            ("paired", Instant(node["paired_at"])),
            ("certificate", node["fingerprint"]),
            ("ends", Instant(node["expires_at"])),
            ("generation", str(node["generation"])),
            ("offered", node["offered"]),
            ("asked to rotate", Instant(node["rotation_asked_at"])),
            ("changed", Instant(node["changed_at"])),
            ("by", node["changed_by"]),
            ("version", str(node["version"])),
        ]
    )


def _tell(session: Session, node: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(node)
    else:
        session.screen.state(node["id"], State(node["state"]), _why(node))


def _why(node: dict[str, Any]) -> str:
    if node["rotation_asked_at"]:
        return "asked to rotate; it does with its next heartbeat"
    return str(node["reason"] or node["label"] or "")
