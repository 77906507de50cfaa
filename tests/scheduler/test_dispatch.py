import pytest
from pynamodb.expressions.update import Action

from chalicelib.background.kinds import Ending
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import State
from chalicelib.policy.authority import Authority
from chalicelib.policy.engine import PolicyEngine
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.job import Job
from chalicelib.scheduler.rows import DefinitionRow, HotRow
from tests.support.faults import recorded
from tests.support.world import NOON, World

PAUSED = [HotRow.state.set("paused"), HotRow.ver.set(2)]


def change_hot(pk: str, *actions: Action) -> None:
    HotRow.change(pk, "hot", list(actions), HotRow.pk.exists())


def run_slot(world: World, job: Job, minutes: float = 1) -> None:
    world.at(minutes)
    world.services.handle(world.ref(job, minutes))


def test_a_slot_becomes_a_run_with_a_result(world: World) -> None:
    job = world.job()

    run_slot(world, job)

    view = world.services.transcripts.view("main", world.ref(job).run_id)
    assert view.header.state is State.SUCCEEDED
    assert view.result is not None
    assert "background.active_runs = 1" in view.result


def test_the_run_names_the_policy_that_allowed_it(world: World) -> None:
    job = world.job()

    run_slot(world, job)

    header = world.services.transcripts.view("main", world.ref(job).run_id).header
    assert header.policies == "default-dispatch-read-only"
    assert header.policy_set == PolicyEngine().fingerprint


def test_the_terminal_event_anchors_the_last_step(world: World) -> None:
    job = world.job()

    run_slot(world, job)

    (event,) = world.events("run.finished")
    last = world.services.transcripts.view("main", world.ref(job).run_id).steps[-1]
    assert f'"head":"{last.link}"' in event.content


def test_a_slot_is_skipped_while_another_is_live(world: World) -> None:
    job = world.job()
    world.at(1)
    holder = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.services.jobs.jobs.lock(holder, holder.ver)

    run_slot(world, job, minutes=2)

    task = world.task(world.ref(job, 2))
    assert (task.outcome, task.reason, task.state) == ("skipped", "overlap", State.CLOSED)


def test_skipping_leaves_the_lock_to_its_holder(world: World) -> None:
    job = world.job()
    world.at(1)
    holder = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.services.jobs.jobs.lock(holder, holder.ver)

    with recorded() as calls:
        run_slot(world, job, minutes=2)

    assert HotRow.get(holder.ref.pk, "hot").active == holder.ref.sk
    assert calls.made.count("UpdateItem jobs") == 1


def test_a_holder_that_ended_without_letting_go_is_helped_away(world: World) -> None:
    job = world.job()
    world.at(1)
    work = world.services.worker.work
    holder = work.claim(world.ref(job), "a", world.clock.now())
    ending = world.services.perform(holder)
    assert isinstance(ending, Ending)
    work.end(holder, ending.end, world.clock.now())

    run_slot(world, job, minutes=2)

    assert world.task(world.ref(job, 2)).outcome == "fired"
    assert "active" not in HotRow.get(holder.ref.pk, "hot").attribute_values


def test_a_lock_whose_holder_has_no_row_is_helped_away(world: World) -> None:
    job = world.job()
    pk = world.ref(job).pk
    change_hot(pk, HotRow.active.set("000000000001"), HotRow.active_token.set(1))

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "fired"


def test_a_slot_of_a_paused_job_is_accounted_for(world: World) -> None:
    job = world.job()
    change_hot(world.ref(job).pk, *PAUSED)

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "paused"


def test_a_rescued_slot_that_is_closed_lets_go_of_the_lock_it_took(world: World) -> None:
    job = world.job()
    world.at(1)
    task = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.services.jobs.jobs.lock(task, task.ver)
    change_hot(task.ref.pk, *PAUSED)

    run_slot(world, job, minutes=1)
    world.at(3)
    world.services.handle(task.ref)

    assert world.task(task.ref).outcome == "paused"
    assert HotRow.get(task.ref.pk, "hot").active is None


def test_a_slot_at_or_before_an_edit_is_superseded(world: World) -> None:
    job = world.job()
    at_slot = int(world.ref(job).sk) * 1000
    change_hot(world.ref(job).pk, HotRow.since.set(at_slot), HotRow.ver.set(2))

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "superseded"


