"""Flows of operators who change jobs, run them at once, and ask for the same thing twice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Lane
from chalicelib.errors import PalyraError, Unavailable
from chalicelib.scheduler.service import Change, Draft
from chalicelib.schedules import At, Every
from tests.simulation.checker import JOB_SECONDS
from tests.simulation.flows import (
    FLOWS,
    a_job,
    a_slot,
    deliver,
    draft_job,
    flow,
    nothing,
    operate,
    rounds,
    tick,
)
from tests.simulation.world import MINUTE, START, World

__all__ = ["FLOWS"]

_SECOND = timedelta(seconds=1)
_SOON = START + 5 * MINUTE


# What operators ask for.


def ask(
    world: World,
    act: Callable[[Any, str], Any],
    *,
    expected: int | None = None,
    keyed: str = "",
    elsewhere: bool = False,
) -> None:
    """Let an operator of their own name ask for something; whoever repeats a key shares it."""
    requests = world.checker.requests
    actor = f"token:{keyed or len(requests.asked)}"
    requests.asked[actor] = expected or 0

    def make(api: Any) -> None:
        try:
            answer = act(api, actor)
        except Unavailable:
            raise  # Whether it was done is not known.
        except PalyraError:
            requests.refused.add(actor)
            raise
        if keyed:
            requests.answers.setdefault(actor, set()).add(answer)

    operate(world, make, elsewhere=elsewhere)


def edit(
    world: World, change: Change, *, expected: int | None = None, elsewhere: bool = False
) -> None:
    """Ask for a job to be different."""
    job = the_job(world)
    ask(
        world,
        lambda api, actor: api.jobs.edit("main", actor, job, change, expected),
        expected=expected,
        elsewhere=elsewhere,
    )


def pause(world: World, *, elsewhere: bool = False) -> None:
    """Ask for a job to pause."""
    ask(
        world,
        lambda api, actor: api.jobs.pause("main", actor, the_job(world)),
        elsewhere=elsewhere,
    )


def resume(world: World, *, elsewhere: bool = False) -> None:
    """Ask for a job to go on."""
    ask(
        world,
        lambda api, actor: api.jobs.resume("main", actor, the_job(world)),
        elsewhere=elsewhere,
    )


def delete(world: World, *, expected: int | None = None, elsewhere: bool = False) -> None:
    """Ask for a job to be deleted."""
    ask(
        world,
        lambda api, actor: api.jobs.delete("main", actor, the_job(world), expected),
        expected=expected,
        elsewhere=elsewhere,
    )


def run_now(world: World, *, elsewhere: bool = False) -> None:
    """Ask for a job to run at once."""
    ask(
        world,
        lambda api, actor: api.jobs.run_now("main", actor, the_job(world)),
        elsewhere=elsewhere,
    )


def the_job(world: World) -> str:
    """Return the id of the flow's job."""
    job: str = world.memo["job"].partition("#")[2]
    return job


def every(seconds: int, anchor: datetime = START) -> Change:
    """Return the change to another interval; the job's own anchor keeps some of its slots."""
    return Change(schedule=Every(timedelta(seconds=seconds), anchor))


def at(instant: datetime) -> Change:
    """Return the change to a single slot."""
    return Change(schedule=At(instant))


def hand_over(world: World) -> None:
    """Let the tick come that hands the first slot over, two minutes before it."""
    world.pass_time(3 * MINUTE)
    tick(world)
    world.settle()


def carry_on(world: World, minutes: int = 2) -> None:
    """Let what the operators asked for happen, and then what it led to."""
    world.settle()
    world.pass_time(minutes * MINUTE)
    tick(world)
    deliver(world)
    world.settle()


# Edits.


