"""Flows of the journal: events of several streams, and sealers at once, under every fault."""

import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.functions.wiring import seals, sweeps, workers
from chalicelib.journal.event import Event
from chalicelib.journal.seals.sealer import Sealer
from chalicelib.journal.seals.signing import FileSigner, Signatures
from chalicelib.journal.verify import Progress, Verifier
from tests.simulation.flows import flow
from tests.simulation.world import MINUTE, World

_SUBJECTS = ("J", "K", "J")
_LARGE = "word " * 60_000


@cache
def signer() -> FileSigner:
    """Return the key of all worlds; a signature is no call to AWS here."""
    made = FileSigner(Path(tempfile.mkdtemp()) / "seal.pem")
    made.public_key()
    return made


def sealer(function: Any) -> Sealer:
    """Return a container's sealer, with the key of all worlds."""
    made = seals.sealer(function.container)
    made.signer, made.signatures = signer(), Signatures(signer())
    return made


def append(world: World, function: Any, name: str, subject: str, **details: str) -> None:
    """Append an event, and remember it if that was acknowledged."""
    journal = sweeps.journal(function.container)
    event = Event(
        id=name,
        owner="main",
        kind="test.happened",
        actor="token:simulation",
        subject=subject,
        at=world.now,
        details=details,
    )
    journal.append(event)
    # A new list: what a flow begins with is shared by all of its schedules.
    world.memo["acknowledged"] = [*world.memo.get("acknowledged", ()), name]


def nothing(world: World) -> None:
    """Begin with an empty world, whose journal is judged in the end."""
    world.memo["acknowledged"] = []


def two_sealed_streams(world: World) -> None:
    """Begin with two streams and their first seal."""
    for number, subject in enumerate(_SUBJECTS):
        append(world, world.functions.api, f"before-{number}", subject)
    sealer(world.functions.sweep).run()


def _happen(world: World) -> None:
    functions = world.functions
    for number, subject in enumerate(_SUBJECTS):
        for function in (functions.api, functions.tick):
            name = f"{function.name}-{number}-{world.now}"
            world.invoke(function, partial(append, world, function, name, subject))
    for function in (functions.sweep, functions.second_sweep):
        world.invoke(function, sealer(function).run, "journal-seal")
    world.settle()


@flow(nothing)
def sealed_first(world: World) -> None:
    """The first events of streams, and the first seals."""
    _happen(world)
    world.pass_time(5 * MINUTE)
    world.invoke(world.functions.sweep, sealer(world.functions.sweep).run, "journal-seal")
    world.settle()


@flow(two_sealed_streams)
def sealed(world: World) -> None:
    """Events and two sealers at once, twice."""
    for _ in range(2):
        _happen(world)
        world.pass_time(5 * MINUTE)


@flow(nothing)
def large_event(world: World) -> None:
    """An event that is too large for a row."""
    api = world.functions.api
    world.invoke(api, partial(append, world, api, "large", "J", text=_LARGE))
    world.settle()


def judge(world: World) -> None:
    """Judge a journal at rest: it seals and verifies, and nothing acknowledged is gone."""
    try:
        sealer(world.functions.sweep).run()
        progress = verified(world)
    except Unavailable as error:
        world.checker.violated("J4 a journal at rest can be sealed", error.detail)
        return
    for trouble in progress.troubles:
        world.checker.violated("J4 the journal verifies", f"{trouble.stream}: {trouble.what}")
    there = {row["event_id"]["S"] for row in world.checker._table("journal")}
    for name in world.memo.get("acknowledged", ()):
        if name not in there:
            world.checker.violated("J5 what was acknowledged is there", name)
    for row in world.checker._table("incidents"):
        if "broken:" in row.get("dedupe_key", {}).get("S", ""):
            world.checker.violated("J6 no false alarm", row["summary"]["S"])


def verified(world: World) -> Progress:
    """Verify the journal of a world."""
    progress = Progress()
    reading = workers.verify(world.functions.sweep.container)._reading("main")
    Verifier("main", reading, Signatures(signer()).valid, progress).advance()
    return progress
