"""What the sweep does."""

import os
from unittest.mock import patch

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.maker import Order
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import TaskRef
from chalicelib.functions.wiring.container import container
from chalicelib.runs.prompt import KIND
from chalicelib.scheduler.job import Draft, JobState
from chalicelib.schedules import normalize_schedule
from tests.functions.invoke import sweep
from tests.permissions import approvals, capabilities
from tests.permissions.recorder import Recorder, dying_before
from tests.permissions.tasks import PRIORITIES, a_prompt, children, resolved, unknown
from tests.support.tasks import OPERATOR, SECOND, abandoned, claimed
from tests.support.world import MINUTE, World


def sending_again(world: World, record: Recorder) -> None:
    for priority in PRIORITIES:
        a_prompt(world, priority=priority)
    for minutes in (2, 4):  # What was sent again once asks for a backlog.
        world.at(minutes)
        with record():
            assert sweep()["send"] == len(PRIORITIES)


def rescuing(world: World, record: Recorder) -> None:
    abandoned(world, a_prompt(world).ref)
    with record():
        assert sweep()["send"] == 1


def waiting(world: World, record: Recorder) -> None:
    task = a_prompt(world)
    world.clock.move(50 * SECOND)
    claimed(world, task.ref)
    world.clock.move(50 * SECOND)
    with record():
        assert sweep()["wait"] == 1


def failing(world: World, record: Recorder) -> None:
    task = a_prompt(world, max_attempts=1)
    abandoned(world, task.ref)
    with record():
        assert sweep()["fail"] == 1


def failing_where_nothing_was_journaled(world: World, record: Recorder) -> None:
    """A machine made the task: its end is the first event of its stream."""
    maker = world.services.tasks.maker
    order = Order(kind=KIND, payload={"prompt": "?"}, priority=0, last_attempt=0)
    task = world.services.worker.work.put(maker.make(TaskRef("other#tasks", "A"), order))
    abandoned(world, task.ref)
    with record():
        assert sweep()["fail"] == 1


def completing_a_job(world: World, record: Recorder) -> None:
    """The worker of its only run has died, and slots have passed since."""
    schedule = normalize_schedule({"every": "60s"}, now=world.clock.now())
    terms = {"max_runs": 1, "max_attempts": 1}
    draft = Draft("once", schedule, "Look", ["system.health"], terms=terms)
    job = world.services.jobs.create("main", OPERATOR, draft).job
    world.at(1)
    with dying_before("Query jobs"):
        world.services.handle(world.ref(job))
    world.at(10)
    with record():
        assert sweep()["fail"] == 1
    assert world.services.jobs.get("main", job.id).state is JobState.COMPLETED


def failing_in_a_run(world: World, record: Recorder) -> None:
    world.services = world.container(max_attempts=1)
    dead_at_once, dead_in_its_run = world.job(), world.job()
    world.at(1)
    for job, last_words in ((dead_at_once, "PutItem runs"), (dead_in_its_run, "Query jobs")):
        with dying_before(last_words):
            world.container().handle(world.ref(job))
    world.at(3)
    with record():
        assert sweep()["fail"] == 2


def expiring(world: World, record: Recorder) -> None:
    a_prompt(world, expires_at=world.clock.now() + MINUTE)
    world.clock.move(2 * MINUTE)
    with record():
        assert sweep()["expire"] == 1


def cancelling_with_children(world: World, record: Recorder) -> None:
    parent = a_prompt(world)
    first, *_ = children(world, parent, 2)
    with dying_before("Query jobs"):
        world.services.handle(first.ref)
    claimed(world, parent.ref)
    world.services.tasks.cancel("main", OPERATOR, parent.ref.id, "enough")
    world.clock.move(4 * MINUTE)
    with record():
        assert sweep()["cancel"] == 2
    assert world.task(parent.ref).state == "cancelled"


def stopping_a_child_that_takes_too_long(world: World, record: Recorder) -> None:
    (child,) = children(world, a_prompt(world), 1)
    abandoned(world, child.ref)
    world.clock.move(10 * MINUTE)
    with record():
        assert sweep()["stop"] == 1
    assert world.task(child.ref).shown_state == "cancel_requested"


def concluding(world: World, record: Recorder) -> None:
    task = a_prompt(world, expires_at=world.clock.now() + MINUTE)
    world.clock.move(2 * MINUTE)
    with dying_before("PutItem journal"):
        sweep()
    world.clock.move(2 * MINUTE)
    with record():
        assert sweep()["conclude"] == 1
    assert world.task(task.ref).wake_at is None


def collecting_heartbeats(world: World, record: Recorder) -> None:
    work = WorkHeartbeatUpdate(
        owner="main", kind=WorkHeartbeatKind.BACKGROUND_TASK, object_id="GONE"
    )
    world.services.worker.heartbeats.record(work, world.clock.now())
    world.clock.move(5 * MINUTE)
    with record():
        assert sweep()["heartbeats"] == 1


def reporting_a_broken_row(world: World, record: Recorder) -> None:
    task = a_prompt(world)
    WorkRow(*task.ref).update([WorkRow.state.set("no.such.state")])
    world.clock.move(2 * MINUTE)
    with record():
        assert sweep()["broken"] == 1
    resolved(world, f"sweep:{task.ref.id}")
    world.clock.move(2 * MINUTE)
    with record():  # The incident is opened again.
        assert sweep()["broken"] == 1


def told_to_heal(world: World) -> None:
    """Let whatever may be remedied without an operator be remedied."""
    os.environ["PALYRA_HEALING_MODE"] = "auto"
    container.cache_clear()
    world.clock.move(MINUTE)


def healing(world: World, record: Recorder) -> None:
    """No tick came, a task was put aside, and a channel worker is silent."""
    with patch.dict(os.environ):
        told_to_heal(world)
        job = world.job()
        put_aside = unknown(a_prompt(world))
        world.services.handle(put_aside.ref)
        silent = WorkHeartbeatUpdate(
            owner="main", kind=WorkHeartbeatKind.CHANNEL_WORKER, object_id="W"
        )
        world.services.worker.heartbeats.record(silent, world.clock.now())
        with record():
            sweep()
        world.at(30)
        with record():
            assert sweep()["incidents_remedy"] == 2
        world.clock.move(2 * MINUTE)
        with record():
            assert sweep()["incidents_resolve"] >= 1
    container.cache_clear()
    assert world.ledger(job)


def resuming_a_job_that_failed(world: World, record: Recorder) -> None:
    schedule = normalize_schedule({"every": "60s"}, now=world.clock.now())
    terms = {"pause_after": 1, "max_attempts": 1}
    draft = Draft("bad", schedule, "Look", ["system.health"], terms=terms)
    job = world.services.jobs.create("main", OPERATOR, draft).job
    world.at(1)
    with dying_before("Query jobs"):
        world.services.handle(world.ref(job))
    world.at(10)
    with patch.dict(os.environ):
        told_to_heal(world)
        for _ in range(2):
            with record():
                sweep()
            world.clock.move(MINUTE)
    container.cache_clear()
    assert world.services.jobs.get("main", job.id).state is JobState.ENABLED


FLOWS = (
    healing,
    resuming_a_job_that_failed,
    *approvals.SWEEP,
    sending_again,
    rescuing,
    waiting,
    failing,
    failing_where_nothing_was_journaled,
    completing_a_job,
    failing_in_a_run,
    expiring,
    cancelling_with_children,
    stopping_a_child_that_takes_too_long,
    concluding,
    collecting_heartbeats,
    reporting_a_broken_row,
    *capabilities.SWEEP,
)
