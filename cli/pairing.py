"""`palyra pairing`: codes that devices are paired with, and what devices ask for by them."""

import re
from typing import Any

import click

from cli.asking import require_person
from cli.columns import Column
from cli.examples import examples
from cli.identifiers import id_at
from cli.listing import show_page
from cli.output import Instant, Screen, State, Value
from cli.pairing_requests import approve, reject, requests, show
from cli.pairing_watch import follow
from cli.qr import draw
from cli.session import Session, asks_api
from cli.watch import asks_timeout

CODES = "/v1/pairing/codes"
METHODS = ("pin", "qr")
KINDS = ("cli", "desktop", "daemon")
_ATTEMPTS = 5
_CODE = re.compile(r"[0-9A-Z]{4}")
_COLUMNS = (
    *(Column("CODE", is_whole=True), Column("METHOD", is_whole=True)),
    *(Column("KIND", is_whole=True), Column("TRIES", is_whole=True)),
    *(Column("EXPIRES", is_whole=True), Column("BY"), Column("LABEL")),
)


@click.group()
def pairing() -> None:
    """Let devices become nodes: codes, and who asks by them."""


@pairing.command(
    epilog=examples(
        'palyra pairing mint --kind daemon --label "garage pi" --watch',
        "palyra pairing mint --method qr --ttl 120",
    )
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="Whether the secret is typed, or scanned.",
)
@click.option(
    "--kind",
    "client_kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="What kind of device it is for.",
)
@click.option("--label", help="What the device is to be called.")
@click.option(
    "--ttl", "ttl_s", type=int, metavar="SECONDS", help="For how long a device may begin with it."
)
@click.option("--watch", "is_watched", is_flag=True, help="Wait for the device, and decide here.")
@asks_timeout
@asks_api
def mint(session: Session, *, is_watched: bool, timeout: float | None, **asked: Any) -> None:
    """Mint a code for one device; its secret is shown this once."""
    if is_watched:
        require_person("--watch asks for a number", fix="leave it out, and approve by --number")
    body = {name: value for name, value in asked.items() if value is not None}
    minted = session.api.post(CODES, body)
    if is_watched and session.as_json:
        session.screen.event({"event": "code"} | minted)
    elif session.as_json:
        session.screen.document(minted)
    else:
        _show(session.screen, minted)
    if is_watched:
        follow(session, minted, timeout)


@pairing.command(epilog=examples("palyra pairing codes"))
@asks_api
def codes(session: Session) -> None:
    """List the codes that a device may begin with, the oldest first."""
    show_page(session, session.api.get(CODES), _COLUMNS, _row, "no codes")


@pairing.command(epilog=examples("palyra pairing revoke K7QM"))
@id_at(CODES, "code_id", "label", noun="code", metavar="CODE")
@asks_api
def revoke(session: Session, code_id: str) -> None:
    """End a code at once, with whatever was begun with it and has not proven it."""
    code_id = code_id.upper()
    if not _CODE.fullmatch(code_id):
        raise click.BadParameter("a code has four letters and digits, as K7QM", param_hint="CODE")
    ended = session.api.delete(f"{CODES}/{code_id}")
    if session.as_json:
        session.screen.document(ended)
    else:
        session.screen.state(ended["code_id"], State(ended["state"]))


for command in (requests, show, approve, reject):
    pairing.add_command(command)


def _show(screen: Screen, minted: dict[str, Any]) -> None:
    qr = minted.get("qr")
    if qr and not draw(screen, qr) and screen.is_for_people:
        screen.note("this terminal is too narrow to draw the QR code; this is what it says")
    screen.pairs(
        [
            ("code", minted["code_id"]),
            *([("PIN", minted["pin"])] if "pin" in minted else [("QR", qr)]),
            ("kind", minted["client_kind"]),
            ("label", minted["label"]),
            ("expires", Instant(minted["expires_at"])),
        ]
    )
    code = "--qr-stdin" if qr else minted["code_id"]
    screen.note(f"at the device: `palyra node pair {code} --kind {minted['client_kind']}`")


def _row(code: dict[str, Any]) -> list[Value]:
    return [
        code["code_id"],
        code["method"],
        code["client_kind"],
        f"{code['attempts']} of {_ATTEMPTS}",
        Instant(code["expires_at"]),
        code["minted_by"],
        code["label"],
    ]
