"""Flows of approvals: asked, decided, ended and followed while anything may go wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.approvals.prompt import Order, Scope, State, Verdict
from chalicelib.background.task import Checkpoint, TaskRef
from chalicelib.providers import ToolCall
from chalicelib.runs.consent import call_id
from chalicelib.runs.step import Step, encode
from tests.simulation.erasure_flows import FLOWS
from tests.simulation.flows import a_slot, a_task, deliver, flow, operate, rounds, sweep
from tests.simulation.items import number
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

HOUR = timedelta(hours=1)
_ANA, _BEN = "token:ana", "token:ben"
_SECOND = timedelta(seconds=1)


# What flows begin with.


def waiting(*tools: str, **more: Any) -> Callable[[World], None]:
    """Begin with a task that waits for an approval."""

    def prepare(world: World) -> None:
        a_task(*tools, **more)(world)
        take_all(world)
        remember(world)

    return prepare


def a_waiting_slot(world: World) -> None:
    """Begin with a slot that waits for an approval and holds its job's lock."""
    a_slot("sim.ask")(world)
    take_all(world)
    remember(world)
    world.memo["ticks"] = False


def take_all(world: World) -> None:
    """Let a worker take all messages that can be received, outside of any schedule."""
    worker = world.functions.workers["normal"][0]
    for message in world.queues.visible():
        worker.take(message.body, worker.clock.now() + world.functions.time)
        world.queues.delete(message)


def remember(world: World) -> None:
    """Note the prompt that is asked, whose id everybody knows who looks at the list."""
    (row,) = [row for row in world.checker._table("approvals") if "title" in row]
    world.memo["approval"] = row["pk"]["S"].partition("#")[2]


# What happens.


def decide(
    world: World, verdict: Verdict, actor: str, scope: Scope | None = None, *, elsewhere: bool
) -> None:
    """Let an operator decide the prompt."""
    order = Order(verdict, actor, scope)

    def act(api: Any) -> None:
        api.approvals.decide("main", world.memo["approval"], order)

    operate(world, act, elsewhere=elsewhere)


def decide_all(world: World, verdict: Verdict = Verdict.APPROVE) -> None:
    """Let an operator decide whatever the list shows as pending."""

    def act(api: Any) -> None:
        for record in api.approvals.list("main", State.PENDING, None, 10).items:
            api.approvals.decide("main", record.id, Order(verdict, _ANA))

    operate(world, act)


def watch(world: World, *, second: bool = False) -> None:
    """Let the watch run."""
    functions = world.functions
    watch_by(world, functions.second_sweep if second else functions.sweep)


def watch_by(world: World, function: Any) -> None:
    """Let one watch run."""
    until = function.clock.now() + 45 * _SECOND
    world.invoke(function, partial(function.approval_watch.run, until))


def looks(world: World) -> list[datetime]:
    """Return when somebody must look at a prompt."""
    rows = world.checker._table("approvals")
    return [
        datetime.fromtimestamp(number(row, "wake_at") / 1000, UTC)
        for row in rows
        if "wake_at" in row
    ]


def watch_if_due(world: World) -> None:
    """Let the watch run where it, whose clock may be wrong, could find anything."""
    now = world.now + world.functions.sweep.clock.skew
    if any(each <= now for each in looks(world)):
        watch_by(world, world.functions.sweep)


@flow(waiting("sim.ask"), 1)
def approved(world: World) -> None:
    """A call is approved twice at once, and made once."""
    decide(world, Verdict.APPROVE, _ANA, elsewhere=False)
    decide(world, Verdict.APPROVE, _BEN, elsewhere=True)
    world.settle()
    deliver(world)
    world.settle()


@flow(waiting("sim.ask"), 1)
def disputed(world: World) -> None:
    """One operator approves and another denies at once, while the task's message comes back."""
    decide(world, Verdict.APPROVE, _ANA, elsewhere=False)
    decide(world, Verdict.DENY, _BEN, elsewhere=True)
    watch(world)
    world.settle()
    deliver(world)
    world.settle()


