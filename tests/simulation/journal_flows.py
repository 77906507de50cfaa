"""Flows of the journal: events, seals, verifications, searches and exports, under every fault."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.journal.event import STREAMS, Event, stream_of
from chalicelib.journal.query import Query
from chalicelib.journal.verify import Progress, Verifier
from tests.simulation.flows import collect, create, deliver, flow, operate, sweep
from tests.simulation.journal_attacks import ATTACKS
from tests.simulation.journal_checker import SEALS
from tests.simulation.world import MINUTE, World

_ACTOR = "token:simulation"
_SUBJECTS = ("J", "K", "J")
_LARGE = "word " * 60_000
_SHORT_TIME = timedelta(seconds=70)  # For one step of a verification or an export.
_STEP_AND_MORE = timedelta(seconds=21)
_PAGE = 20
_ROUNDS = 7  # As many as a verification or an export has steps, and one more.


def append(world: World, function: Any, name: str, subject: str, **details: str) -> None:
    """Append an event, and remember it if that was acknowledged."""
    event = Event(
        id=name,
        owner="main",
        kind="test.happened",
        actor=_ACTOR,
        subject=subject,
        at=world.now,
        details=details,
    )
    function.journal.append(event)
    # A new list: what a flow begins with is shared by all of its schedules.
    world.memo["acknowledged"] = [*world.memo.get("acknowledged", ()), name]


def seal(world: World, function: Any) -> None:
    """Let a sealer run, by the container of a function."""

    def run() -> None:
        world.checker.journal.sealing()
        function.sealer.run()

    world.invoke(function, run, "journal-seal")


def watch(world: World, function: Any) -> None:
    """Let a sweep look whether seals come in time."""

    def run() -> None:
        now = function.clock.now()
        function.seal_watch.run()
        world.checker.judge(world.checker.journal.looked(now))

    world.invoke(function, run, "seal-watch")


def ends(world: World) -> dict[str, int]:
    """Return where each stream ends now, without the chain of seals."""
    return {of: seq for of, seq in world.checker.journal.ends().items() if of != SEALS}


def _subject(stream: int) -> str:
    """Return a subject whose events are in a stream."""
    return next(name for name in (f"S{n}" for n in range(1_000)) if stream_of(name) == stream)


# What flows begin with.


def nothing(world: World) -> None:
    """Begin with an empty world, whose journal is judged in the end."""
    world.memo["acknowledged"] = []


def two_sealed_streams(world: World) -> None:
    """Begin with two streams and their first seal."""
    for number, subject in enumerate(_SUBJECTS):
        append(world, world.functions.api, f"before-{number}", subject)
    world.functions.sweep.sealer.run()


def a_large_event(world: World) -> None:
    """Begin with an event that is too large for a row."""
    append(world, world.functions.api, "large", "J", text=_LARGE)


def all_streams(world: World) -> None:
    """Begin with all streams, one of which is much longer than a page."""
    for number in range(STREAMS):
        for times in range(2):
            append(world, world.functions.api, f"early-{number}-{times}", _subject(number))
        world.pass_time(timedelta(seconds=1))
    for number in range(30):
        append(world, world.functions.api, f"long-{number}", _subject(3))
    # What was written a minute ago, everybody sees.
    world.pass_time(2 * MINUTE)
    world.memo["stood"] = ends(world)


def all_there_is(world: World) -> None:
    """Begin with events, one of them large, two seals, a run, and steps that take time."""
    two_sealed_streams(world)
    a_large_event(world)
    create(world, "sim.look")
    deliver(world)
    world.settle()
    world.pass_time(5 * MINUTE)
    for number in range(STREAMS):
        append(world, world.functions.api, f"later-{number}", _subject(number))
    world.functions.sweep.sealer.run()
    world.memo["slow"] = True


# Events and seals.


def _happen(world: World) -> None:
    functions = world.functions
    for number, subject in enumerate(_SUBJECTS):
        for function in (functions.api, functions.tick):
            name = f"{function.name}-{number}-{world.now}"
            world.invoke(function, partial(append, world, function, name, subject))
    for function in (functions.sweep, functions.second_sweep):
        seal(world, function)
    world.settle()


@flow(nothing)
def sealed_first(world: World) -> None:
    """The first events of streams, and the first seals."""
    _happen(world)
    world.pass_time(5 * MINUTE)
    seal(world, world.functions.sweep)
    world.settle()


@flow(two_sealed_streams)
def sealed(world: World) -> None:
    """Events and two sealers at once, twice."""
    for _ in range(2):
        _happen(world)
        world.pass_time(5 * MINUTE)


@flow(two_sealed_streams)
def sealed_at_once(world: World) -> None:
    """Two sealers run at once, with nothing to wait for."""
    world.pass_time(5 * MINUTE)
    for function in (world.functions.sweep, world.functions.second_sweep):
        seal(world, function)
    world.settle()


@flow(two_sealed_streams)
def sealed_meanwhile(world: World) -> None:
    """A sealer runs while events are appended and another one comes."""
    functions = world.functions
    world.pass_time(5 * MINUTE)
    seal(world, functions.sweep)
    world.invoke(functions.api, partial(append, world, functions.api, "meanwhile", "J"))
    seal(world, functions.second_sweep)
    world.settle()
    world.pass_time(5 * MINUTE)
    seal(world, functions.sweep)
    world.settle()


@flow(nothing)
def first_at_once(world: World) -> None:
    """Two containers append the first event of a stream at once."""
    for function in (world.functions.api, world.functions.tick):
        act = partial(append, world, function, f"first-{function.name}", "J")
        world.invoke(function, act)
    world.settle()


@flow(two_sealed_streams)
def watched(world: World) -> None:
    """No sealer comes for a quarter of an hour; two sweeps see it, and then two come at once."""
    functions = world.functions
    world.pass_time(13 * MINUTE)
    for _ in range(4):
        for function in (functions.sweep, functions.second_sweep):
            watch(world, function)
        world.settle()
        world.pass_time(MINUTE)
    for function in (functions.sweep, functions.second_sweep):
        seal(world, function)
        watch(world, function)
    world.settle()


# Large events.


@flow(nothing)
def large_event(world: World) -> None:
    """An event that is too large for a row."""
    api = world.functions.api
    world.invoke(api, partial(append, world, api, "large", "J", text=_LARGE))
    world.settle()


@flow(a_large_event)
def read_back(world: World) -> None:
    """An operator reads an event that is too large for a row."""
    for function in (world.functions.api, world.functions.second_api):
        world.invoke(function, partial(_read_back, world, function))
    world.settle()


def _read_back(world: World, api: Any) -> None:
    entry = api.search.entry("main", stream_of("J"), 1)
    body = api.journal.large.read("main", entry.facts["payload"]["sha256"])
    if body is None or json.loads(body)["details"] != {"text": _LARGE}:
        world.checker.violated("P2 a large event is read back as it was", entry.id)


# Searches.


@flow(all_streams)
def searched(world: World) -> None:
    """An operator turns the pages of all streams while events are appended to them."""
    found: list[tuple[str, int]] = []
    api, tick = world.functions.api, world.functions.tick
    turned: list[str | None] = [None]
    for number in range(16):
        world.invoke(api, lambda: _turn(api, turned, found))
        name = f"meanwhile-{number}"
        world.invoke(tick, partial(append, world, tick, name, _subject(number % STREAMS)))
        world.settle()
        if _is_over(turned):
            break
    searched = world.checker.journal.searched
    world.checker.judge(searched(found, world.memo["stood"], is_over=_is_over(turned)))


def _is_over(turned: list[str | None]) -> bool:
    return turned[-1] is None and len(turned) > 1


def _turn(api: Any, turned: list[str | None], found: list[tuple[str, int]]) -> None:
    """Ask for the next page; one that did not come is asked for again."""
    page = api.search.search("main", Query(), turned[-1], _PAGE)
    turned.append(page.next)
    found += [(entry.chain, entry.seq) for entry in page.items]


# Verifications and exports.


@flow(all_there_is, 1)
def verified(world: World) -> None:
    """A journal is verified in steps, by whoever is alive, while it grows and is sealed."""
    _ask(world, lambda api: api.verifications.ask("main", _ACTOR).task)
    _carry_on(world)

    def look(api: Any) -> None:
        api.verifications.list("main", None, 10)
        if "asked" in world.memo:
            api.verifications.get("main", world.memo["asked"])

    operate(world, look)
    world.settle()


@flow(all_there_is, 1)
def exported(world: World) -> None:
    """A journal is exported in steps, by whoever is alive, while it grows."""
    api = world.functions.api
    for number in range(3):
        world.invoke(api, partial(append, world, api, f"just-now-{number}", _subject(0)))
        world.settle()
    _ask(world, lambda api: api.exports.ask("main", _ACTOR, {}).export.task)
    _carry_on(world)

    def look(api: Any) -> None:
        if "asked" in world.memo:
            api.exports.get("main", world.memo["asked"])

    operate(world, look)
    world.settle()


@flow(all_there_is)
def attacked(world: World) -> None:
    """Somebody changes what may never change; the next sealer and a verification see it."""
    # So that no seal is by chance the very one that was taken away.
    world.pass_time(timedelta(seconds=60.5))
    name = world.chance.choice(sorted(ATTACKS))
    ATTACKS[name](world)
    world.memo["attack"] = name
    seal(world, world.functions.sweep)
    world.settle()
    _ask(world, lambda api: api.verifications.ask("main", _ACTOR).task)
    _carry_on(world)


def _ask(world: World, ask: Callable[[Any], Any]) -> None:
    """Ask for a task, and remember where the streams ended if it was made."""

    def act(api: Any) -> None:
        stood = ends(world)
        made = ask(api)
        world.memo.update(asked=made.ref.id, stood=stood)

    operate(world, act)
    world.settle()


def _carry_on(world: World) -> None:
    """Let a task go on in invocations that have the time for one step; sweeps find what is left."""
    functions = world.functions
    functions.time = _SHORT_TIME
    for number in range(_ROUNDS):
        deliver(world)
        world.invoke(functions.tick, partial(_append_more, world, functions.tick, number))
        if number == 1:
            seal(world, functions.second_sweep)
        world.settle()
        world.pass_time(_STEP_AND_MORE)
    world.pass_time(MINUTE)
    sweep(world)
    world.settle()
    collect(world)
    world.settle()


def _append_more(world: World, function: Any, number: int) -> None:
    if "attack" not in world.memo:
        append(world, function, f"more-{number}", _subject(2 * number % STREAMS))


# The judgement.


def judge(world: World) -> None:
    """Judge a journal at rest: it seals and verifies, and did what was asked for."""
    journal = world.checker.journal
    world.memo.pop("slow", None)
    try:
        world.functions.sweep.sealer.run()
        progress = whole(world)
    except Unavailable as error:
        world.checker.violated("S8 a journal at rest can be sealed", error.detail)
        return
    if "attack" in world.memo:
        world.checker.judge(journal.attack_at_rest())
    else:
        for trouble in progress.troubles:
            world.checker.violated(
                "V1 an honest journal verifies", f"{trouble.stream}: {trouble.what}"
            )
        world.checker.judge(journal.late_at_rest())
    _judge_asked(world)


def _judge_asked(world: World) -> None:
    if "asked" not in world.memo:
        return
    asked, stood = world.memo["asked"], world.memo["stood"]
    row = world.checker.row_of(asked) or {}
    judged = world.checker.journal.verification
    if row.get("kind", {}).get("S") == "journal_export":
        judged = world.checker.journal.exported
    if row.get("state", {}).get("S") == "succeeded":
        world.checker.judge(judged(asked, stood))


def whole(world: World) -> Progress:
    """Verify the journal of a world from its beginning to its end."""
    progress, verifier = Progress(), world.functions.sweep.verifier
    Verifier("main", verifier._reading("main"), verifier.signatures.valid, progress).advance()
    return progress
