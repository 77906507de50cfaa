"""Requests of devices that have proven a code: looking at them, and deciding about one."""

from typing import Any

import click

from cli.asking import answer, confirm, require_person
from cli.columns import Column
from cli.examples import examples
from cli.identifiers import checked, id_at
from cli.listing import show_page
from cli.output import Instant, Screen, State, Value
from cli.problem import Exit, Problem
from cli.session import Session, asks_api

REQUESTS = "/v1/pairing/requests"
PENDING = "pending_approval"
_GROUPS = 8
_NUMBER = "Number that the device shows: "
_COLUMNS = (
    *(Column("REQUEST", is_whole=True), Column("STATE", is_whole=True)),
    *(Column("KIND", is_whole=True), Column("EXPIRES", is_whole=True)),
    *(Column("ADDRESS"), Column("REPLACES", is_rare=True), Column("LABEL")),
)
_request = id_at(REQUESTS, "request_id", "label", noun="request", metavar="REQUEST")
_because = click.option("--reason", help="Why; the journal keeps it sealed.")
_if_version = click.option(
    "--if-version",
    "version",
    type=click.IntRange(min=1),
    help="Only if the request has this version still.",
)


@click.command(epilog=examples("palyra pairing requests"))
@asks_api
def requests(session: Session) -> None:
    """List the devices that have proven a code and are no nodes yet, the oldest first."""
    show_page(session, session.api.get(REQUESTS), _COLUMNS, _row, "no requests")


@click.command(epilog=examples("palyra pairing show REQUEST"))
@_request
@asks_api
def show(session: Session, request_id: str) -> None:
    """Show who asks, up to a day after the request's end."""
    _tell(session, session.api.get(where(request_id)))


@click.command(
    epilog=examples(
        "palyra pairing approve REQUEST", "palyra pairing approve REQUEST --number 823385"
    )
)
@_request
@click.option("--number", metavar="DIGITS", help="What the device shows; asked for otherwise.")
@click.option("--replaces", metavar="NODE", help="The paired node that it throws out.")
@_because
@_if_version
@asks_api
def approve(
    session: Session, request_id: str, *, number: str | None, version: int | None, **said: Any
) -> None:
    """Let a device become a node, by the number that it shows.

    The third wrong number rejects the request.
    """
    if number is None:
        require_person("approving asks for the number", fix="say --number")
    request = _seen(session, request_id, version)
    given = {name: value for name, value in said.items() if value is not None}
    if number is None:
        if not session.as_json:
            show_request(session.screen, request)
        _end(session, decide(session, request, given))
    else:
        _end(session, _approved(session, request, given | {"sas": number}))


@click.command(epilog=examples('palyra pairing reject REQUEST --reason "not mine"'))
@_request
@_because
@_if_version
@asks_api
def reject(session: Session, request_id: str, *, reason: str | None, version: int | None) -> None:
    """Refuse a device; its code is used up."""
    request = _seen(session, request_id, version)
    body = {"version": request["version"]} | ({"reason": reason} if reason is not None else {})
    _end(session, session.api.post(f"{where(request_id)}/reject", body))


def decide(session: Session, request: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    """Return a request as it is approved, once its number was typed.

    Args:
        session: what the command talks with.
        request: as it was shown; what is approved is this version of it, and this key.
        said: what else is said about it.

    Raises:
        Problem: it waits for no decision, or the person does not want it, or mistyped too often.
    """
    if request["state"] != PENDING:
        raise Problem.of(Exit.CONFLICT, f"the request is {request['state']}", "look at it again")
    if request["replaces"] and "replaces" not in said:
        question = f"Throw out the paired node {request['replaces']} for it?"
        confirm(session, lambda: question, asks="approving asks first", otherwise="approved")
        said = said | {"replaces": request["replaces"]}
    while True:
        typed = answer(session, _NUMBER)
        if not typed:
            fix = f"type the number, or `palyra pairing reject {request['request_id']}`"
            raise Problem.of(Exit.FAILED, "nothing was approved", fix)
        try:
            return _approved(session, request, said | {"sas": typed})
        except Problem as problem:
            if not _is_mistyped(problem) or not _is_pending(session, request):
                raise
            session.screen.problem(problem, as_json=session.as_json)


def where(request_id: str) -> str:
    """Return the path of a request.

    Raises:
        click.BadParameter: nothing can have this id.
    """
    return f"{REQUESTS}/{checked('request', request_id)}"


def show_request(screen: Screen, request: dict[str, Any]) -> None:
    """Show what is known of whoever asks."""
    verified = request["verified"]
    screen.pairs(
        [
            ("request", request["request_id"]),
            ("state", State(request["state"])),
            ("version", str(request["version"])),
            ("label", request["label"]),
            ("kind", verified["client_kind"]),
            ("device", verified["device_id"]),
            ("REPLACES", request["replaces"]),
            ("address", request["address"]),
            ("program", request["agent"]),
            *_fingerprint(screen, request["fingerprint_groups"]),
            ("code", f"{request['code_id']} ({verified['method']})"),
            ("minted by", verified["code_issued_by"]),
            ("begun", Instant(request["created_at"])),
            ("expires", Instant(request["expires_at"])),
            ("mistyped", str(request["numbers_typed"]) if request["numbers_typed"] else None),
            ("decided", Instant(request["decided_at"])),
            ("by", request["decided_by"]),
            ("certificate", request["certificate_fingerprint"]),
        ]
    )


def _fingerprint(screen: Screen, groups: str) -> list[tuple[str, Value]]:
    """Return a key's fingerprint; for people in lines that no terminal breaks inside a group."""
    words = groups.split()
    if not screen.is_for_people:
        return [("fingerprint", groups)]
    lines = [" ".join(words[at : at + _GROUPS]) for at in range(0, len(words), _GROUPS)]
    return [("fingerprint" if at == 0 else "", line) for at, line in enumerate(lines)]


def _seen(session: Session, request_id: str, version: int | None) -> dict[str, Any]:
    """Return a request, which must have a version where one is given."""
    request = session.api.get(where(request_id))
    if version not in {None, request["version"]}:
        detail = f"the request has version {request['version']} by now"
        raise Problem.of(Exit.CONFLICT, detail, "look at it again, then decide again")
    return request


def _approved(session: Session, request: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    exactly = {
        "version": request["version"],
        "identity_fingerprint": request["verified"]["identity_fingerprint"],
    }
    return session.api.post(f"{where(request['request_id'])}/approve", exactly | said)


def _is_mistyped(problem: Problem) -> bool:
    return any(fault.field == "sas" for fault in problem.faults)


def _is_pending(session: Session, request: dict[str, Any]) -> bool:
    return bool(session.api.get(where(request["request_id"]))["state"] == PENDING)


def _end(session: Session, request: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(request)
    else:
        label = request["label"] or request["verified"]["device_id"]
        session.screen.state(request["request_id"], State(request["state"]), label)


def _tell(session: Session, request: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(request)
    else:
        show_request(session.screen, request)


def _row(request: dict[str, Any]) -> list[Value]:
    return [
        request["request_id"],
        State(request["state"]),
        request["verified"]["client_kind"],
        Instant(request["expires_at"]),
        request["address"],
        request["replaces"],
        request["label"],
    ]