def about_to_ask(world: World) -> None:
    """Begin with a task whose prompt will have an id that is known before it is asked."""
    a_task("sim.ask")(world)
    ref = TaskRef.of("main", world.memo["task"])
    step = Step(
        run_id=ref.run_id,
        checkpoint=Checkpoint(1, 1),
        previous="",
        previous_link="",
        at="",
        content=encode(ToolCall("sim.ask")),
    )
    world.memo["approval"] = call_id(ref, step)


@flow(about_to_ask, 1)
def answered_at_once(world: World) -> None:
    """An operator decides while the worker that asked is putting its task aside."""
    deliver(world)
    decide(world, Verdict.APPROVE, _ANA, elsewhere=False)
    world.settle()
    deliver(world)
    decide(world, Verdict.APPROVE, _BEN, elsewhere=True)
    world.settle()
    watch(world)
    deliver(world)
    world.settle()


@flow(waiting("sim.ask"), 1)
def timed_out(world: World) -> None:
    """The time is over, while somebody decides, two watches look and the sweep sends."""
    world.pass_time(HOUR - _SECOND)
    decide(world, Verdict.APPROVE, _ANA, elsewhere=False)
    world.pass_time(_SECOND)
    watch(world)
    watch(world, second=True)
    sweep(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(waiting("sim.ask-again", "sim.ask"), 1)
def asked_twice(world: World) -> None:
    """A run asks for two calls, one of which can be repeated."""
    for _ in range(3):
        decide_all(world)
        world.settle()
        deliver(world)
        world.settle()


@flow(waiting("sim.ask", "sim.ask"))
def approved_for_the_run(world: World) -> None:
    """An approval for the run covers its second call."""
    decide(world, Verdict.APPROVE, _ANA, Scope.RUN, elsewhere=False)
    world.settle()
    deliver(world)
    world.settle()


@flow(waiting("sim.ask"))
def cancelled_while_asked(world: World) -> None:
    """A task is cancelled while its call is decided, and retried."""
    task = world.memo["task"]
    operate(world, lambda api: api.tasks.cancel("main", _ANA, task, "enough"))
    decide(world, Verdict.APPROVE, _BEN, elsewhere=True)
    world.settle()
    operate(world, lambda api: api.tasks.retry("main", _ANA, task))
    watch(world)
    world.settle()
    deliver(world)
    world.settle()
    decide_all(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(waiting("sim.ask"))
def denied_and_retried(world: World) -> None:
    """A denied task is retried: it asks anew, and nothing is called before that is approved."""
    decide(world, Verdict.DENY, _BEN, elsewhere=False)
    world.settle()
    deliver(world)
    world.settle()
    operate(world, lambda api: api.tasks.retry("main", _ANA, world.memo["task"]))
    world.settle()
    deliver(world)
    world.settle()
    decide_all(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_waiting_slot)
def slot_approved(world: World) -> None:
    """A slot that waits is approved for its routine, while its message is delivered twice."""
    decide(world, Verdict.APPROVE, _ANA, Scope.ROUTINE, elsewhere=False)
    rounds(world, 2)


@flow(waiting("sim.ask-first"))
def begun_when_approved(world: World) -> None:
    """A run that needs an approval to begin is approved, while a watch looks."""
    decide(world, Verdict.APPROVE, _ANA, elsewhere=False)
    watch(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task("sim.ask"))
def undecided(world: World) -> None:
    """Nobody decides: an incident is raised, the prompt expires, and the task ends denied."""
    deliver(world)
    world.settle()
    for _ in range(3):
        world.pass_time(5 * MINUTE)
        watch(world)
        sweep(world)
        world.settle()


@flow(a_task("sim.ask", expires_at=datetime(2026, 11, 22, 12, 6, tzinfo=UTC)))
def outlived_asking(world: World) -> None:
    """A task expires while it waits: its prompt expires with it, or is withdrawn."""
    deliver(world)
    world.settle()
    world.pass_time(6 * MINUTE)
    watch(world)
    sweep(world)
    deliver(world)
    world.settle()
