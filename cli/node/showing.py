"""`palyra node status`: which node this is, as it knows and as the gateway says."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives import hashes

from cli.node import identity
from cli.node.agent import SEEN
from cli.node.home import Home
from cli.node.line import Line
from cli.node.private import read_private
from cli.node.recovering import NOTE
from cli.node.renewing import instant
from cli.output import Instant
from cli.problem import Exit, Problem
from cli.session import Session

_SILENT = timedelta(minutes=3)
_UNHEARD = "it runs, and has not reached the gateway for a while"
_COMING_BACK = "its certificate has ended, and it waits for an operator to let it come back"
_INSTANTS = frozenset({"not_after", "renew_from", "seen"})


def status(session: Session, folder: Path | None) -> None:
    """Show which node this is.

    A node that runs is not called for: a second one with its certificate might use it after the
    next one. What it has heard last is shown instead.

    Raises:
        Problem: it is not paired, or let in no more, or nobody answered.
    """
    home = Home.named(folder, session.environment)
    home.membership()
    try:
        with home.locked():
            told = _asked(home)
            home.note(SEEN, told)
    except Problem as problem:
        if problem.code is not Exit.CONFLICT:
            raise
        seen = home.noted(SEEN)
        show(session, home, seen, is_running=True)
        if seen is None or session.screen.present - instant(seen["time"]) > _SILENT:
            session.screen.note(_COMING_BACK if home.noted(NOTE) else _UNHEARD)
            click.get_current_context().exit(Exit.UNAVAILABLE)
        return
    show(session, home, told, is_running=False)


def show(session: Session, home: Home, seen: dict[str, Any] | None, *, is_running: bool) -> None:
    """Show a node, with what the gateway has said of it last."""
    membership = home.membership()
    certificate = identity.certificate_of(read_private(home.credential) or "")
    told: dict[str, str | None] = {
        "device_id": membership.device_id,
        "kind": membership.kind,
        "label": seen["label"] if seen else None,
        "gateway_id": membership.gateway_id,
        "nodes": membership.nodes,
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "renew_from": seen["renew_from"] if seen else None,
        "seen": seen["time"] if seen else None,
    }
    if session.as_json:
        session.screen.document(told | {"running": is_running})
        return
    told["running"] = "yes" if is_running else "no"
    session.look_at_the_clock()
    session.screen.pairs(
        [
            (name.replace("_", " "), Instant(value) if name in _INSTANTS else value)
            for name, value in told.items()
        ]
    )


def _asked(home: Home) -> dict[str, Any]:
    with closing(Line(home.membership(), home.credential)) as line:
        try:
            return line.get("whoami")
        except Problem as problem:
            raise (line.refused(problem) or problem) from None
