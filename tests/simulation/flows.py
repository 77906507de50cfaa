"""Flows: what operators and functions do, as the material that schedules put faults into.

A flow is prepared once, without faults; then it acts for some rounds in which anything may go
wrong; then the world is left alone, with its messages and sweeps, until nothing is to be done.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.service import Filter, TaskDraft
from chalicelib.background.store import End
from chalicelib.background.task import Lane, Membership, Outcome, State, Task, TaskRef
from chalicelib.scheduler.service import Draft
from chalicelib.schedules import normalize_schedule
from tests.simulation.checker import JOB_SECONDS
from tests.simulation.world import MINUTE, START, World

_ACTOR = "token:simulation"
_SECOND = timedelta(seconds=1)


class Flow(NamedTuple):
    """One thing that happens.

    Attributes:
        weight: about how many of a hundred random schedules are about it. Those of the core, the
            way of a slot or a task, have at least five; the shortest have most.
    """

    name: str
    prepare: Callable[[World], None]
    act: Callable[[World], None]
    weight: float


FLOWS: dict[str, Flow] = {}


def flow(
    prepare: Callable[[World], None], weight: float = 0.4
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Enter a function as what happens in a flow of its name."""

    def enter(act: Callable[[World], None]) -> Callable[[World], None]:
        name = act.__name__.replace("_", "-")
        if name in FLOWS:  # It would no longer be run, and nothing else would say so.
            raise ValueError(f"there are two flows of the name {name!r}")
        FLOWS[name] = Flow(name, prepare, act, weight)
        return act

    return enter


# What flows begin with.


def nothing(world: World) -> None:
    """Begin with an empty world."""
    del world


def a_job(world: World, *tools: str, seconds: int = JOB_SECONDS) -> None:
    """Begin with a job of every five minutes, before its first slot is handed over."""
    make_job(world.functions.api, *tools, seconds=seconds)
    world.memo["ticks"] = True
    world.memo["job"] = next(row["pk"]["S"] for row in world.checker._table("jobs"))


def make_job(api: Any, *tools: str, seconds: int = JOB_SECONDS) -> None:
    """Make a job by a container."""
    api.jobs.create("main", _ACTOR, draft_job(api, *tools, seconds=seconds))


def draft_job(api: Any, *tools: str, seconds: int = JOB_SECONDS) -> Draft:
    """Return what a job is made of."""
    schedule = normalize_schedule({"every": f"{seconds}s"}, now=api.clock.now())
    return Draft(name="job", schedule=schedule, prompt="look", tools=list(tools))


def a_slot(*tools: str) -> Callable[[World], None]:
    """Begin with a slot that was handed over and is due now."""

    def prepare(world: World) -> None:
        a_job(world, *tools)
        world.pass_time(3 * MINUTE)
        world.functions.tick.tick.run()
        world.pass_time(2 * MINUTE)
        world.memo["ticks"] = False

    return prepare


def an_hourly_job(world: World) -> None:
    """Begin with a job of every hour."""
    a_job(world, seconds=3_600)


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
        tick_by(world, function)


def tick_by(world: World, function: Any) -> None:
    """Let one tick run."""
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


def operate(world: World, act: Callable[[Any], Any], *, elsewhere: bool = False) -> None:
    """Let an operator do something by the API, or by another container of it."""
    api = world.functions.second_api if elsewhere else world.functions.api
    world.invoke(api, lambda: act(api), api.name)


def _times(world: World, functions: list[Any], name: str) -> list[Any]:
    times = 1 if world.is_calm else world.chance.choices((0, 1, 2), (1, 10, 1))[0]
    if times == 0:
        world.applied[f"missing_{name}"] += 1
    if times == 2:
        world.applied[f"doubled_{name}"] += 1
    return functions[:times]


def rounds(world: World, number: int) -> None:
    """Let some minutes pass, and everything happen that happens by itself."""
    for _ in range(number):
        deliver(world)
        if world.chance.random() < 1 / 2:
            sweep(world)
        world.settle()
        world.pass_time(MINUTE)


# The flows.


@flow(a_slot(), 5.5)
def firing(world: World) -> None:
    """A slot is carried out at its instant."""
    rounds(world, 1)


@flow(a_job, 5.5)
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


@flow(two_slots, 5.5)
def overlap(world: World) -> None:
    """Two slots of a job are delivered at once: one runs, the other is skipped or runs after."""
    deliver(world)
    world.settle()


