"""Flows: what operators and functions do, as the material that schedules put faults into.

A flow is prepared once, without faults; then it acts for some rounds in which anything may go
wrong; then the world is left alone, with its messages and sweeps, until nothing is to be done.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.service import Filter, TaskDraft
from chalicelib.background.task import Membership
from chalicelib.scheduler.service import Draft
from chalicelib.schedules import normalize_schedule
from tests.simulation.checker import JOB_SECONDS
from tests.simulation.world import MINUTE, START, World

_ACTOR = "token:simulation"
_SECOND = timedelta(seconds=1)


class Flow(NamedTuple):
    """One thing that happens.

    Attributes:
        weight: how many of a hundred random schedules are about it. Those of the core, the way of
            a slot or a task, have at least five; the shortest have most, so that faults meet.
    """

    name: str
    prepare: Callable[[World], None]
    act: Callable[[World], None]
    weight: float


FLOWS: dict[str, Flow] = {}


def flow(
    prepare: Callable[[World], None], weight: float = 1
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Enter a function as what happens in a flow of its name."""

    def enter(act: Callable[[World], None]) -> Callable[[World], None]:
        name = act.__name__.replace("_", "-")
        FLOWS[name] = Flow(name, prepare, act, weight)
        return act

    return enter


# What flows begin with.


def nothing(world: World) -> None:
    """Begin with an empty world."""
    world.memo["resting"] = []


def a_job(world: World, *tools: str) -> None:
    """Begin with a job of every five minutes, before its first slot is handed over."""
    make_job(world.functions.api, *tools)
    world.memo["job"] = [row["pk"]["S"] for row in world.checker._table("jobs")][0]


def make_job(api: Any, *tools: str) -> None:
    """Make a job by a container."""
    schedule = normalize_schedule({"every": f"{JOB_SECONDS}s"}, now=api.clock.now())
    draft = Draft(name="job", schedule=schedule, prompt="look", tools=list(tools))
    api.jobs.create("main", _ACTOR, draft)


def a_slot(*tools: str) -> Callable[[World], None]:
    """Begin with a slot that was handed over and is due now."""

    def prepare(world: World) -> None:
        a_job(world, *tools)
        world.pass_time(3 * MINUTE)
        world.functions.tick.tick.run()
        world.pass_time(2 * MINUTE)

    return prepare


def two_slots(world: World) -> None:
    """Begin with two slots whose messages were both late."""
    a_slot()(world)
    world.pass_time(3 * MINUTE)
    world.functions.tick.tick.run()
    world.pass_time(2 * MINUTE)


def a_task(*tools: str, **more: Any) -> Callable[[World], None]:
    """Begin with a task that was made and sent."""

    def prepare(world: World) -> None:
        world.memo["task"] = create(world, *tools, **more)

    return prepare


def a_family(world: World) -> None:
    """Begin with a parent that waits, and three children of one group."""
    later = world.now + timedelta(hours=2)
    parent = create(world, "sim.look", not_before=later)
    world.memo["task"] = parent
    world.memo["children"] = [
        create(world, "sim.look", parent=parent, membership=Membership("g", serial=number == 2))
        for number in range(3)
    ]


def create(world: World, *tools: str, **more: Any) -> str:
    """Make a task."""
    payload = {"prompt": "look", "tools": list(tools)} | more.pop("payload", {})
    draft = TaskDraft(kind=more.pop("kind", "background_prompt"), payload=payload, **more)
    return world.functions.api.tasks.create("main", _ACTOR, draft).task.ref.id


# What happens in a round.


def deliver(world: World) -> None:
    """Hand out every message that can be received, in any order."""
    messages = world.queues.visible()
    world.chance.shuffle(messages)
    for message in messages:
        world.deliver(message)


def tick(world: World) -> None:
    """Let the tick run: mostly once, sometimes not at all or twice at once."""
    functions = world.functions
    for function in _times(world, [functions.tick, functions.second_tick], "tick"):
        world.invoke(function, function.tick.run)


def sweep(world: World) -> None:
    """Let the sweep run: mostly once, sometimes not at all or twice at once."""
    functions = world.functions
    for function in _times(world, [functions.sweep, functions.second_sweep], "sweep"):
        sweep_by(world, function)


def sweep_by(world: World, function: Any) -> None:
    """Let one sweep run."""
    world.invoke(function, lambda: function.sweep.run(function.clock.now() + 45 * _SECOND))


def collect(world: World) -> None:
    """Collect the heartbeats that dead workers left."""
    function = world.functions.sweep
    world.invoke(function, function.collector.run)


