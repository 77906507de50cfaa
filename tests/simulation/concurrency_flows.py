"""Flows of slots that meet: each concurrency policy, with operators, crashes and zombies beside it.

A slot that waits to be tried again is live and keeps its job's lock: so two slots meet even where
one process runs after the other.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib.background.queue import encode
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Membership, TaskRef
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.service import Change, Draft
from chalicelib.schedules import normalize_schedule
from tests.simulation.checker import JOB_SECONDS
from tests.simulation.flows import FLOWS, deliver, flow, operate, sweep, take
from tests.simulation.job_flows import (
    carry_on,
    delete,
    edit,
    every,
    in_two_lanes,
    pause,
    resume,
    run_now,
)
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_ACTOR = "token:simulation"
_SECOND = timedelta(seconds=1)
_BACKOFF = 11 * _SECOND
FORBID, REPLACE, QUEUE_ONE = CronConcurrencyPolicy


# What they begin with.


def late_slots(policy: CronConcurrencyPolicy, number: int, *tools: str) -> Callable[[World], None]:
    """Begin with so many slots of a job whose messages are all late."""

    def prepare(world: World) -> None:
        api = world.functions.api
        schedule = normalize_schedule({"every": f"{JOB_SECONDS}s"}, now=world.now)
        draft = Draft("job", schedule, "look", list(tools), policy)
        world.memo["job"] = f"main#{api.jobs.create('main', _ACTOR, draft).job.id}"
        for _ in range(number):
            world.pass_time(3 * MINUTE)
            world.functions.tick.tick.run()
            world.pass_time(2 * MINUTE)

    return prepare


def a_backoff(
    policy: CronConcurrencyPolicy, number: int = 2, which: int = 0
) -> Callable[[World], None]:
    """Begin with late slots, one of which has failed once and keeps the lock until it goes on."""

    def prepare(world: World) -> None:
        late_slots(policy, number, "sim.flaky")(world)
        worker = world.functions.workers["normal"][0]
        held = slot_of(world, which)
        for message in list(world.queues.messages):
            if message.task == tuple(held):
                world.queues.receive(message)
                world.queues.delete(message)
        world.checker.flaking = 1
        worker.worker.handle(held, world.now + 280 * _SECOND)

    return prepare


def a_waiter(number: int = 2) -> Callable[[World], None]:
    """Begin with late slots of QueueOne: the first keeps the lock, and the second waits for it."""

    def prepare(world: World) -> None:
        a_backoff(QUEUE_ONE, number)(world)
        waiter = slot_of(world, 1)
        message = next(each for each in world.queues.visible() if each.task == tuple(waiter))
        world.queues.receive(message)
        world.queues.delete(message)
        worker = world.functions.workers["normal"][0].worker
        worker.handle(waiter, world.now + 280 * _SECOND)

    return prepare


def a_dead_holder(policy: CronConcurrencyPolicy, number: int = 2) -> Callable[[World], None]:
    """Begin with late slots, the first of which was locked and fired by a worker that then died."""

    def prepare(world: World) -> None:
        late_slots(policy, number, "sim.post")(world)
        work = world.functions.sweep.worker.work
        task = take(world, slot_of(world, 0))
        world.functions.api.jobs.jobs.lock(task, task.ver)
        work.renew(task, world.now)

    return prepare


def slot_of(world: World, which: int) -> TaskRef:
    """Return one of a job's rows, the oldest first."""
    pk = world.memo["job"]
    return TaskRef(pk, sorted(sk for at, sk in world.checker.rows_now() if at == pk)[which])


def on_task(world: World, verb: str, which: int, *more: Any, elsewhere: bool = False) -> None:
    """Let an operator do something with the task of a slot."""
    task = slot_of(world, which).id
    operate(
        world,
        lambda api: getattr(api.tasks, verb)("main", _ACTOR, task, *more),
        elsewhere=elsewhere,
    )


def and_then(world: World, *, sweeps: bool = False) -> None:
    """Let what waits be tried again, and what it lets go on go on."""
    world.settle()
    for _ in range(3):
        world.pass_time(_BACKOFF)
        deliver(world)
        if sweeps:
            sweep(world)
        world.settle()


# QueueOne.


@flow(late_slots(QUEUE_ONE, 2, "sim.post"), 2)
def queued(world: World) -> None:
    """Two slots are delivered at once: both run, one after the other."""
    deliver(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_backoff(QUEUE_ONE), 1)
def waiting(world: World) -> None:
    """A slot waits for another one that is tried again, and runs when that has ended."""
    deliver(world)
    and_then(world)


