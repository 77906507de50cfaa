"""Flows of capabilities: a run asks a node, which answers, by two containers, under every fault.

A node forgets what it did when it dies: it comes with a new claim. Where it gets no answer it asks
once more under the same one.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.background.service import TaskDraft
from chalicelib.errors import PalyraError, Unavailable
from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.capabilities.capability import Capability, Effect
from chalicelib.nodes.capabilities.invocations.dispatching import Dispatcher
from chalicelib.nodes.capabilities.invocations.request import RequestState
from chalicelib.nodes.certificates.columns import device_row
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.store import CertificateStore
from tests.simulation import invocation_checker
from tests.simulation.containers import Function
from tests.simulation.flows import deliver, flow, operate
from tests.simulation.node_services import ASK, CAPABILITY, NODE, STRANGER
from tests.simulation.pairing_flows import FLOWS, WEIGHT
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_ACTOR = "token:simulation"
_HOUR = timedelta(hours=1)


# What flows begin with.


def asking(*, idempotent: bool = False, mediation: bool = False) -> Callable[[World], None]:
    """Begin with a task whose run will ask a node that was granted what it declared."""

    def prepare(world: World) -> None:
        api = world.functions.api
        for id_ in (NODE, STRANGER):
            device_row(_device(world, id_)).put(IdentityRow.pk.does_not_exist())
        service = api.capabilities
        declared = Capability(
            name=CAPABILITY,
            description="Open the door.",
            arguments={"type": "object"},
            effect=Effect.WRITE,
            is_idempotent=idempotent,
            needs_mediation=mediation,
        )
        for id_ in (NODE, STRANGER):
            service.register(_device(world, id_), [declared])
            service.grant("main", id_, CAPABILITY, "", _ACTOR)
        payload = {"prompt": "open it", "tools": [ASK]}
        draft = TaskDraft(kind="background_prompt", payload=payload)
        task = api.tasks.create("main", _ACTOR, draft).task.ref.id
        world.memo.update(done=(), task=task, revoked=False)

    return prepare


def _device(world: World, device_id: str) -> Device:
    return Device(
        owner="main",
        id=device_id,
        kind="daemon",
        label="",
        state=DeviceState.ACTIVE,
        generation=1,
        paired_generation=1,
        paired_at=world.now,
        changed_at=world.now,
        changed_by=_ACTOR,
        version=1,
    )


# What happens.


def poll(world: World, claim: str, *, elsewhere: bool = False, answers: bool = True) -> None:
    """Let the node ask for its requests, do what it is handed, and answer or not."""
    function = world.functions.second_api if elsewhere else world.functions.api
    act = partial(_poll, world, function, claim, answers=answers)
    world.invoke(function, act, f"node-{claim}")


def _poll(world: World, function: Function, claim: str, *, answers: bool) -> None:
    device = CertificateStore().device("main", NODE)
    if device is None or device.state is not DeviceState.ACTIVE:
        return
    dispatcher = function.dispatcher
    for each in dispatcher.waiting(device).items:
        _do(world, dispatcher, device, each.id, claim, answers=answers)


def _do(
    world: World, node: Dispatcher, device: Device, asked: str, claim: str, *, answers: bool
) -> None:
    request = _twice(lambda: node.take(device, asked, claim))
    if request.state is RequestState.AWAITING_LOCAL_MEDIATION:
        request = _twice(lambda: node.mediate(device, asked, claim, agreed=True))
    world.memo["done"] = (*world.memo["done"], asked)
    if answers:
        _twice(lambda: node.succeed(device, asked, claim, {"node": NODE, "claim": claim}))


def _twice[T](ask: Callable[[], T]) -> T:
    with suppress(Unavailable):
        return ask()
    return ask()


def answer_for_another(world: World, claim: str) -> None:
    """Let another node, which knows all there is to know, answer in the node's place."""
    function = world.functions.second_api

    def act() -> None:
        device = CertificateStore().device("main", STRANGER)
        assert device is not None
        dispatcher = function.dispatcher
        for each in function.invoker.list("main", NODE, None, 10).items:
            said = {"node": STRANGER, "claim": claim}
            with suppress(PalyraError):
                dispatcher.take(device, each.id, claim)
            with suppress(PalyraError):
                dispatcher.succeed(device, each.id, claim, said)

    world.invoke(function, act, "stranger")