def operate(world: World, act: Callable[[Any], Any]) -> None:
    """Let an operator do something by the API."""
    api = world.functions.api
    world.invoke(api, lambda: act(api), "api")


def _times(world: World, functions: list[Any], name: str) -> list[Any]:
    times = world.chance.choices((0, 1, 2), (1, 10, 1))[0]
    if times == 0:
        world.applied[f"missing_{name}"] += 1
    if times == 2:  # noqa: PLR2004
        world.applied[f"doubled_{name}"] += 1
    return functions[:times]


def rounds(world: World, number: int, *, ticks: bool = False) -> None:
    """Let some minutes pass, and everything happen that happens by itself."""
    for _ in range(number):
        deliver(world)
        if ticks:
            tick(world)
        if world.chance.random() < 1 / 2:
            sweep(world)
        world.settle()
        world.pass_time(MINUTE)


# The flows.


@flow(a_slot(), 5.5)
def firing(world: World) -> None:
    """A slot is carried out at its instant."""
    rounds(world, 1)


@flow(a_job, 6)
def handover(world: World) -> None:
    """A tick, or two, hand over a slot that is due in two minutes, and it runs."""
    world.pass_time(3 * MINUTE)
    tick(world)
    world.settle()
    world.pass_time(2 * MINUTE)
    deliver(world)
    world.settle()


@flow(a_slot("sim.post"), 5.5)
def outside_call(world: World) -> None:
    """A slot calls outside, which must happen once."""
    deliver(world)
    world.settle()


@flow(two_slots, 5)
def overlap(world: World) -> None:
    """Two slots of a job are delivered at once: one runs, the other is skipped or runs after."""
    deliver(world)
    world.settle()


@flow(a_job, 17)
def misfire(world: World) -> None:
    """No tick came for an hour: what was missed is accounted for, by two that come at once."""
    world.pass_time(60 * MINUTE - _SECOND)
    world.memo["ticks"] = False
    tick(world)
    world.settle()
    world.pass_time(5 * MINUTE)
    tick(world)
    world.settle()


@flow(nothing, 6)
def task(world: World) -> None:
    """A task is made by the API, sent and carried out."""
    operate(world, lambda api: world.memo.update(made=create_by(api, "sim.look")))
    world.settle()
    deliver(world)
    world.settle()


def create_by(api: Any, *tools: str, **more: Any) -> str:
    """Make a task by a container."""
    draft = TaskDraft(
        kind="background_prompt", payload={"prompt": "look", "tools": list(tools)}, **more
    )
    made: str = api.tasks.create("main", _ACTOR, draft).task.ref.id
    return made


@flow(nothing, 5)
def deduped(world: World) -> None:
    """Two operators make the task of one dedupe key; it is one task."""
    for _ in range(2):
        operate(world, lambda api: create_by(api, dedupe_key="nightly", priority=5))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task("sim.put", "sim.post"), 1.5)
def outside_calls(world: World) -> None:
    """A task makes an idempotent call and one that is not."""
    deliver(world)
    world.settle()


@flow(a_task("sim.flaky"), 5)
def retries(world: World) -> None:
    """A tool fails once or twice: the task is tried again after a pause."""
    world.checker.flaking = world.chance.choice((1, 2, 5))
    deliver(world)
    world.settle()
    world.pass_time(11 * _SECOND)
    deliver(world)
    world.settle()


@flow(a_task(), 5.5)
def cancelled(world: World) -> None:
    """An operator cancels a task while it may be running."""
    deliver(world)
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    world.settle()


@flow(a_family, 0.5)
def family(world: World) -> None:
    """Children run, two at a time, and the third after its group; then the parent is cancelled."""
    deliver(world)
    world.settle()
    if world.chance.random() < 1 / 2:
        deliver(world)
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    world.settle()


@flow(a_task("sim.look"), 5)
def delegated(world: World) -> None:
    """A task delegates while it may be running, being cancelled or done."""
    parent = world.memo["task"]
    if world.chance.random() < 1 / 2:
        deliver(world)
    operate(world, lambda api: create_by(api, parent=parent))
    if world.chance.random() < 1 / 2:
        operate(world, lambda api: api.tasks.cancel("main", _ACTOR, parent, "enough"))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task(payload={"then": {"prompt": "and then"}}), 5)
def followed(world: World) -> None:
    """A task is followed by another, which exists before it ends."""
    deliver(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task("sim.look", "sim.put"), 5)
def continued(world: World) -> None:
    """The function has too little time: the task goes on in other invocations."""
    world.functions.time = _SECOND
    for _ in range(3):
        deliver(world)
        world.settle()


