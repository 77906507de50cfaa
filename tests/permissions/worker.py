"""What the workers do."""

from collections.abc import Mapping
from typing import Any

from chalicelib.background.erasure import KIND as ERASURE
from chalicelib.background.journal_verify import KIND as VERIFY
from chalicelib.background.kinds import Continuation, Ending
from chalicelib.background.lease import Lease
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import State, Task
from chalicelib.functions.wiring import api
from chalicelib.healing.doctor.check import Verdict
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.service import DoctorService
from chalicelib.scheduler.rows import DefinitionRow
from tests.functions.invoke import journal_seal, message, worker_high, worker_low, worker_normal
from tests.healing.doctor import node_plants, plants
from tests.healing.test_erasure import resolved as a_resolved_incident
from tests.nodes.gateway import Gateway
from tests.permissions import approvals, capabilities
from tests.permissions.moved import move_old_events
from tests.permissions.recorder import Recorder, dying_before
from tests.permissions.tasks import LARGE, PRIORITIES, a_prompt, children, resolved, unknown
from tests.support.faults import before
from tests.support.stage import Stage, a_stage
from tests.support.tasks import (
    DONE,
    OPERATOR,
    SECOND,
    HandHeart,
    break_down,
    errand,
    errands,
    finish,
)
from tests.support.world import MINUTE, World


def firing(world: World, record: Recorder) -> None:
    job = world.job()
    for minutes in (0, 1):  # A message that comes early is sent again.
        world.at(minutes)
        with record():
            world.container().handle(world.ref(job))
    assert world.ledger(job)["12:01:00"] == "fired"


def denying_a_slot(world: World, record: Recorder) -> None:
    job = world.job()
    no_such_tool = DefinitionRow.tools.set(["no.such.tool"])
    DefinitionRow(world.ref(job).pk, "def").update([no_such_tool])
    world.at(1)
    with record():
        world.container().handle(world.ref(job))
    assert world.ledger(job)["12:01:00"] == "denied"


def meeting_the_dead(world: World, record: Recorder) -> None:
    held, unconcluded = world.job(), world.job()
    world.at(1)
    for job, last_words in ((held, "Query jobs"), (unconcluded, "PutItem journal")):
        with dying_before(last_words):
            world.container().handle(world.ref(job))
    world.at(2.1)
    with record():
        world.container().handle(world.ref(held, 2))
        world.container().handle(world.ref(unconcluded))
        world.container().handle(world.ref(held))  # a rescue
    assert world.ledger(held)["12:02:00"] == "skipped"
    assert len(world.events("run.finished")) == 2


def prompts_of_all_lanes(world: World, record: Recorder) -> None:
    for priority, work in zip(PRIORITIES, (worker_high, worker_normal, worker_low), strict=True):
        task = a_prompt(world, priority=priority)
        with record():
            work(message(task.ref))
        assert world.task(task.ref).state is State.SUCCEEDED


def large_payloads(world: World, record: Recorder) -> None:
    task = a_prompt(world, payload={"then": {"prompt": LARGE}})
    with record():
        worker_normal(message(task.ref))
    (follow_up,) = world.services.worker.work.offspring(task.ref)
    assert follow_up.payload_key


def erasing(world: World, record: Recorder) -> None:
    task = a_prompt(world, LARGE)
    world.container().handle(task.ref)
    _erase(world, record, task.ref.id)


def _erase(world: World, record: Recorder, subject: str) -> None:
    draft = TaskDraft(kind=ERASURE, payload={"subject": subject, "reason": "asked for"})
    erasure = world.services.tasks.create("main", OPERATOR, draft).task
    for _ in range(2):
        with record():
            worker_normal(message(erasure.ref))
        world.clock.move(15 * MINUTE)
    assert world.task(erasure.ref).state is State.SUCCEEDED


def erasing_what_was_written(world: World, record: Recorder) -> None:
    gateway = Gateway(world)
    node = gateway.node()
    gateway.revoke(node)
    incident = a_resolved_incident(world)
    for subject in (node.id, incident):
        _erase(world, record, subject)


def verifying_what_was_erased(world: World, record: Recorder) -> None:
    erasing(world, Recorder())
    verify = world.services.tasks.create("main", OPERATOR, TaskDraft(kind=VERIFY)).task
    with record():
        worker_normal(message(verify.ref))
    assert world.task(verify.ref).state is State.SUCCEEDED


def exporting_the_journal(world: World, record: Recorder) -> None:
    for _ in range(2):
        task = world.services.tasks.create("main", OPERATOR, TaskDraft(kind="journal_export")).task
        with record():
            worker_normal(message(task.ref))
        assert world.task(task.ref).state is State.SUCCEEDED


def searching_the_journal(world: World, record: Recorder) -> None:
    task = a_prompt(world, payload={"tools": ["journal.search"]})
    with record():
        worker_normal(message(task.ref))
    assert world.task(task.ref).state is State.SUCCEEDED


def follow_ups_of_all_lanes(world: World, record: Recorder) -> None:
    for priority, work in zip(PRIORITIES, (worker_high, worker_normal, worker_low), strict=True):
        task = a_prompt(world, priority=priority, payload={"then": {"prompt": "And then?"}})
        with record():
            work(message(task.ref))
        assert world.services.worker.work.offspring(task.ref)


def a_kind_that_no_function_knows(world: World, record: Recorder) -> None:
    task = unknown(a_prompt(world))
    with record():
        worker_normal(message(task.ref))
    assert world.task(task.ref).state is State.PAUSED
    world.services.tasks.resume("main", OPERATOR, task.ref.id)
    with record():  # The incident is opened again.
        worker_normal(message(task.ref))