def answer_late(world: World, claim: str) -> None:
    """Let the node answer under a claim that it gave up."""
    function = world.functions.api

    def act() -> None:
        device = CertificateStore().device("main", NODE)
        assert device is not None
        dispatcher = function.dispatcher
        for each in function.invoker.list("main", NODE, None, 10).items:
            with suppress(PalyraError):
                dispatcher.succeed(device, each.id, claim, {"node": NODE, "claim": claim})

    world.invoke(function, act, f"node-{claim}")


def revoke(world: World, *, elsewhere: bool = False) -> None:
    """Let an operator throw the node out; from the answer on, it is out."""

    def act(function: Any) -> None:
        devices = function.devices
        devices.revoke("main", NODE, "lost", _ACTOR, function.clock.now())
        world.memo["revoked"] = True

    operate(world, act, elsewhere=elsewhere)


def look_after(world: World) -> None:
    """Let the sweep look after requests."""
    function = world.functions.sweep
    upkeep = function.request_upkeep
    deadline = timedelta(seconds=45)
    world.invoke(function, lambda: upkeep.run(function.clock.now() + deadline))


@flow(asking(), WEIGHT)
def asked(world: World) -> None:
    """A run asks a node, which answers; the run goes on."""
    deliver(world)
    world.settle()
    poll(world, "first")
    world.settle()
    deliver(world)
    world.settle()


@flow(asking(), WEIGHT)
def asked_at_once(world: World) -> None:
    """Run, node and a second process of it are at work at once, and messages come twice."""
    first = world.queues.visible()[0]
    second = world.queues.duplicate(first)
    world.deliver(first)
    world.deliver(second)
    poll(world, "first")
    world.settle()
    poll(world, "first")
    poll(world, "second", elsewhere=True)
    deliver(world)
    world.settle()
    world.pass_time(2 * MINUTE)
    look_after(world)
    poll(world, "third", elsewhere=True)
    deliver(world)
    world.settle()


@flow(asking(idempotent=True), WEIGHT)
def asked_again(world: World) -> None:
    """What does no harm twice is handed over again, and both processes answer late."""
    deliver(world)
    world.settle()
    poll(world, "first", answers=False)
    world.settle()
    world.pass_time(2 * MINUTE)
    poll(world, "second", elsewhere=True, answers=False)
    world.settle()
    for claim in ("first", "second"):
        answer_late(world, claim)
        world.settle()
    deliver(world)
    world.settle()


@flow(asking(), WEIGHT)
def asked_of_nobody(world: World) -> None:
    """The node does not ask for its requests; what waits for it goes on all the same."""
    deliver(world)
    world.settle()


@flow(asking(mediation=True), WEIGHT)
def mediated(world: World) -> None:
    """The person at the node agrees, asked by one process and by another."""
    deliver(world)
    world.settle()
    poll(world, "first")
    poll(world, "second", elsewhere=True)
    world.settle()
    deliver(world)
    world.settle()


@flow(asking(), WEIGHT)
def answered_by_another(world: World) -> None:
    """Another node answers first, under the claim of the one that was asked."""
    deliver(world)
    world.settle()
    answer_for_another(world, "first")
    poll(world, "first")
    world.settle()
    answer_for_another(world, "first")
    world.settle()
    deliver(world)
    world.settle()


@flow(asking(), WEIGHT)
def revoked_meanwhile(world: World) -> None:
    """The node is thrown out while it takes what it was asked."""
    deliver(world)
    world.settle()
    poll(world, "first")
    revoke(world, elsewhere=True)
    world.settle()
    poll(world, "second")
    look_after(world)
    world.settle()
    deliver(world)
    world.settle()


def judge(world: World) -> None:
    """Judge a world in which all that was begun is over, and the sweep has seen it."""
    for _ in range(2):
        world.pass_time(_HOUR)
        look_after(world)
        world.settle()
        deliver(world)
        world.settle()
    world.checker.judge(invocation_checker.history(world))
