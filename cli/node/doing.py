"""What `palyra node pair`, `run`, `renew`, `recover` and `unpair` do."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from cli.node import manifest
from cli.node.addresses import Addresses, Given, addresses, kept
from cli.node.agent import Agent
from cli.node.claims import Shown
from cli.node.desk import Wake
from cli.node.handshake import NotACode, Told, scanned, typed
from cli.node.home import Home
from cli.node.line import Line
from cli.node.outbox import Event
from cli.node.pairing import Pairing, activated
from cli.node.person import person
from cli.node.recovering import Recovering
from cli.node.renewing import Renewing
from cli.node.showing import show
from cli.node.starting import Starting
from cli.problem import Exit, Problem
from cli.session import Session

_LATER = "try again, or forget the key with --local and let the operator revoke the node"


def pair(
    session: Session, folder: Path | None, kind: str, *, code: str | None, **given: Any
) -> None:
    """Pair this device; what an interrupted pairing has left is taken up instead.

    Raises:
        Problem: it was refused, or nobody answered.
    """
    home = Home.named(folder, session.environment)
    where = Given(given["api"], given["nodes"], given["nodes_ca"])
    with home.locked():
        if home.offered() is None:
            told = _told(code, pin_stdin=given["pin_stdin"], qr_stdin=given["qr_stdin"])
            at = _addresses(session, where, told)
            _pairing(session, home, told, kind, at).run()
        else:
            session.screen.note("going on with the pairing that was interrupted")
            activated(home, session.pause)
        _tell_paired(session, home)


def run(
    session: Session, folder: Path | None, capabilities: Path, ask: Path | None, parallel: int
) -> None:
    """Run this node until it is stopped by SIGTERM or Ctrl-C.

    Raises:
        Problem: it cannot run, or is let in no more.
    """
    home = Home.named(folder, session.environment)
    starting = Starting(
        home=home,
        tools=manifest.read(capabilities),
        person=person(ask),
        most=parallel,
        tell=lambda event: _tell(session, event),
        pause=session.pause,
        stopwatch=session.stopwatch,
        present=session.present,
        environment=session.environment,
    )
    with home.locked(), _until_stopped() as ready:
        starting.run(lambda agent: _ready(session, home, agent, ready))


def renew(session: Session, folder: Path | None) -> None:
    """Renew the certificate.

    Raises:
        Problem: it was refused, or nobody answered.
    """
    home = Home.named(folder, session.environment)
    with home.locked(), closing(Line(home.membership(), home.credential)) as line:
        try:
            told = Renewing(home, line).run()
        except Problem as problem:
            raise (line.refused(problem) or problem) from None
    show(session, home, told, is_running=False)


def recover(session: Session, folder: Path | None, **given: Any) -> None:
    """Come back after the certificate has ended; what was interrupted is taken up instead.

    Raises:
        Problem: it was refused, or nobody answered.
    """
    home = Home.named(folder, session.environment)
    where = Given(given["api"], given["nodes"], given["nodes_ca"])
    with home.locked():
        if home.offered() is None:
            Recovering(
                home=home,
                at=kept(where, home.membership(), session.environment),
                shows=_shows(session, "the operator approves; the number is this device's"),
                pause=session.pause,
                present=session.present,
            ).run()
        else:
            activated(home, session.pause)
        _tell_paired(session, home)


def unpair(session: Session, folder: Path | None, *, is_sure: bool, is_local: bool) -> None:
    """End this device.

    Raises:
        Problem: it is not paired, or the gateway was not reached: then it stays what it is.
    """
    home = Home.named(folder, session.environment)
    if not is_sure:
        _confirm(session, home)
    with home.locked():
        if not is_local:
            _end(session, home)
        home.forget()
    if session.as_json:
        session.screen.document({"state": "unpaired", "home": str(home.path)})
    else:
        session.screen.line("unpaired")


# Pairing.


def _told(code: str | None, *, pin_stdin: bool, qr_stdin: bool) -> Told:
    """Return what the person was told."""
    if qr_stdin and (pin_stdin or code):
        raise click.UsageError("--qr-stdin stands alone: the QR code says which code it is")
    if pin_stdin and not code:
        raise click.UsageError("--pin-stdin needs the CODE as an argument")
    try:
        if qr_stdin:
            return scanned(sys.stdin.read())
        code = code or click.prompt("Code", err=True)
        pin = sys.stdin.readline() if pin_stdin else click.prompt("PIN", hide_input=True, err=True)
        return typed(code, pin.strip())
    except NotACode as error:
        fix = "ask the operator for a code: `palyra pairing mint` makes one"
        raise Problem.of(Exit.USAGE, str(error), fix) from error


def _addresses(session: Session, where: Given, told: Told) -> Addresses:
    if told.url and where.api:
        raise click.UsageError("--api is not needed: the QR code says where the API is")
    return addresses(where, session.environment, told.url)


def _pairing(session: Session, home: Home, told: Told, kind: str, at: Addresses) -> Pairing:
    shows = _shows(session, "the operator compares the key and types this number; waiting for that")
    return Pairing(home=home, told=told, kind=kind, at=at, shows=shows, pause=session.pause)


def _shows(session: Session, note: str) -> Callable[[Shown], None]:
    def show(shown: Shown) -> None:
        if session.as_json:
            session.screen.event({"event": "number"} | shown._asdict())
            return
        session.screen.line(f"number  {shown.number}")
        for name, line in zip(("key", ""), _lines(shown.fingerprint), strict=True):
            session.screen.line(f"{name:<6}  {line}")
        session.screen.note(note)

    return show


def _lines(fingerprint: str) -> list[str]:
    """Return a fingerprint as it is compared: groups of four, in two lines, as operators see it."""
    groups = [fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4)]
    half = len(groups) // 2
    return [" ".join(groups[:half]), " ".join(groups[half:])]


def _tell_paired(session: Session, home: Home) -> None:
    device_id = home.membership().device_id
    if session.as_json:
        session.screen.event({"event": "paired", "device_id": device_id})
        return
    session.screen.line(f"paired  {device_id}")
    session.screen.note("it may do nothing yet: `palyra node run` says what it can do")


# Running.


@contextmanager
def _until_stopped() -> Iterator[list[Agent]]:
    """Let SIGTERM stop the node that is put into the list; before there is one, it ends at once."""
    running: list[Agent] = []

    def stop(_signal: int, _frame: object) -> None:
        if not running:
            raise KeyboardInterrupt
        running[0].desk.inbox.put(Wake())

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield running
    finally:
        signal.signal(signal.SIGTERM, before)


def _ready(session: Session, home: Home, agent: Agent | None, running: list[Agent]) -> None:
    running.clear()
    if agent is None:
        return
    running.append(agent)
    device_id = home.membership().device_id
    _tell(session, Event("running", why=f"{device_id} with {len(agent.desk.tools)} capabilities"))


def _tell(session: Session, event: Event) -> None:
    """Say what happens: nothing of what was asked, and nothing of what was answered."""
    if session.as_json:
        told = {name: value for name, value in event._asdict().items() if value and name != "name"}
        session.screen.event({"event": event.name} | told)
        return
    parts = (event.name, event.capability, event.request, event.why)
    session.screen.note("  ".join(part for part in parts if part))


# Unpairing.


def _confirm(session: Session, home: Home) -> None:
    if not sys.stdin.isatty():
        detail = "unpairing asks first, and stdin is no terminal"
        raise Problem.of(Exit.USAGE, detail, "say --yes")
    session.screen.ask(f"End the node of {home.path}? [y/N] ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Problem.of(Exit.FAILED, "nothing was changed", "answer y, or say --yes")


def _end(session: Session, home: Home) -> None:
    """Tell the gateway that this device ends."""
    with closing(Line(home.membership(), home.credential)) as line:
        try:
            line.post("revoke-self")
        except Problem as problem:
            refused = line.refused(problem)
            if refused is None:
                raise problem.with_fix(_LATER) from problem
            if refused.ended:
                node = line.membership.device_id
                note = f"its certificate has ended: let an operator `palyra nodes revoke {node}`"
            else:
                note = "the gateway had thrown it out already"
            session.screen.note(note)
