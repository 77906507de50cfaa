"""`palyra node`: the device's side. What operators do about nodes is not here.

What needs the packages of the extra `node` is imported when it is used: the command is whole
without them.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from cli.examples import examples
from cli.problem import Exit, Problem
from cli.session import Session, asks_api

_PATH = click.Path(path_type=Path)
_home = click.option(
    "--home", type=_PATH, metavar="DIR", help="The node's folder, or PALYRA_NODE_HOME."
)


def _part(name: str) -> Any:
    """Return a module of the node."""
    try:
        return import_module(f"cli.node.{name}")
    except ModuleNotFoundError as missing:
        detail = f"a node needs the package {missing.name}, which is not installed"
        raise Problem.of(Exit.USAGE, detail, "install palyra with the extra node") from missing


def _where(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the gateway is."""
    options = (
        click.option("--nodes-ca", type=_PATH, metavar="FILE", help="Who vouches for that, PEM."),
        click.option("--nodes", metavar="URL", help="The nodes origin, or PALYRA_NODES_URL."),
        click.option("--api", metavar="URL", help="The API, or PALYRA_URL."),
    )
    for option in options:
        command = option(command)
    return command


@click.group()
def node() -> None:
    """Let this device work for Palyra."""


@node.command(
    epilog=examples(
        "palyra node pair K7QM --kind daemon",
        "palyra node pair K7QM --pin-stdin < pin",
        "palyra node pair --qr-stdin < qr",
    )
)
@click.argument("code", required=False)
@click.option("--kind", type=click.Choice(["cli", "desktop", "daemon"]), default="cli")
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from stdin; with CODE.")
@click.option("--qr-stdin", is_flag=True, help="Read the text of a QR code from stdin.")
@_where
@_home
@asks_api
def pair(session: Session, home: Path | None, *, kind: str, **given: Any) -> None:
    """Pair this device: show a number, and wait until the operator has typed it."""
    _part("doing").pair(session, home, kind, **given)


@node.command(
    epilog=examples(
        "palyra node run capabilities",
        "palyra node run capabilities --ask ./ask-me --parallel 2",
    )
)
@click.argument("folder", type=_PATH)
@click.option("--ask", type=_PATH, metavar="PROGRAM", help="Asks the person here.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 16),
    default=4,
    show_default=True,
    help="How many programs run at once.",
)
@_home
@asks_api
def run(session: Session, folder: Path, home: Path | None, ask: Path | None, parallel: int) -> None:
    """Do what this device was granted, until it is stopped."""
    _part("doing").run(session, home, folder, ask, parallel)


@node.command(epilog=examples("palyra node status"))
@_home
@asks_api
def status(session: Session, home: Path | None) -> None:
    """Show which node this is, and whether it is let in."""
    _part("showing").status(session, home)


@node.command(epilog=examples("palyra node renew"))
@_home
@asks_api
def renew(session: Session, home: Path | None) -> None:
    """Renew the certificate now; a node that runs does it by itself."""
    _part("doing").renew(session, home)


@node.command(epilog=examples("palyra node recover"))
@_where
@_home
@asks_api
def recover(session: Session, home: Path | None, **given: Any) -> None:
    """Come back within seven days after the certificate has ended; the operator approves it."""
    _part("doing").recover(session, home, **given)


@node.command(epilog=examples("palyra node unpair", "palyra node unpair --yes --local"))
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--local", "is_local", is_flag=True, help="Only forget the key here.")
@_home
@asks_api
def unpair(session: Session, home: Path | None, *, is_sure: bool, is_local: bool) -> None:
    """End this device: its certificate is good for nothing, and its key is gone."""
    _part("doing").unpair(session, home, is_sure=is_sure, is_local=is_local)