@flow(late_slots(QUEUE_ONE, 3, "sim.look"), 1)
def crowded(world: World) -> None:
    """Three slots are delivered at once: one runs, one waits, and one may find the queue full."""
    deliver(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_backoff(QUEUE_ONE, 3), 1)
def queue_full(world: World) -> None:
    """Two slots come while a third keeps the lock: one waits, the other finds the queue full."""
    deliver(world)
    and_then(world)


@flow(a_backoff(QUEUE_ONE))
def overheard(world: World) -> None:
    """A slot inherits the lock, and its message may come, before it was put back to wait."""
    world.pass_time(_BACKOFF)
    for message in sorted(world.queues.visible(), key=lambda each: each.task, reverse=True):
        world.deliver(message)
    worker = world.functions.worker("normal")
    world.invoke(worker, lambda: take_what_has_come(world, worker))
    and_then(world)


def take_what_has_come(world: World, worker: Any) -> None:
    """Let a worker take all messages that are there when its turn comes."""
    for message in world.queues.visible():
        world.queues.receive(message)
        worker.take(message.body, worker.clock.now() + world.functions.time)
        world.queues.delete(message)


@flow(a_waiter(), 1)
def resent_waiter(world: World) -> None:
    """A waiter's message comes again while it waits, and once more while it is let go on."""
    body = encode(slot_of(world, 1))
    for seconds in (0, 10):
        world.queues.send("normal", body, seconds)
    deliver(world)
    and_then(world, sweeps=True)


@flow(a_waiter())
def cancelled_waiter(world: World) -> None:
    """An operator cancels a waiter, and another slot may wait in its place."""
    on_task(world, "cancel", 1, "enough")
    and_then(world)


@flow(in_two_lanes(a_waiter(3)))
def waiters_place(world: World) -> None:
    """A waiter is cancelled while two others want its place, one of them a firing at once."""
    on_task(world, "cancel", 1, "enough")
    run_now(world, elsewhere=True)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    and_then(world)


@flow(a_waiter())
def holder_cancelled(world: World) -> None:
    """An operator cancels the slot that another one waits for."""
    on_task(world, "cancel", 0, "enough")
    deliver(world)
    and_then(world)


@flow(a_waiter())
def holder_retried(world: World) -> None:
    """The slot that another one waits for is cancelled and retried, beside its waiter's run."""
    on_task(world, "cancel", 0, "enough")
    world.settle()
    deliver(world)
    on_task(world, "retry", 0)
    and_then(world)


@flow(a_waiter())
def put_off(world: World) -> None:
    """Operators pause a waiter and the slot that it waits for, and resume both."""
    world.memo["resumes"] = True
    which = world.chance.choice((0, 1))
    on_task(world, "pause", which)
    on_task(world, "pause", 1 - which, elsewhere=True)
    world.settle()
    on_task(world, "resume", which)
    and_then(world)


@flow(a_waiter())
def job_paused_meanwhile(world: World) -> None:
    """A job is paused while one of its slots waits, and may be resumed before that slot goes on."""
    pause(world)
    world.settle()
    if world.chance.random() < 1 / 2:
        resume(world)
    and_then(world)


@flow(a_waiter())
def job_deleted_meanwhile(world: World) -> None:
    """A job is deleted while one of its slots waits for another."""
    delete(world)
    and_then(world)