@flow(a_slot("sim.look"))
def twice(world: World) -> None:
    """A slot's message is delivered twice at once."""
    first = world.queues.visible()[0]
    second = world.queues.duplicate(first)
    world.deliver(first)
    world.deliver(second)
    world.settle()


@flow(a_slot("sim.put"))
def overtaken(world: World) -> None:
    """A worker is put aside for longer than its lease, and another one takes over."""
    message = world.queues.visible()[0]
    again = world.queues.duplicate(message)
    world.deliver(message)
    world.switches.setdefault(4, 2)
    world.settle()
    world.pass_time(2 * MINUTE - _SECOND)
    world.deliver(again)
    world.pass_time(_SECOND)
    world.settle()


@flow(an_hourly_job, 5.5)
def misfire(world: World) -> None:
    """No tick came for hours: what was missed is accounted for, by two that come at once."""
    world.pass_time(4 * 60 * MINUTE + 10 * MINUTE)
    tick(world)
    tick(world)
    world.settle()


@flow(nothing, 5.5)
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


def any_lane(world: World) -> None:
    """Begin with an empty world in which all lanes are swept."""
    world.memo["lanes"] = tuple(Lane)


@flow(any_lane, 2)
def deduped(world: World) -> None:
    """Two operators make the task of one dedupe key, in lane high; it is one task."""
    for _ in range(2):
        operate(world, lambda api: create_by(api, dedupe_key="nightly", priority=5))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task("sim.put", "sim.post"), 1)
def outside_calls(world: World) -> None:
    """A task makes an idempotent call and one that is not."""
    deliver(world)
    world.settle()


@flow(a_task("sim.flaky"), 5.5)
def retries(world: World) -> None:
    """A tool fails once or twice: the task is tried again after a pause."""
    world.checker.flaking = world.chance.choice((1, 2, 5))
    deliver(world)
    world.settle()
    world.pass_time(11 * _SECOND)
    deliver(world)
    world.settle()


@flow(a_task(), 6)
def cancelled(world: World) -> None:
    """An operator cancels a task while it may be running."""
    deliver(world)
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    world.settle()


@flow(a_family)
def family(world: World) -> None:
    """Children run, two at a time, and the third after its group; then the parent is cancelled."""
    deliver(world)
    world.settle()
    if world.chance.random() < 1 / 2:
        deliver(world)
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    world.settle()


@flow(a_task("sim.look"), 5.5)
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


@flow(a_task(payload={"then": {"prompt": "and then"}}), 5.5)
def followed(world: World) -> None:
    """A task is followed by another, which exists before it ends."""
    deliver(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task("sim.look", "sim.put"), 2)
def continued(world: World) -> None:
    """The function has too little time: the task goes on in other invocations."""
    world.functions.time = _SECOND
    for _ in range(3):
        deliver(world)
        world.settle()


@flow(a_task(), 2)
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


@flow(a_task(expires_at=START + 3 * MINUTE, not_before=START + 2 * MINUTE), 5.5)
def expiring(world: World) -> None:
    """A task may begin in two minutes and expires in three."""
    rounds(world, 4)


@flow(a_task(not_before=START + timedelta(days=40)))
def far_future(world: World) -> None:
    """A task waits in the index for weeks, without a message."""
    assert not world.queues.messages
    sweep(world)
    world.settle()
    world.skip_time(timedelta(days=40) - 2 * MINUTE)
    rounds(world, 4)


@flow(a_task("sim.flaky", max_attempts=1))
def retried(world: World) -> None:
    """A task failed for good; an operator retries it."""
    world.checker.flaking = 1
    deliver(world)
    world.settle()
    operate(world, lambda api: api.tasks.retry("main", _ACTOR, world.memo["task"]))
    world.settle()
    deliver(world)
    world.settle()


@flow(a_task(payload={"prompt": "x" * 5_000}))
def large_payload(world: World) -> None:
    """A task's payload is in S3."""
    deliver(world)
    operate(world, create_large)
    world.settle()


def create_large(api: Any) -> None:
    """Make a task whose payload does not fit its row."""
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "y" * 6_000})
    api.tasks.create("main", _ACTOR, draft)


@flow(a_task("sim.slow", "sim.post"))
def beating(world: World) -> None:
    """A step takes longer than a lease and is kept alive until its deadline."""
    deliver(world)
    world.settle()
    sweep(world)
    world.settle()


