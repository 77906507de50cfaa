"""Each mender mends what its check saw, does nothing about what changed, and undoes what it can."""

from datetime import timedelta

import pytest

from chalicelib.background.task import State
from chalicelib.healing.doctor.check import Look, Step, Verdict
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.menders import menders
from chalicelib.healing.doctor.mending import Result
from chalicelib.scheduler.rows import HotRow
from tests.healing.doctor import node_plants, plants
from tests.support.stage import Stage, client
from tests.support.world import MINUTE

RULE = "palyra-local-cron_tick-event"


def planned(stage: Stage, key: str) -> Step:
    """Return the one step that a check plans."""
    (step,) = stage.look(key).steps
    return step


def applied(stage: Stage, step: Step, *, again: bool = False) -> Result:
    return menders(stage.rooms())[step.mender].apply(step, again=again)


def undone(stage: Stage, step: Step, *, again: bool = False) -> Result:
    return menders(stage.rooms())[step.mender].undo(step, again=again)


def is_well(look: Look) -> bool:
    return look.verdict is Verdict.OK


CAUSES = {
    "functions.recursion": plants.a_guard,
    "functions.triggers": plants.a_disabled_rule,
    "scheduler.slots": plants.a_slot_that_is_late,
    "work.overdue": plants.an_open_task,
    "work.leases": plants.an_open_task,
    "work.heartbeats": plants.a_heartbeat_left,
    "approvals.overdue": node_plants.an_approval_nobody_looks_after,
    "nodes.pairings": node_plants.a_code_that_nobody_ended,
    "nodes.requests": node_plants.a_request_that_nobody_ended,
}
each_cause = pytest.mark.parametrize("key", CAUSES)


@each_cause
def test_what_a_check_plans_mends_what_it_saw(stage: Stage, key: str) -> None:
    CAUSES[key](stage)
    step = planned(stage, key)
    result = applied(stage, step)
    assert result.outcome is Outcome.DONE, result
    assert result.told
    if key == "work.leases":  # It was sent: the worker that takes the message rescues it.
        assert stage.world.messages() > 0
    else:
        assert is_well(stage.look(key))


@each_cause
def test_what_was_mended_already_is_left_alone(stage: Stage, key: str) -> None:
    CAUSES[key](stage)
    step = planned(stage, key)
    applied(stage, step)
    assert applied(stage, step).outcome is Outcome.UNCHANGED


@each_cause
def test_a_worker_that_died_over_it_has_done_it(stage: Stage, key: str) -> None:
    CAUSES[key](stage)
    step = planned(stage, key)
    applied(stage, step)
    assert applied(stage, step, again=True).outcome is Outcome.DONE


def test_the_sweeps_step_rescues_a_task_whose_worker_died(stage: Stage) -> None:
    plants.an_open_task(stage)
    world, (job,) = stage.world, [row.pk for row in HotRow.scan() if row.sk == "hot"]
    applied(stage, planned(stage, "work.leases"))
    (ref,) = [task.ref for task in world.services.worker.work.newest(job, None, 99)][-1:]
    world.services.handle(ref)
    assert world.task(ref).state.is_terminal


def test_the_sweeps_step_tells_what_was_done_and_no_age(stage: Stage) -> None:
    stage.world.job(every="1h")
    stage.world.at(59)
    stage.world.services.tick.run()
    stage.world.at(70)
    assert applied(stage, planned(stage, "work.overdue")).told == "looked at: 1 send"


def test_the_guard_is_put_back_as_it_was(stage: Stage) -> None:
    plants.a_guard(stage)
    step = planned(stage, "functions.recursion")
    applied(stage, step)
    assert undone(stage, step) == Result(Outcome.DONE, "RecursiveLoop of worker_low is Terminate")
    assert undone(stage, step).outcome is Outcome.UNCHANGED
    assert undone(stage, step, again=True).outcome is Outcome.DONE


def test_a_guard_that_somebody_set_meanwhile_is_left_alone(stage: Stage) -> None:
    plants.a_guard(stage)
    step = planned(stage, "functions.recursion")
    stage.recursion["palyra-local-worker_low"] = "Something"
    result = applied(stage, step)
    assert result.outcome is Outcome.UNCHANGED
    assert "nothing was done" in result.told
    assert stage.recursion["palyra-local-worker_low"] == "Something"


def test_a_rule_that_is_gone_is_told(stage: Stage) -> None:
    plants.a_disabled_rule(stage)
    step = planned(stage, "functions.triggers")
    client("events").delete_rule(Name=RULE)
    assert applied(stage, step) == Result(
        Outcome.UNCHANGED, "the schedule of cron_tick is gone by now: nothing was done"
    )


def test_a_rule_cannot_be_switched_off_again(stage: Stage) -> None:
    plants.a_disabled_rule(stage)
    step = planned(stage, "functions.triggers")
    applied(stage, step)
    assert not menders(stage.rooms())[step.mender].can_undo
    assert undone(stage, step).outcome is Outcome.UNCHANGED
    assert client("events").describe_rule(Name=RULE)["State"] == "ENABLED"


def test_late_slots_are_handed_over_once(stage: Stage) -> None:
    plants.a_slot_that_is_late(stage)
    step = planned(stage, "scheduler.slots")
    told = applied(stage, step).told
    # What is too late for the grace is ledgered as missed; the rest runs, up to the horizon.
    assert told == "5 slots were sent on their way, 5 were missed"
    (pk,) = {row.pk for row in HotRow.scan() if row.sk == "hot"}
    rows = stage.world.services.worker.work.newest(pk, None, 200)
    assert len({row.ref.sk for row in rows}) == len(rows) > 1


def test_a_heartbeat_is_put_back_as_it_was(stage: Stage) -> None:
    task_id = plants.a_heartbeat_left(stage)
    step = planned(stage, "work.heartbeats")
    applied(stage, step)
    assert undone(stage, step).outcome is Outcome.DONE
    assert planned(stage, "work.heartbeats") == step
    assert undone(stage, step).outcome is Outcome.UNCHANGED
    assert undone(stage, step, again=True).outcome is Outcome.DONE
    assert task_id in step.target


def test_a_heartbeat_of_work_that_was_heard_of_since_stays(stage: Stage) -> None:
    task_id = plants.a_heartbeat_left(stage)
    step = planned(stage, "work.heartbeats")
    plants.beaten(stage.world, task_id, token=2)
    assert applied(stage, step).outcome is Outcome.UNCHANGED
    stage.world.clock.move(timedelta(minutes=5))
    assert planned(stage, "work.heartbeats").before != step.before


def test_work_that_hangs_keeps_its_heartbeat(stage: Stage) -> None:
    plants.an_open_task(stage)
    (pk,) = {row.pk for row in HotRow.scan() if row.sk == "hot"}
    (task,) = [
        task
        for task in stage.world.services.worker.work.newest(pk, None, 200)
        if task.state is State.RUNNING
    ]
    plants.beaten(stage.world, task.ref.id)
    stage.world.clock.move(3 * MINUTE)
    look = stage.look("work.heartbeats")
    assert "hangs" in look.seen
    assert not look.steps