@flow(a_waiter())
def job_edited_meanwhile(world: World) -> None:
    """A job is edited while one of its slots waits; it has that slot still, or no more."""
    edit(world, every(world.chance.choice((60, 7 * JOB_SECONDS // 5))))
    and_then(world)


@flow(a_dead_holder(QUEUE_ONE), 1)
def waiting_for_the_dead(world: World) -> None:
    """A slot waits for one whose worker is dead, until that is rescued."""
    deliver(world)
    world.settle()
    world.pass_time(2 * MINUTE)
    sweep(world)
    world.settle()
    and_then(world)


# Replace.


@flow(late_slots(REPLACE, 2, "sim.post"), 2)
def replaced(world: World) -> None:
    """Two slots are delivered at once: the newer one runs, whatever the older one has begun."""
    deliver(world)
    world.settle()


@flow(a_backoff(REPLACE), 1)
def taken_over(world: World) -> None:
    """A slot takes over from one that waits to be tried again."""
    deliver(world)
    and_then(world)


@flow(late_slots(REPLACE, 3, "sim.put"), 1)
def overrun(world: World) -> None:
    """Three slots are delivered at once: the newest one runs."""
    deliver(world)
    world.settle()


@flow(a_backoff(REPLACE, 2, 1), 1)
def too_old(world: World) -> None:
    """A slot comes late, while a newer one is live: it is skipped."""
    deliver(world)
    and_then(world)


@flow(a_dead_holder(REPLACE), 1)
def replacing_the_dead(world: World) -> None:
    """A slot takes over from one whose worker is dead, or about to be rescued."""
    deliver(world)
    sweep(world)
    world.settle()
    world.pass_time(2 * MINUTE)
    sweep(world)
    and_then(world)


@flow(a_backoff(REPLACE))
def replaced_and_retried(world: World) -> None:
    """An operator retries a slot as soon as another one has replaced it."""
    deliver(world)
    world.settle()
    on_task(world, "retry", 0)
    and_then(world)


@flow(a_backoff(REPLACE))
def cancelled_or_replaced(world: World) -> None:
    """An operator cancels or pauses a slot while another one replaces it."""
    world.memo["resumes"] = True
    if world.chance.random() < 1 / 2:
        on_task(world, "cancel", 0, "enough")
    else:
        on_task(world, "pause", 0)
    deliver(world)
    and_then(world)


@flow(a_backoff(REPLACE))
def paused_or_replaced(world: World) -> None:
    """A job is paused, and perhaps resumed, while one of its slots replaces another."""
    deliver(world)
    pause(world)
    world.settle()
    resume(world)
    and_then(world)


@flow(a_backoff(REPLACE))
def deleted_or_replaced(world: World) -> None:
    """A job is deleted, or edited to times that have the slot still, while one replaces another."""
    deliver(world)
    if world.chance.random() < 1 / 2:
        delete(world)
    else:
        edit(world, every(60))
    and_then(world)


@flow(a_backoff(REPLACE))
def called_back(world: World) -> None:
    """A slot is cancelled before it has replaced another one, which an operator has paused."""
    world.memo["resumes"] = True
    on_task(world, "pause", 0)
    world.settle()
    deliver(world)
    on_task(world, "cancel", 1, "enough")
    world.settle()
    world.pass_time(2 * MINUTE)
    sweep(world)
    world.settle()
    world.pass_time(2 * MINUTE)
    and_then(world, sweeps=True)


def a_parent_slot(world: World) -> None:
    """Begin with a slot that keeps the lock and has delegated a task, and another one."""
    a_backoff(REPLACE)(world)
    draft = TaskDraft(
        kind="background_prompt",
        payload={"prompt": "look", "tools": ["sim.look"]},
        parent=slot_of(world, 0).id,
        membership=Membership("g", serial=False),
    )
    world.functions.api.tasks.create("main", _ACTOR, draft)


@flow(a_parent_slot)
def replaced_parent(world: World) -> None:
    """A slot that has delegated is replaced: what it delegated is asked to stop first."""
    deliver(world)
    and_then(world)


# Forbid, and jobs that change their policy.


@flow(a_backoff(FORBID, 3), 1)
def forbidden(world: World) -> None:
    """Slots come while another one keeps the lock: they are skipped."""
    deliver(world)
    and_then(world)


@flow(a_waiter(3))
def policy_changed(world: World) -> None:
    """A job that lets a slot wait replaces from now on, or forbids; and then another one comes."""
    to = world.chance.choice((REPLACE, FORBID))
    edit(world, Change(concurrency=to))
    if world.chance.random() < 1 / 2:
        world.settle()
    deliver(world)
    and_then(world)


@flow(a_backoff(REPLACE))
def policy_withdrawn(world: World) -> None:
    """A job forbids from now on, while one of its slots is about to replace another."""
    deliver(world)
    edit(world, Change(concurrency=FORBID))
    and_then(world)


@flow(in_two_lanes(a_backoff(FORBID)))
def policy_to_and_fro(world: World) -> None:
    """Two operators change a job's policy while its slots meet, one of them asked for at once."""
    edit(world, Change(concurrency=REPLACE))
    edit(world, Change(concurrency=QUEUE_ONE), elsewhere=True)
    run_now(world)
    deliver(world)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    and_then(world)


@flow(in_two_lanes(late_slots(REPLACE, 1, "sim.slow")))
def run_over(world: World) -> None:
    """A job is run at once while its slot is running, which is replaced."""
    deliver(world)
    run_now(world)
    world.settle()
    world.pass_time(2 * _SECOND)
    deliver(world)
    world.settle()
    carry_on(world, 1)
