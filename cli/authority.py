"""`palyra authority`: who signs the certificates of nodes, and who does next."""

from typing import Any

import click

from cli.asking import confirm
from cli.columns import Column
from cli.examples import examples
from cli.output import Instant, State, Value
from cli.session import Session, asks_api

_PATH = "/v1/node-authority"
_COLUMNS = (
    *(Column("AUTHORITY", is_whole=True), Column("ENDS", is_whole=True)),
    *(Column("COUNTS UNTIL", is_rare=True), Column("PUBLIC KEY")),
)


@click.group()
def authority() -> None:
    """See who signs the certificates of nodes, and change its key."""


@authority.command(
    epilog=examples("palyra authority show", "palyra authority show --pem > authority.pem")
)
@click.option("--pem", "is_pem", is_flag=True, help="Print its certificate alone, as PEM.")
@asks_api
def show(session: Session, *, is_pem: bool) -> None:
    """Show who this gateway is to nodes, and the authority that signs."""
    told = session.api.get(_PATH)
    if is_pem and not session.as_json:
        session.screen.text(told["certificate_pem"].strip())
    else:
        _tell(session, told)


@authority.command(epilog=examples("palyra authority prepare"))
@asks_api
def prepare(session: Session) -> None:
    """Make the authority that is to sign next; for admins of main.

    The front lets nodes of both in from then on.
    """
    _tell(session, session.api.post(f"{_PATH}/prepare", {}))


@authority.command(epilog=examples("palyra authority switch", "palyra authority switch --yes"))
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@asks_api
def switch(session: Session, *, is_sure: bool) -> None:
    """Let the authority sign that was prepared; for admins of main.

    What the other one signed counts for 48 more hours. The front has to know both
    by then; docs/certificates.md says how.
    """
    if not is_sure:
        question = "Does the front trust the authority that was prepared, and is it to sign now?"
        confirm(session, lambda: question, asks="switching asks first", otherwise="switched")
    _tell(session, session.api.post(f"{_PATH}/switch", {}))


def _tell(session: Session, told: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(told)
        return
    session.screen.pairs([("gateway", told["gateway_id"])])
    session.screen.blank()
    session.screen.table(_COLUMNS, [_row(each) for each in told["authorities"]])


def _row(authority: dict[str, Any]) -> list[Value]:
    return [
        State(authority["part"]),
        Instant(authority["not_after"]),
        Instant(authority["trusted_until"]),
        authority["public_key_sha256"],
    ]