@flow(a_task(), 5)
def paused(world: World) -> None:
    """An operator pauses a task, and resumes it later."""
    world.memo["resumes"] = True
    operate(world, lambda api: api.tasks.pause("main", _ACTOR, world.memo["task"]))
    deliver(world)
    world.settle()
    operate(world, lambda api: api.tasks.resume("main", _ACTOR, world.memo["task"]))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task(expires_at=START + 3 * MINUTE, not_before=START + 2 * MINUTE), 5)
def expiring(world: World) -> None:
    """A task may begin in two minutes and expires in three."""
    rounds(world, 4)


@flow(a_task(not_before=START + timedelta(days=40)), 1)
def far_future(world: World) -> None:
    """A task waits in the index for weeks, without a message."""
    assert not world.queues.messages
    sweep(world)
    world.settle()
    world.pass_time(timedelta(days=40) - 2 * MINUTE)
    rounds(world, 4)


@flow(a_task("sim.flaky", max_attempts=1), 1.5)
def retried(world: World) -> None:
    """A task failed for good; an operator retries it."""
    world.checker.flaking = 1
    deliver(world)
    world.settle()
    operate(world, lambda api: api.tasks.retry("main", _ACTOR, world.memo["task"]))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task(payload={"prompt": "x" * 5_000}), 1)
def large_payload(world: World) -> None:
    """A task's payload is in S3."""
    deliver(world)
    operate(world, lambda api: create_large(api))
    world.settle()


def create_large(api: Any) -> None:
    """Make a task whose payload does not fit its row."""
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "y" * 6_000})
    api.tasks.create("main", _ACTOR, draft)


@flow(a_task("sim.slow", "sim.post"), 1.5)
def beating(world: World) -> None:
    """A step takes longer than a lease and is kept alive until its deadline."""
    deliver(world)
    world.settle()
    sweep(world)
    world.settle()


@flow(a_task("sim.hang", "sim.post"), 1.5)
def hanging(world: World) -> None:
    """A step hangs beyond its deadline: its task is rescued, and it comes back as a zombie."""
    deliver(world)
    sweep(world)
    world.settle()
    rounds(world, 1)


@flow(a_task("sim.look"), 1)
def unknown_kind(world: World) -> None:
    """No function knows the kind until a version is deployed that does."""
    world.memo["resumes"] = True
    worker_kinds = [f.worker.kinds for pair in world.functions.workers.values() for f in pair]
    known = [dict(kinds) for kinds in worker_kinds]
    for kinds in worker_kinds:
        kinds.clear()  # type: ignore[attr-defined]
    try:
        rounds(world, 1)
    finally:
        for kinds, before in zip(worker_kinds, known, strict=True):
            kinds.update(before)  # type: ignore[attr-defined]
    operate(world, lambda api: api.tasks.resume("main", _ACTOR, world.memo["task"]))
    world.settle()


@flow(a_slot("sim.look"), 1.5)
def looking(world: World) -> None:
    """An operator looks at everything there is to see."""
    deliver(world)
    world.settle()
    job = world.memo["job"].partition("#")[2]

    def look(api: Any) -> None:
        api.jobs.list("main", None, 10)
        run = api.jobs.firings("main", job, None, 10).items[-1].ref.run_id
        api.transcripts.view("main", run)
        api.tasks.list("main", None, Filter(), None, 10)
        api.tasks.list("main", run, Filter(), None, 10)
        incidents = api.tasks.incidents
        for incident in incidents.active("main", None, 10).items:
            incidents.history("main", incident.id)
        incidents.history("main", "incident_0123456789abcdef")
        incidents.counts("main")
        heartbeats = api.collector.heartbeats
        heartbeats.list("main", WorkHeartbeatKind.BACKGROUND_TASK, None, 10)

    operate(world, look)
    world.settle()


@flow(a_slot("system.health"), 0.5)
def health(world: World) -> None:
    """A slot asks the rooms for their health."""
    deliver(world)
    world.settle()


@flow(nothing, 4)
def making(world: World) -> None:
    """An operator makes a job."""
    world.pass_time(3 * MINUTE)
    operate(world, make_job)
    world.settle()
    tick(world)
    world.settle()


@flow(lambda world: a_dead_letter(world), 3)
def dead_letters(world: World) -> None:
    """Messages that came back too often become incidents."""
    letters = world.functions.api.dead_letters
    for number, body in enumerate(world.memo["letters"]):
        operate(world, lambda _api, n=number, b=body: letters.bury(b, f"message-{n}", "normal"))
    world.settle()


def a_dead_letter(world: World) -> None:
    """Begin with the messages of an open task and of nothing."""
    world.memo["task"] = create(world, "sim.look")
    world.memo["letters"] = [world.queues.messages[0].body, "{not json"]
