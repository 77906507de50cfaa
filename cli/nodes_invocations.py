"""`palyra invocations`: what nodes are asked to do, and what came of it."""

import json
from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import checked, path
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.nodes_capabilities import node
from cli.output import Instant, State, Value
from cli.pace import Pace
from cli.payload import Payload
from cli.problem import Exit
from cli.session import Session, asks_api
from cli.watch import asks_timeout

_NODE = "01JDABCDEFGHJKMNPQRSTVWXYZ"
_REQUEST = "01M81J18G00000000000000000"
_OPEN = frozenset({"queued", "dispatched", "awaiting_local_mediation"})
_COLUMNS = (
    *(Column("ID", is_whole=True), Column("STATE", is_whole=True), Column("CAPABILITY")),
    *(Column("ASKED", is_whole=True), Column("BY", is_rare=True), Column("REASON", is_rare=True)),
)
_request = click.argument("request_id", metavar="ID")


@click.group()
def invocations() -> None:
    """Ask nodes to do what they were granted, and see what came of it."""


@invocations.command(
    epilog=examples(
        f"palyra invocations create {_NODE} \\",
        "    camera.take --arguments '{\"width\": 640}' --watch",
    )
)
@node
@click.argument("capability")
@click.option("--arguments", type=Payload(), default="{}", help="What it is told, as JSON.")
@click.option("--wait", "wait_seconds", type=int, help="Seconds until it has begun.")
@click.option("--answer", "timeout_seconds", type=int, help="Seconds from there to its end.")
@click.option("--watch", is_flag=True, help="Follow it until it ends.")
@asks_timeout
@asks_key
@asks_api
def create(
    session: Session,
    node_id: str,
    capability: str,
    *,
    watch: bool,
    timeout: float | None,
    key: str | None,
    **asked: Any,
) -> None:
    """Ask a node to do something."""
    given = {name: value for name, value in asked.items() if value is not None}
    route = f"{path('node', node_id)}/invoke"
    made = session.api.make(route, {"capability": capability, **given}, key=key).document
    if watch:
        made = _followed(session, node_id, made, timeout)
    _tell(session, made)
    if watch and made["state"] != "succeeded":
        click.get_current_context().exit(Exit.FAILED)


@invocations.command("list", epilog=examples(f"palyra invocations list {_NODE}"))
@node
@asks_how_many
@asks_api
def list_invocations(session: Session, node_id: str, *, most: int | None) -> None:
    """List what a node was asked in the last seven days, newest first."""
    page = session.api.listed(f"{path('node', node_id)}/invocations", most)
    show_page(session, page, _COLUMNS, _row, "nothing was asked of this node")


@invocations.command(epilog=examples(f"palyra invocations show {_NODE} \\", f"    {_REQUEST}"))
@node
@_request
@asks_api
def show(session: Session, node_id: str, request_id: str) -> None:
    """Show a request, and what the node answered."""
    _tell(session, session.api.get(_of(node_id, request_id)))


@invocations.command(epilog=examples(f"palyra invocations cancel {_NODE} \\", f"    {_REQUEST}"))
@node
@_request
@asks_api
def cancel(session: Session, node_id: str, request_id: str) -> None:
    """Take a request back; a node that has taken it may do it all the same."""
    _tell(session, session.api.post(f"{_of(node_id, request_id)}/cancel", {}))


def _of(node_id: str, request_id: str) -> str:
    return f"{path('node', node_id)}/invocations/{checked('request', request_id)}"


def _followed(
    session: Session, node_id: str, made: dict[str, Any], timeout: float | None
) -> dict[str, Any]:
    """Return a request when it has ended; who stops waiting is told that it goes on."""
    try:
        return _to_the_end(session, node_id, made, timeout)
    except KeyboardInterrupt:
        shown = f"`palyra invocations show {node_id} {made['id']}`"
        session.screen.note(f"it goes on: {shown} tells how far it is")
        raise


def _to_the_end(
    session: Session, node_id: str, made: dict[str, Any], timeout: float | None
) -> dict[str, Any]:
    """Return a request when it has ended; people are told how far it is meanwhile."""
    pace, route, etag, seen = Pace(session, timeout), _of(node_id, made["id"]), None, made
    if not session.as_json:
        session.screen.note("the node asks for its work once in 5 to 60 s; Ctrl-C ends the waiting")
    state = ""
    while seen["state"] in _OPEN:
        if not session.as_json and seen["state"] != state:
            state = seen["state"]
            session.screen.state(made["id"], State(state))
        pace.wait()
        answer = pace.changed(route, etag)
        if answer is not None:
            seen, etag = answer.document, answer.etag
    session.look_at_the_clock()
    return seen


def _tell(session: Session, told: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(told)
        return
    uncertain = "nobody knows whether it was done" if told["uncertain"] else None
    session.screen.pairs(
        [
            ("id", told["id"]),
            ("state", State(told["state"])),
            ("reason", told["reason"]),
            ("uncertain", uncertain),
            ("capability", told["capability"]),
            ("arguments", json.dumps(told["arguments"])),
            ("output", None if told["output"] is None else json.dumps(told["output"])),
            ("asked", Instant(told["created_at"])),
            ("by", told["requested_by"]),
            ("changed", Instant(told["changed_at"])),
            ("until", Instant(told["deadline"])),
        ]
    )


def _row(told: dict[str, Any]) -> list[Value]:
    return [
        told["id"],
        State(told["state"]),
        told["capability"],
        Instant(told["created_at"]),
        told["requested_by"],
        told["reason"],
    ]
