"""Flows of retention: old events are moved while others are appended, sealed, read and spoilt."""

from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.retention.days import JournalDays
from chalicelib.journal.store import JournalRow
from chalicelib.tables import Refused
from tests.simulation.flows import flow
from tests.simulation.journal_flows import seal
from tests.simulation.policy_flows import FLOWS
from tests.simulation.retention_checker import READ
from tests.simulation.world import MINUTE, START, World

__all__ = ["FLOWS"]

_SUBJECTS = ("J", "K", "J", "J", "J")
_OLD = timedelta(days=4)


def append(world: World, function: Any, name: str, subject: str) -> None:
    """Append an event, and remember it if that was acknowledged."""
    event = Event(
        id=name,
        owner="main",
        kind="test.happened",
        actor="token:simulation",
        subject=subject,
        at=world.now,
    )
    function.journal.append(event)
    world.memo["moved"] = [*world.memo["moved"], name]


def move(world: World, function: Any) -> None:
    """Let what is old be moved, by the container of a function."""
    world.invoke(function, function.mover.run, "mover")


def read(world: World, function: Any) -> None:
    """Let somebody read all streams, and judge what they found."""
    checker = world.checker
    stood = {stream: checker.retention._end(stream) for stream in _streams(world)}

    def run() -> None:
        for stream, end in stood.items():
            found = [row.seq for row in function.journal.rows(stream, 0)]
            checker.judge(checker.retention.read(stream, found, end))
        days = START.date(), (world.now + timedelta(days=1)).date()
        counted = JournalDays(journal=function.journal).count("main", *days)
        number = sum(sum(kinds.values()) for kinds in counted.days.values())
        # What was appended a moment ago may be missing; nothing is counted twice.
        if number > (most := sum(map(checker.retention._end, _streams(world)))):
            checker.violated(READ, f"{number} counted of {most}")

    world.invoke(function, run, "reader")


def spoil(world: World, function: Any) -> None:
    """Let somebody who can write the table change an event."""
    stream = _streams(world)[0]

    def run() -> None:
        row = JournalRow.find(stream, 2)
        if row is None:
            return
        row.content = row.content.replace("simulation", "nobody")
        try:
            row.put(JournalRow.pk.exists())
        except (Refused, Unavailable):
            return  # It was moved meanwhile.

    world.invoke(function, run, "spoiler")


def _streams(world: World) -> list[str]:
    names = {row["pk"]["S"] for row in world.checker._table("journal")}
    return sorted(name for name in names if "#audit#" in name and not name.endswith("#segments"))


# What flows begin with.


def old_events(world: World) -> None:
    """Begin with streams whose events two seals cover, but the last ones."""
    functions = world.functions
    world.memo["moved"] = []
    for number, subject in enumerate(_SUBJECTS):
        append(world, functions.api, f"first-{number}", subject)
    functions.sweep.sealer.run()
    for number, subject in enumerate(_SUBJECTS):
        append(world, functions.tick, f"second-{number}", subject)
    functions.sweep.sealer.run()


# What happens.


@flow(old_events)
def moved(world: World) -> None:
    """Old events are moved by two at once, while others append, seal and read."""
    functions = world.functions
    world.skip_time(_OLD)
    move(world, functions.sweep)
    move(world, functions.second_sweep)
    read(world, functions.second_api)
    for function in (functions.api, functions.tick):
        name = f"{function.name}-{world.now}"
        world.invoke(function, partial(append, world, function, name, "J"))
    seal(world, functions.sweep)
    world.settle()
    world.pass_time(61 * MINUTE)
    move(world, functions.second_sweep)
    world.settle()


@flow(old_events)
def moved_on(world: World) -> None:
    """Events are moved up to where somebody remembers that a stream ended, and it goes on."""
    functions = world.functions
    _append(world, functions.api)
    for _ in range(3):
        _append(world, functions.tick)
        seal(world, functions.sweep)
        world.settle()
    world.skip_time(_OLD)
    for _ in range(2):
        move(world, functions.sweep)
        world.settle()
        world.pass_time(61 * MINUTE)
    _append(world, functions.api)
    read(world, functions.second_api)
    world.settle()


def _append(world: World, function: Any) -> None:
    name = f"{function.name}-{world.calls}"
    world.invoke(function, partial(append, world, function, name, "J"))
    world.settle()


@flow(old_events)
def moved_and_sealed(world: World) -> None:
    """Two sealers and somebody who moves are at work, again and again."""
    functions = world.functions
    world.skip_time(_OLD)
    for _ in range(2):
        seal(world, functions.sweep)
        seal(world, functions.second_sweep)
        move(world, functions.sweep)
        world.settle()
        world.pass_time(61 * MINUTE)


@flow(old_events)
def moved_and_spoilt(world: World) -> None:
    """An event is changed while it is moved."""
    functions = world.functions
    world.memo["attack"] = "an event that is moved is changed"
    world.skip_time(_OLD)
    move(world, functions.sweep)
    spoil(world, functions.api)
    move(world, functions.second_sweep)
    world.settle()