@flow(a_job)
def changed(world: World) -> None:
    """A job is edited between the tick and the slot; it has the slot still, or no more."""
    seconds = world.chance.choice((JOB_SECONDS // 2, 7 * JOB_SECONDS // 5))
    world.pass_time(3 * MINUTE)
    tick(world)
    edit(world, every(seconds))
    world.settle()
    world.pass_time(2 * MINUTE)
    deliver(world)
    world.settle()


@flow(a_job)
def edited(world: World) -> None:
    """A job is edited when its slots are handed over, due, or missed for a long time."""
    waited = world.chance.choice((4, 5, 6, 16))
    if waited in {4, 6}:
        hand_over(world)
    world.pass_time(START + waited * MINUTE + 2 * _SECOND - world.now)
    edit(world, every(world.chance.choice((120, 240, 3_600)), world.now))
    tick(world)
    carry_on(world)
    carry_on(world)


@flow(a_job)
def edited_meanwhile(world: World) -> None:
    """Two operators edit a job while a tick hands its slots over."""
    world.pass_time(5 * MINUTE + _SECOND)
    edit(world, every(2 * JOB_SECONDS))
    edit(world, every(JOB_SECONDS // 5), elsewhere=True)
    tick(world)
    carry_on(world)


@flow(a_job)
def reworded(world: World) -> None:
    """A job's prompt is edited: all its slots stay, before and after."""
    hand_over(world)
    edit(world, Change(prompt="look again"))
    tick(world)
    edit(world, Change(prompt="look elsewhere", name="other"), elsewhere=True)
    carry_on(world)
    carry_on(world, 3)


@flow(a_job)
def expected(world: World) -> None:
    """Two operators edit the same version of a job, and one of them is told."""
    hand_over(world)
    edit(world, every(2 * JOB_SECONDS), expected=1)
    edit(world, Change(prompt="look again"), expected=1, elsewhere=True)
    world.settle()
    delete(world, expected=2)
    carry_on(world)


# Pauses.


@flow(a_slot("sim.put"))
def halted(world: World) -> None:
    """A job is paused while its slot may be running, and resumed later."""
    deliver(world)
    pause(world)
    world.settle()
    if world.chance.random() < 1 / 2:
        resume(world)
    world.settle()
    rounds(world, 2)


@flow(a_job)
def paused_job(world: World) -> None:
    """A job is paused over several slots, the first of them handed over."""
    hand_over(world)
    pause(world)
    world.settle()
    for _ in range(2):
        carry_on(world, 4)
    resume(world)
    carry_on(world)


@flow(a_job)
def resumed_late(world: World) -> None:
    """A job is paused before its slots and resumed after them, by two operators at once."""
    world.pass_time(world.chance.choice((1, 6)) * MINUTE)
    pause(world)
    world.settle()
    if world.chance.random() < 1 / 3:
        edit(world, every(2 * JOB_SECONDS))
        world.settle()
    world.pass_time(20 * MINUTE)
    tick(world)
    resume(world)
    resume(world, elsewhere=True)
    carry_on(world)
    carry_on(world)


@flow(a_job)
def flickering(world: World) -> None:
    """A job is paused and resumed at once, while its slot is handed over."""
    world.pass_time(3 * MINUTE)
    pause(world)
    tick(world)
    resume(world, elsewhere=True)
    world.settle()
    resume(world)
    carry_on(world)


# The end.


@flow(a_job)
def deleted(world: World) -> None:
    """A job is deleted before its slots, or after some were missed, and while it is edited."""
    if world.chance.random() < 1 / 2:
        hand_over(world)
    else:
        world.pass_time(16 * MINUTE)
    delete(world)
    edit(world, every(2 * JOB_SECONDS), elsewhere=True)
    world.settle()
    delete(world)
    carry_on(world)
    tick(world)
    world.settle()


# At once.


def in_two_lanes(prepare: Callable[[World], None]) -> Callable[[World], None]:
    """Begin with something in a world in which the lane of hurried firings is swept, too."""

    def prepare_both(world: World) -> None:
        prepare(world)
        world.memo["lanes"] = (Lane.NORMAL, Lane.HIGH)

    return prepare_both


@flow(in_two_lanes(a_job))
def run_beside(world: World) -> None:
    """Two operators run a job at once, beside its slot: one runs, the others come too late."""
    hand_over(world)
    world.pass_time(2 * MINUTE - 2 * _SECOND)
    run_now(world)
    run_now(world, elsewhere=True)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    world.settle()
    world.pass_time(_SECOND)
    carry_on(world)


@flow(in_two_lanes(a_slot("sim.slow")))
def run_during(world: World) -> None:
    """A job is run at once while its slot is running."""
    deliver(world)
    run_now(world)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    world.settle()


@flow(in_two_lanes(a_job))
def run_and_changed(world: World) -> None:
    """A job is run at once, and changed right after that."""
    world.pass_time(JOB_SECONDS * _SECOND - _SECOND)
    run_now(world)
    # The interval of 301 seconds has the very slot that the firing took.
    seconds = world.chance.choice((61, JOB_SECONDS + 1))
    do = world.chance.choice((pause, delete, lambda world: edit(world, every(seconds))))
    do(world)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    carry_on(world)


# One instant.


def a_job_at(world: World) -> None:
    """Begin with a job of one slot, five minutes ahead."""
    api = world.functions.api
    draft = Draft(name="job", schedule=At(_SOON), prompt="look", tools=["sim.look"])
    job = api.jobs.create("main", "token:simulation", draft).job
    world.memo.update(ticks=True, job=f"main#{job.id}")


@flow(a_job_at)
def at_job(world: World) -> None:
    """A job has one slot: it fires once, and nothing is due any more."""
    hand_over(world)
    carry_on(world)
    carry_on(world, 1)


@flow(a_job_at)
def at_paused(world: World) -> None:
    """A job's only slot passes while it is paused, handed over or not."""
    if world.chance.random() < 1 / 2:
        hand_over(world)
    pause(world)
    world.settle()
    world.pass_time(6 * MINUTE)
    deliver(world)
    resume(world)
    carry_on(world)


@flow(a_job_at)
def at_edited(world: World) -> None:
    """A job of one slot gets many, and then one again; the first may have been handed over."""
    if world.chance.random() < 1 / 2:
        hand_over(world)
    edit(world, every(world.chance.choice((60, JOB_SECONDS))))
    carry_on(world)
    edit(world, at(world.now + 3 * MINUTE))
    carry_on(world)
    carry_on(world)


# The same request twice.


def key_of(actor: str, route: str) -> RequestKey:
    """Return the key of a request; its body is always the same."""
    return RequestKey("main", actor, route, "nightly", "0" * 64)


@flow(nothing)
def keyed_job(world: World) -> None:
    """A request that makes a job comes twice, by two containers."""

    def make(api: Any, actor: str) -> str:
        made: str = api.jobs.create("main", actor, draft_job(api), key_of(actor, "jobs")).job.id
        return made

    twice(world, make)
    world.memo["ticks"] = True
    carry_on(world)


@flow(nothing)
def keyed_task(world: World) -> None:
    """A request that makes a task comes twice; the task may have a dedupe key as well."""
    dedupe_key = world.chance.choice((None, "nightly"))
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "look"}, dedupe_key=dedupe_key)

    def make(api: Any, actor: str) -> str:
        made: str = api.tasks.create("main", actor, draft, key_of(actor, "tasks")).task.ref.id
        return made

    twice(world, make)
    carry_on(world)


@flow(in_two_lanes(a_job))
def keyed_firing(world: World) -> None:
    """A request to run a job comes twice, and once more after the job was paused."""

    def make(api: Any, actor: str) -> str:
        key = key_of(actor, "run")
        made: str = api.jobs.run_now("main", actor, the_job(world), key).task.ref.id
        return made

    twice(world, make)
    world.pass_time(2 * _SECOND)
    deliver(world)
    pause(world)
    ask(world, make, keyed="keyed")
    carry_on(world)


def twice(world: World, make: Callable[[Any, str], str]) -> None:
    """Let a request come twice at once, and then again."""
    ask(world, make, keyed="keyed")
    ask(world, make, keyed="keyed", elsewhere=True)
    world.settle()
    ask(world, make, keyed="keyed")
    world.settle()
