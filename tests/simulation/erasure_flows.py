"""Flows of erasure: a job or task is erased while somebody writes of it, under every fault."""

from functools import partial
from typing import Any

from chalicelib.background.service import TaskDraft
from chalicelib.errors import Unavailable
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring import journal_tasks
from chalicelib.journal.event import STREAMS, Event, audit_stream
from chalicelib.journal.seals.signing import Signatures
from chalicelib.journal.verify import Progress, Verifier
from chalicelib.scheduler.service import Draft
from chalicelib.schedules import normalize_schedule
from tests.simulation import erasure_checker
from tests.simulation.erasure_checker import NOWHERE, READABLE, VERIFIED
from tests.simulation.flows import deliver, flow, operate
from tests.simulation.items import text
from tests.simulation.retention_flows import FLOWS
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_ACTOR = "token:simulation"
_WORDS = ("Ada", "appointment")
_NAME, _PROMPT, _WHY = "dinner with Ada", "remind her of the appointment", "Ada does not want it"
_LARGE = "about Ada " * 600


# What flows begin with.


def an_empty_world(world: World) -> None:
    """Begin with an empty world, in which somebody's words are looked for in the end."""
    world.memo["said"] = []


def a_deleted_job(world: World) -> None:
    """Begin with a job of which a slot has run and another was cancelled, and that was deleted."""
    an_empty_world(world)
    made = world.functions.api
    schedule = normalize_schedule({"every": "300s"}, now=made.clock.now())
    draft = Draft(name=_NAME, schedule=schedule, prompt=_PROMPT, tools=["sim.look"])
    job = made.jobs.create("main", _ACTOR, draft).job.id
    _run(world)
    _run(world, cancelled=True)
    made.jobs.delete("main", _ACTOR, job)
    world.memo["subject"] = job
    _remember(world)


def a_running_job(world: World) -> None:
    """Begin with a job whose slot is due, and that was deleted."""
    an_empty_world(world)
    made = world.functions.api
    schedule = normalize_schedule({"every": "300s"}, now=made.clock.now())
    draft = Draft(name=_NAME, schedule=schedule, prompt=_PROMPT, tools=["sim.look"])
    world.memo["subject"] = made.jobs.create("main", _ACTOR, draft).job.id
    _remember(world)
    world.pass_time(3 * MINUTE)
    world.functions.tick.tick.run()
    world.pass_time(2 * MINUTE)


def a_task_that_ended(world: World) -> None:
    """Begin with a task that has run; nothing was said of it yet that would need a key."""
    an_empty_world(world)
    payload = {"prompt": _PROMPT, "tools": []}
    draft = TaskDraft(kind="background_prompt", payload=payload)
    task = world.functions.api.tasks.create("main", _ACTOR, draft).task
    _take(world)
    world.memo["subject"] = task.ref.id


def a_large_task_that_ended(world: World) -> None:
    """Begin with a task of a large payload that has run."""
    an_empty_world(world)
    payload = {"prompt": _PROMPT, "tools": [], "then": {"prompt": _LARGE}}
    draft = TaskDraft(kind="background_prompt", payload=payload)
    task = world.functions.api.tasks.create("main", _ACTOR, draft).task
    _take(world)
    _take(world)
    world.memo["subject"] = task.ref.id
    _remember(world)


def _run(world: World, *, cancelled: bool = False) -> None:
    world.pass_time(3 * MINUTE)
    world.functions.tick.tick.run()
    if cancelled:
        pending = world.queues.visible() or world.queues.messages
        pk, sk = pending[-1].task
        task_id = f"{pk.partition('#')[2]}-{sk}"
        world.functions.api.tasks.cancel("main", _ACTOR, task_id, _WHY)
    world.pass_time(2 * MINUTE)
    _take(world)


def _take(world: World) -> None:
    """Let a worker take all messages that can be received, outside of any schedule."""
    worker = world.functions.workers["normal"][0]
    for message in world.queues.visible():
        worker.take(message.body, worker.clock.now() + world.functions.time)
        world.queues.delete(message)


def _remember(world: World) -> None:
    """Note the events that have something personal so far: it was acknowledged."""
    rows = world.checker._table("journal")
    named = [text(row, "event_id") for row in rows if '"personal":' in text(row, "content")]
    world.memo["said"] = [*world.memo["said"], *named]


# What happens.


def say(world: World, function: Any, name: str) -> None:
    """Let an operator say something personal of the subject, and remember it if acknowledged."""

    def act(made: Any) -> None:
        made.journal.append(
            Event(
                id=name,
                owner="main",
                kind="test.said",
                actor=_ACTOR,
                subject=world.memo["subject"],
                at=world.now,
                personal={"reason": _WHY},
            )
        )
        world.memo["said"] = [*world.memo["said"], name]

    world.invoke(function, partial(act, function), function.name)


