"""Flows of policies that are changed while slots are dispatched; the rooms' authority decides."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.service import Change
from tests.simulation.concurrency_flows import late_slots
from tests.simulation.flows import a_slot, deliver, flow, operate, tick
from tests.simulation.misfire_flows import FLOWS
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_ACTOR = "token:simulation"
FORBIDDEN = """
@id("nothing-by-schedule")
forbid (principal, action == Action::"dispatch", resource)
when { context.trigger == "schedule" };
"""


def under_policies(active: int = 0, versions: int = 1) -> Callable[[World], None]:
    """Begin with a slot that is due, and versions of policies that forbid it, or one that does."""

    def prepare(world: World) -> None:
        a_slot("sim.look")(world)
        world.memo["policies"] = True
        for _ in range(versions):
            create(world.functions.api)
        if active:
            activate(world.functions.api, active)
            world.pass_time(MINUTE)

    return prepare


def create(api: Any) -> None:
    """Keep a version of policies that forbid what a schedule starts."""
    api.policies.create("main", _ACTOR, FORBIDDEN, "")


def activate(api: Any, version: int) -> None:
    """Let a version decide."""
    api.policies.activate("main", _ACTOR, version, None)


def next_slot(world: World) -> None:
    """Let the next slot come due, and its message."""
    world.pass_time(2 * MINUTE)
    tick(world)
    world.settle()
    world.pass_time(4 * MINUTE)
    deliver(world)
    world.settle()


def a_limited_job(world: World) -> None:
    """Begin with two late slots of a job that replaces, and may run once more."""
    late_slots(CronConcurrencyPolicy.REPLACE, 2, "sim.look")(world)
    job = world.memo["job"].partition("#")[2]
    world.functions.api.jobs.edit("main", _ACTOR, job, Change(terms={"max_runs": 1}))
    world.memo.update(ticks=True, counts=True)


@flow(a_limited_job, 1)
def limited_and_replaced(world: World) -> None:
    """A slot is about to replace the run that is the last one allowed, which begins meanwhile."""
    deliver(world)
    world.settle()
    world.pass_time(MINUTE)
    deliver(world)
    tick(world)
    world.settle()


@flow(under_policies(), 2)
def tightened(world: World) -> None:
    """A slot is dispatched while an operator forbids it; the next one comes much later."""
    deliver(world)
    operate(world, partial(activate, version=1))
    world.settle()
    next_slot(world)


@flow(under_policies(active=1), 2)
def loosened(world: World) -> None:
    """A slot is dispatched while an operator allows it again."""
    deliver(world)
    operate(world, lambda api: api.policies.roll_back("main", _ACTOR, None))
    world.settle()
    next_slot(world)


@flow(under_policies(versions=2), 1)
def activated_twice(world: World) -> None:
    """Two operators let other policies decide at once, and another one looks at all of them."""
    operate(world, partial(activate, version=1))
    operate(world, partial(activate, version=2), elsewhere=True)
    world.settle()
    operate(world, lambda api: api.policies.list("main", None, 10))
    operate(world, create, elsewhere=True)
    deliver(world)
    world.settle()
