"""The ledger checker, on what ticks and workers really wrote, and on what was planted in it."""

from typing import Any

import pytest

from chalicelib.background.rows import WorkRow
from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task
from chalicelib.healing.doctor import reading
from chalicelib.healing.doctor.check import Look, Verdict
from chalicelib.runs.store import RunRow
from chalicelib.scheduler.job import CronConcurrencyPolicy, Job
from tests.support.stage import Stage
from tests.support.world import World

KEY = "ledger.consistent"
each_policy = pytest.mark.parametrize("policy", CronConcurrencyPolicy)


@pytest.fixture
def bare(world: World) -> Stage:
    """A stage of which the ledger alone is looked at."""
    return Stage(world)


def fired(world: World, job: Job, *minutes: float) -> None:
    for each in minutes:
        world.at(each)
        world.services.tick.run()
        world.services.handle(world.ref(job, each))


def begun(world: World, job: Job, minutes: float) -> Task:
    """Let a worker claim a slot, lock it and die behind its first step."""
    world.at(minutes)
    world.services.tick.run()
    work, jobs = world.services.worker.work, world.services.jobs.jobs
    task = work.claim(world.ref(job, minutes), "a", world.clock.now())
    jobs.lock(task, task.ver)
    return task


def look(stage: Stage) -> Look:
    return stage.look(KEY)


@each_policy
def test_what_workers_really_do_keeps_every_promise(
    bare: Stage, policy: CronConcurrencyPolicy
) -> None:
    world = bare.world
    job = world.job(concurrency=policy)
    fired(world, job, 1, 2)
    holder = begun(world, job, 3)
    world.at(4)
    world.services.tick.run()
    world.services.handle(world.ref(job, 4))
    if policy is not CronConcurrencyPolicy.REPLACE:
        ended = End(State.SUCCEEDED, Outcome.FIRED, "")
        done = world.services.worker.work.end(holder, ended, world.clock.now())
        world.services.worker.aftermath.follow(done)
        world.services.handle(world.ref(job, 4))
    fired(world, job, 5, 30)  # Twenty-five minutes without a tick.
    seen = look(bare)
    assert seen.verdict is Verdict.OK, seen
    assert "1 jobs" in seen.seen


def test_a_deleted_row_of_a_real_ledger_is_missed(bare: Stage) -> None:
    job = bare.world.job()
    fired(bare.world, job, 1, 2, 3)
    ref = bare.world.ref(job, 2)
    WorkRow(ref.pk, ref.sk).delete()
    assert "slot 2026-11-22T12:02:00Z has no row" in look(bare).evidence[0]


def test_a_real_run_that_was_changed_is_found(bare: Stage) -> None:
    job = bare.world.job()
    fired(bare.world, job, 1)
    run = f"main#{bare.world.ref(job).run_id}"
    (step,) = [row for row in RunRow.query(run) if row.sk.endswith("#000002")]
    step.update([RunRow.content.set(step.content.replace("true", "false"))])
    seen = look(bare)
    assert (seen.verdict, "once: " in seen.evidence[0]) == (Verdict.FAILED, True), seen


def test_two_live_runs_of_a_real_forbid_job_are_found(bare: Stage) -> None:
    job = bare.world.job()
    fired(bare.world, job, 1, 2)
    for minutes in (1, 2):
        ref = bare.world.ref(job, minutes)
        row = WorkRow.get(ref.pk, ref.sk)
        row.update([WorkRow.state.set("running"), WorkRow.finished_at.remove()])
    assert any("are both live" in each for each in look(bare).evidence)


def test_another_owners_ledger_is_not_looked_at(bare: Stage) -> None:
    job = bare.world.job()
    fired(bare.world, job, 1)
    ref = bare.world.ref(job)
    WorkRow(ref.pk, ref.sk).delete()
    assert bare.look(KEY, "other").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("bound", "most", "told"),
    [
        ("MOST_JOBS", 1, "only the newest 1 jobs"),
        ("MOST_ROWS", 2, "only the newest 2 rows"),
        ("MOST_RUNS", 1, "the steps of 1 runs alone"),
        ("MOST_EVENTS", 0, "events were not looked at"),
    ],
)
def test_what_was_not_looked_at_is_not_called_proven(
    bare: Stage, monkeypatch: pytest.MonkeyPatch, bound: str, most: Any, told: str
) -> None:
    monkeypatch.setattr(reading, bound, most)
    bare.world.job(name="another")
    job = bare.world.job()
    fired(bare.world, job, 1, 2, 3)
    seen = look(bare)
    assert (seen.verdict, told in seen.seen) == (Verdict.UNKNOWN, True), seen