def look(world: World, function: Any) -> None:
    """Let somebody read what is personal of the subject, and so remember its key."""

    def act() -> None:
        world.memo.setdefault("seen", opened(function))
        wiring.erasures(function.container).list("main", None, 50)

    world.invoke(function, act, function.name)


def erase(world: World, *, elsewhere: bool = False) -> None:
    """Let an operator ask for the subject to be erased."""
    fields = {"subject": world.memo["subject"], "reason": "asked for"}

    def act(made: Any) -> None:
        wiring.erasures(made.container).ask("main", _ACTOR, fields)

    operate(world, act, elsewhere=elsewhere)


def opened(function: Any) -> dict[str, Any]:
    """Return what a container shows that is personal, by the events' ids."""
    found = []
    for number in range(STREAMS):
        found += function.journal.following(audit_stream("main", number), 0, 100)
    entries = [entry for entry in found if entry.sealed]
    shown = wiring.personal(function.container).opened(entries)
    return {entry.id: each for entry, each in zip(entries, shown, strict=True)}


@flow(a_deleted_job)
def erased(world: World) -> None:
    """A deleted job is erased, while two containers remember its key."""
    look(world, world.functions.api)
    say(world, world.functions.second_api, "said")
    world.settle()
    erase(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_deleted_job)
def erased_twice(world: World) -> None:
    """Two operators erase a job at once, and somebody says something of it."""
    erase(world)
    erase(world, elsewhere=True)
    world.settle()
    deliver(world)
    say(world, world.functions.second_api, "said")
    world.settle()


@flow(a_running_job)
def erased_while_running(world: World) -> None:
    """A job is cancelled, deleted and erased while its slot runs."""
    job = world.memo["subject"]
    _, sk = world.queues.visible()[0].task
    deliver(world)
    operate(world, lambda made: made.tasks.cancel("main", _ACTOR, f"{job}-{sk}", _WHY))
    world.settle()
    operate(world, lambda made: made.jobs.delete("main", _ACTOR, job))
    world.settle()
    erase(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_large_task_that_ended)
def erased_family(world: World) -> None:
    """A task with a large payload is erased, with the one that followed it."""
    erase(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task_that_ended)
def first_words(world: World) -> None:
    """Two containers say the first thing of a task, each making its key."""
    say(world, world.functions.api, "one")
    say(world, world.functions.second_api, "two")
    world.settle()
    say(world, world.functions.api, "three")
    world.settle()


@flow(a_task_that_ended)
def last_words(world: World) -> None:
    """The first thing is said of a task while it is erased."""
    erase(world)
    world.settle()
    deliver(world)
    say(world, world.functions.second_api, "said")
    world.settle()


# What is judged.


def judge(world: World) -> None:
    """Judge a world at rest, as a container sees it that remembers nothing, and as others do."""
    checker, subject = world.checker, world.memo["subject"]
    is_erased = _is_erased(world, subject)
    try:
        # Those first who may remember what they should have forgotten.
        for function in (world.functions.api, world.functions.second_api):
            _judge_reader(world, opened(function), is_erased=is_erased)
        world.functions.sweep.forget()
        shown = opened(world.functions.sweep)
        _judge_reader(world, shown, is_erased=is_erased)
        progress = verified(world)
    except Unavailable as error:
        checker.violated(VERIFIED, error.detail)
        return
    for trouble in progress.troubles:
        checker.violated(VERIFIED, f"{trouble.stream}: {trouble.what}")
    if is_erased and progress.erased != len(shown):
        checker.violated(VERIFIED, f"{progress.erased} of {len(shown)} are said to be erased")
    if is_erased:
        checker.judge(erasure_checker.clear(checker, _WORDS))


def _judge_reader(world: World, shown: dict[str, Any], *, is_erased: bool) -> None:
    for name in world.memo["said"]:
        what = shown.get(name)
        if is_erased and what != "erased":
            broken = NOWHERE if isinstance(what, dict) else READABLE
            world.checker.violated(broken, f"{name} is {what}")
        if not is_erased and not isinstance(what, dict) and not _is_begun(world):
            world.checker.violated(READABLE, f"{name} is {what}")


def _is_erased(world: World, subject: str) -> bool:
    """Return whether it was said that the subject is erased."""
    rows = [row for row in world.checker._table("work") if text(row, "kind") == "erasure"]
    is_done = any(text(row, "state") == "succeeded" for row in rows)
    return is_done and all(subject in text(row, "payload") for row in rows)


def _is_begun(world: World) -> bool:
    """Return whether an erasure has begun that has not ended well."""
    return any("erased_at" in row for row in world.checker._table("system"))


def verified(world: World) -> Progress:
    """Verify the journal of a world."""
    of, progress = world.functions.sweep.container, Progress()
    kind = journal_tasks.verify(of)
    signatures: Signatures = kind.signatures
    Verifier("main", kind._reading("main"), signatures.valid, progress).advance()
    return progress