def a_chain_that_is_too_deep(world: World, record: Recorder) -> None:
    first = a_prompt(world, payload={"then": {"prompt": "2", "then": {"prompt": "3"}}})
    services = world.container(max_depth=1)
    services.handle(first.ref)
    (second,) = services.worker.work.offspring(first.ref)
    with record():
        services.handle(second.ref)
    resolved(world, f"depth:{second.ref.id}")


def children_that_wait_for_each_other(world: World, record: Recorder) -> None:
    first, second, third = children(world, a_prompt(world), 3)
    for child in (first, second):
        with dying_before("Query jobs"):
            world.container().handle(child.ref)
    with record():
        world.container().handle(third.ref)
    assert world.task(third.ref).state is State.QUEUED
    world.clock.move(MINUTE + SECOND)
    with record():
        world.container().handle(first.ref)
        world.container().handle(third.ref)
    assert world.task(third.ref).state is State.SUCCEEDED


def stopping_when_asked(world: World, record: Recorder) -> None:
    task = a_prompt(world)
    (child,) = children(world, task, 1)

    def cancel() -> None:
        world.services.tasks.cancel("main", OPERATOR, task.ref.id, "enough")

    with before("PutItem", "runs", cancel), record():
        world.container().handle(task.ref)
    assert [world.task(ref).state for ref in (task.ref, child.ref)] == [State.CANCELLED] * 2


def beating(world: World, record: Recorder) -> None:
    heart = world.services.worker.heart = HandHeart()

    def work_slowly(_task: Task, lease: Lease) -> Ending:
        with lease.step(MINUTE):
            world.clock.move(30 * SECOND)
            assert heart.beat()
        return DONE

    errands(world.services, work_slowly)
    with record():
        world.services.handle(errand(world).ref)


def going_on_in_another_invocation(world: World, record: Recorder) -> None:
    errands(world.services, lambda _task, _lease: Continuation(world.clock.now()), finish)
    task = errand(world)
    for _ in range(2):
        with record():
            world.services.handle(task.ref)
    assert world.task(task.ref).hops == 1


def trying_again(world: World, record: Recorder) -> None:
    errands(world.services, break_down)
    task = errand(world, max_attempts=2)
    for _ in range(2):
        with record():
            world.services.handle(task.ref)
        world.clock.move(MINUTE)
    assert world.task(task.ref).state is State.FAILED


def verifying_the_journal(world: World, record: Recorder) -> None:
    world.job()
    journal_seal()
    draft = TaskDraft(kind=VERIFY)
    task = world.services.tasks.create("main", OPERATOR, draft).task
    with record():
        world.services.handle(task.ref)
    assert world.task(task.ref).state is State.SUCCEEDED
    assert not world.task(task.ref).reason


def verifying_what_was_moved(world: World, record: Recorder) -> None:
    move_old_events(world)
    task = world.services.tasks.create("main", OPERATOR, TaskDraft(kind=VERIFY)).task
    with record():
        world.services.handle(task.ref)
    assert not world.task(task.ref).reason


def examining(world: World, record: Recorder) -> None:
    with a_stage(world) as stage:
        for plant in (plants.an_incident, plants.a_heartbeat_left, plants.a_slot_that_is_late):
            plant(stage)
        world.services.tick.run()
        plants.a_slot_that_is_late(stage)
        plants.a_guard(stage)
        plants.a_disabled_rule(stage)
        _examine(stage, record, {}, "fix", "undo")


def examining_nodes(world: World, record: Recorder) -> None:
    with a_stage(world) as stage:
        for plant in (
            node_plants.an_authority_that_follows,
            node_plants.a_code_that_nobody_ended,
            node_plants.a_request_that_nobody_ended,
            node_plants.an_approval_nobody_looks_after,
        ):
            plant(stage)
        _examine(stage, record, {"only": ["nodes", "approvals"]}, "fix")


def _examine(stage: Stage, record: Recorder, order: Mapping[str, Any], *ways: str) -> None:
    doctor, ids = api.doctor(stage.container), list[str]()
    for way in ("ask", *ways):
        task = getattr(doctor, way)("main", OPERATOR, ids[-1] if ids else order).task
        with record():
            worker_high(message(task.ref))
        assert stage.world.task(task.ref).state is State.SUCCEEDED
        assert not [it for it in _examined(doctor, task.ref.id) if "may not" in it]
        ids.append(task.ref.id)


def _examined(doctor: DoctorService, run: str) -> list[str]:
    """Return what an examination could not see, or could not change."""
    seen = doctor.get("main", run)
    unseen = [look.seen for look in seen.looks.values() if look.verdict is Verdict.UNKNOWN]
    return [*unseen, *(each.told for each in seen.changes if each.outcome is Outcome.FAILED)]


FLOWS = (
    examining,
    examining_nodes,
    *approvals.WORKER,
    verifying_what_was_moved,
    erasing,
    erasing_what_was_written,
    verifying_what_was_erased,
    firing,
    verifying_the_journal,
    denying_a_slot,
    meeting_the_dead,
    prompts_of_all_lanes,
    large_payloads,
    exporting_the_journal,
    searching_the_journal,
    follow_ups_of_all_lanes,
    a_kind_that_no_function_knows,
    a_chain_that_is_too_deep,
    children_that_wait_for_each_other,
    stopping_when_asked,
    beating,
    going_on_in_another_invocation,
    trying_again,
    *capabilities.WORKER,
)
