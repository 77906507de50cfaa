"""`palyra pause|resume --all`: everything of an owner, or of everybody, at once."""

from collections.abc import Callable

import click

from cli.examples import examples
from cli.session import Session, asks_api

_GATE = "/v1/gate"
_ONE = "say --all; one job is `palyra jobs {0}`, one task `palyra tasks {0}`"


def _asks_scope(verb: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        everybody = click.option(
            "--everybody", is_flag=True, help="Of all owners: for admins of the owner main."
        )
        return click.option("--all", "is_all", is_flag=True, help=f"{verb} everything.")(
            everybody(command)
        )

    return decorate


@click.command(epilog=examples("palyra pause --all"))
@_asks_scope("Pause")
@asks_api
def pause(session: Session, *, is_all: bool, everybody: bool) -> None:
    """Let no work begin: what runs ends, what is queued waits."""
    _change(session, is_all=is_all, everybody=everybody, paused=True)


@click.command(epilog=examples("palyra resume --all"))
@_asks_scope("Resume")
@asks_api
def resume(session: Session, *, is_all: bool, everybody: bool) -> None:
    """Let work begin again."""
    _change(session, is_all=is_all, everybody=everybody, paused=False)


def _change(session: Session, *, is_all: bool, everybody: bool, paused: bool) -> None:
    if not is_all:
        raise click.UsageError(_ONE.format("pause" if paused else "resume"))
    body = {"paused": paused, "scope": "everything" if everybody else "owner"}
    gate = session.api.post(_GATE, body)
    if session.as_json:
        session.screen.document(gate)
        return
    session.screen.line("everything is paused" if gate["paused"] else "work goes on")
    if gate["paused"] and not paused:
        session.screen.note("it is paused for everybody still")