@flow(a_task("sim.hang", "sim.post"))
def hanging(world: World) -> None:
    """A step hangs beyond its deadline: its task is rescued, and it comes back as a zombie."""
    deliver(world)
    sweep(world)
    world.settle()
    rounds(world, 1)


@flow(a_task("sim.look"))
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


@flow(a_slot("sim.look"))
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

    def look_at_more(api: Any) -> None:
        api.jobs.last_firings("main", [job])
        api.transcripts.list("main", None, None, 10)
        api.transcripts.list("main", job, None, 10)
        api.collector.heartbeats.count("main")

    operate(world, look)
    operate(world, look_at_more)
    world.settle()


@flow(a_slot("system.health"))
def health(world: World) -> None:
    """A slot asks the rooms for their health."""
    deliver(world)
    world.settle()


@flow(nothing, 6)
def making(world: World) -> None:
    """An operator makes a job."""
    world.pass_time(3 * MINUTE)
    operate(world, make_job)
    world.memo["ticks"] = True
    world.settle()
    tick(world)
    world.settle()


def a_dead_letter(world: World) -> None:
    """Begin with the messages of an open task and of nothing."""
    world.memo["task"] = create(world, "sim.look")
    world.memo["letters"] = [world.queues.messages[0].body, "{not json"]


@flow(a_dead_letter)
def dead_letters(world: World) -> None:
    """Messages that came back too often become incidents."""
    for number, body in enumerate(world.memo["letters"]):
        operate(world, partial(bury, body=body, message=f"message-{number}"))
    world.settle()


def bury(api: Any, *, body: str, message: str) -> None:
    """Let a dead letter be seen."""
    api.dead_letters.bury(body, message, Lane.NORMAL)


def a_crowd(world: World) -> None:
    """Begin with a parent that waits, and four children that may run in any order."""
    a_task("sim.look", not_before=START + timedelta(hours=2))(world)
    for _ in range(4):
        create(world, parent=world.memo["task"], membership=Membership("g", serial=False))


@flow(a_crowd)
def crowd(world: World) -> None:
    """More children want to run than may run at once."""
    deliver(world)
    world.settle()


@flow(a_task("sim.look", not_before=START + timedelta(hours=2)))
def siblings(world: World) -> None:
    """Two operators delegate from one task at once."""
    for _ in range(2):
        operate(world, lambda api: create_by(api, parent=world.memo["task"]))
    world.settle()


def a_parent(world: World) -> None:
    """Begin with a parent that waits, and a child."""
    a_task("sim.look", not_before=START + timedelta(hours=2))(world)
    create(world, "sim.look", parent=world.memo["task"])


@flow(a_parent)
def reached(world: World) -> None:
    """A task gets another child and is cancelled while its children are about to begin."""
    operate(world, lambda api: create_by(api, parent=world.memo["task"]))
    world.settle()
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    deliver(world)
    world.settle()


@flow(a_task(not_before=START + timedelta(hours=2)))
def called_off(world: World) -> None:
    """An operator cancels a task that has no message yet."""
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    world.settle()


def deliver_twice(world: World) -> None:
    """Hand the first message out, for a copy of it to follow when the lease is over."""
    message = world.queues.messages[0]
    world.queues.send(message.lane, message.body, 2 * 60)
    deliver(world)


def meet_the_copy(world: World) -> None:
    """Let the copy come, and the sweep."""
    world.settle()
    world.pass_time(2 * MINUTE)
    deliver(world)
    sweep(world)
    world.settle()


@flow(a_task("sim.look"))
def rescued(world: World) -> None:
    """A message comes twice; who took it first may have died, or overslept."""
    deliver_twice(world)
    meet_the_copy(world)


@flow(a_task("sim.look", max_attempts=1))
def last_attempt(world: World) -> None:
    """A message comes twice, and no attempt is left for the second."""
    deliver_twice(world)
    meet_the_copy(world)


@flow(a_task("sim.look"))
def unheeded(world: World) -> None:
    """A message comes once more after an operator has cancelled the task."""
    deliver_twice(world)
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    meet_the_copy(world)