def test_a_slot_that_the_edited_schedule_still_has_fires(world: World) -> None:
    job = world.job()
    every_30s = f"every/1 30s from {int(NOON.timestamp())}"
    change_hot(world.ref(job).pk, HotRow.schedule.set(every_30s), HotRow.ver.set(2))

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "fired"


def test_a_lock_on_a_job_that_does_not_exist_raises_no_ghost(world: World) -> None:
    job = world.job()
    HotRow(world.ref(job).pk, "hot").delete()

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "superseded"
    assert world.services.jobs.jobs.hot(world.ref(job).pk) is None


def test_a_job_without_a_definition_is_closed_and_lets_go(world: World) -> None:
    job = world.job()
    DefinitionRow(world.ref(job).pk, "def").delete()

    run_slot(world, job)

    assert world.task(world.ref(job)).outcome == "superseded"
    assert HotRow.get(world.ref(job).pk, "hot").active is None


def test_a_denied_slot_is_closed_together_with_its_event(world: World) -> None:
    job = world.job()
    world.at(1)

    services = world.container()
    dispatch = services.worker.kinds["firing"]
    assert isinstance(dispatch, Dispatch)
    dispatch.runs.policy = PolicyEngine("")
    services.handle(world.ref(job))

    task = world.task(world.ref(job))
    assert (task.outcome, task.reason, task.state) == (
        "denied",
        "policy.default_deny",
        State.CLOSED,
    )
    assert len(world.events("slot.denied")) == 1
    assert HotRow.get(task.ref.pk, "hot").active is None


def test_a_fired_slot_goes_on_though_its_job_was_paused(world: World) -> None:
    job = world.job()
    world.at(1)
    work = world.services.worker.work
    task = work.claim(world.ref(job), "a", world.clock.now())
    with pytest.raises(Exception, match="no answer after 2 steps"):
        world.container(max_steps=2).perform(task)
    change_hot(task.ref.pk, *PAUSED)
    world.at(3)

    world.services.handle(task.ref)

    rescued = world.task(task.ref)
    assert (rescued.state, rescued.outcome) == (State.SUCCEEDED, "fired")


def test_a_rescuer_goes_on_behind_the_last_accepted_step(world: World) -> None:
    job = world.job()
    world.at(1)
    task = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    with pytest.raises(Exception, match="no answer after 2 steps"):
        world.container(max_steps=2).perform(task)
    world.at(3)

    world.services.handle(task.ref)

    steps = world.services.transcripts.view("main", task.ref.run_id).steps
    assert [(step.checkpoint.token, step.checkpoint.seq) for step in steps] == [
        (1, 1),
        (1, 2),
        (2, 3),
    ]


def test_from_tick_to_done_takes_the_writes_of_the_protocol(world: World) -> None:
    job = world.job()
    world.at(1)
    warm = world.services
    warm.handle(world.ref(job))
    world.at(2)

    with recorded() as calls:
        warm.handle(world.ref(job, 2))

    writes = [call for call in calls.made if call.startswith(("Put", "Update"))]
    step = ["PutItem runs", "UpdateItem work"]
    assert writes == [
        "UpdateItem work",  # claim
        "UpdateItem jobs",  # lock and judge
        "PutItem runs",  # header
        *step * 3,
        "UpdateItem work",  # finish
        "UpdateItem jobs",  # release
        "PutItem journal",  # terminal event
        "UpdateItem runs",  # header end
    ]


def test_from_tick_to_done_reads_nothing_but_the_definition(world: World) -> None:
    job = world.job(tools=[])
    world.at(1)
    warm = world.services
    warm.handle(world.ref(job))
    world.at(2)

    warm.worker.gate.gate()
    dispatch = warm.worker.kinds["firing"]
    assert isinstance(dispatch, Dispatch)
    assert isinstance(dispatch.runs.policy, Authority)
    dispatch.runs.policy.engine("main")  # Read at most once in five seconds.
    with recorded() as calls:
        warm.handle(world.ref(job, 2))

    assert [call for call in calls.made if call.startswith(("Get", "Query"))] == ["GetItem jobs"]


def test_a_row_stays_below_one_write_unit(world: World) -> None:
    job = world.job()
    run_slot(world, job)
    ref = world.ref(job)

    row = WorkRow.get(ref.pk, ref.sk)

    sizes = [len(name) + len(str(value)) for name, value in row.attribute_values.items()]
    assert sum(sizes) < 1024