@flow(a_parent)
def stopped(world: World) -> None:
    """One operator cancels a task that has children while another one pauses it."""
    world.memo["resumes"] = True
    operate(world, lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"))
    operate(world, lambda api: api.tasks.pause("main", _ACTOR, world.memo["task"]))
    world.settle()


@flow(a_task("sim.look"))
def revived(world: World) -> None:
    """An operator retries a task as soon as another one has cancelled it."""
    for act in (
        lambda api: api.tasks.cancel("main", _ACTOR, world.memo["task"], "enough"),
        lambda api: api.tasks.retry("main", _ACTOR, world.memo["task"]),
    ):
        operate(world, act)
    world.settle()


@flow(a_task("sim.look", expires_at=START + 2 * MINUTE))
def overdue(world: World) -> None:
    """A message comes after its task has expired, and before the sweep."""
    world.pass_time(3 * MINUTE)
    deliver(world)
    world.settle()


@flow(a_job)
def missed(world: World) -> None:
    """A tick hands a slot over, then none comes for an hour."""
    world.pass_time(3 * MINUTE)
    tick(world)
    world.settle()
    world.pass_time(61 * MINUTE)
    tick(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(a_slot("sim.flaky"))
def slot_retries(world: World) -> None:
    """A slot's tool fails: the job stays locked while it waits to be tried again."""
    world.checker.flaking = world.chance.choice((1, 2))
    for _ in range(2):
        deliver(world)
        world.settle()
        world.pass_time(11 * _SECOND)


@flow(a_slot("sim.flaky"))
def slot_revived(world: World) -> None:
    """A slot fails for good; an operator retries it, and it fails again."""
    world.checker.flaking = 5
    for _ in range(3):
        deliver(world)
        world.settle()
        world.pass_time(41 * _SECOND)
    slot = next(row["sk"]["S"] for row in world.checker._table("work") if "last_attempt" in row)
    task = f"{world.memo['job'].partition('#')[2]}-{slot}"
    operate(world, lambda api: api.tasks.retry("main", _ACTOR, task))
    for _ in range(3):
        world.settle()
        deliver(world)
        world.settle()
        world.pass_time(41 * _SECOND)


# What dead workers leave behind.


def a_dead_worker(**more: Any) -> Callable[[World], None]:
    """Begin with a task whose worker died with its claim, after a sign of life."""

    def prepare(world: World) -> None:
        task = take(world, TaskRef.of("main", create(world, "sim.look", **more)))
        update = WorkHeartbeatUpdate(
            owner="main",
            kind=WorkHeartbeatKind.BACKGROUND_TASK,
            object_id=task.ref.id,
            summary="it was alive",
            token=task.token,
        )
        world.functions.sweep.worker.heartbeats.record(update, world.now)

    return prepare


def take(world: World, ref: TaskRef) -> Task:
    """Claim a task for a worker that does nothing more; its message stays hidden."""
    for message in world.queues.messages:
        if message.task == tuple(ref):
            world.queues.receive(message)
    return world.functions.sweep.worker.work.claim(ref, "dead", world.now)


@flow(a_dead_worker(max_attempts=1))
def given_up(world: World) -> None:
    """The last attempt's worker is dead: two sweeps at once find it."""
    world.pass_time(2 * MINUTE)
    sweep(world)
    sweep(world)
    world.settle()
    world.pass_time(5 * MINUTE)
    collect(world)
    world.settle()


@flow(a_dead_worker(expires_at=START + MINUTE))
def outlived(world: World) -> None:
    """A task expires while its dead worker holds it."""
    world.pass_time(2 * MINUTE)
    sweep(world)
    world.settle()


def a_slow_worker(world: World) -> None:
    """Begin with a task whose worker renewed its claim just before the sweep looks at it."""
    task = take(world, TaskRef.of("main", create(world, "sim.look")))
    world.pass_time(50 * _SECOND)
    world.functions.sweep.worker.work.renew(task, world.now)
    world.pass_time(20 * _SECOND)


@flow(a_slow_worker)
def awaited(world: World) -> None:
    """A task is held by a living worker: the sweep comes again when its lease ends."""
    sweep(world)
    sweep(world)
    world.settle()


def an_unconcluded_slot(world: World) -> None:
    """Begin with a slot whose worker died right after its end: it holds the job's lock."""
    two_slots(world)
    worker = world.functions.sweep.worker
    first = min(sk for pk, sk in world.checker.rows_now() if pk == world.memo["job"])
    task = take(world, TaskRef(world.memo["job"], first))
    world.functions.api.jobs.jobs.lock(task, task.ver)
    worker.work.end(task, End(State.SUCCEEDED, Outcome.FIRED, ""), world.now)


@flow(an_unconcluded_slot)
def helped(world: World) -> None:
    """The next slot helps the lock away; the dead worker's message comes back after that."""
    deliver(world)
    world.settle()
    world.pass_time(31 * MINUTE)
    deliver(world)
    world.settle()
