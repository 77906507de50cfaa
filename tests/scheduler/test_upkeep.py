"""Jobs that end by themselves: completed, paused for what they are, resumed at an instant."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.backoff import Backoff
from chalicelib.errors import Conflict, Invalid
from chalicelib.incidents.rows import RecordRow
from chalicelib.scheduler.job import Change, Hold, Job, JobState
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Draft
from tests.scheduler.operating import ACTOR, Operator
from tests.support.world import MINUTE, NOON, World


def made(operator: Operator, every: str = "1m", **terms: object) -> Job:
    draft = Draft("job", operator.schedule(every=every), "Look", [], terms=terms)
    return operator.jobs.create("main", ACTOR, draft).job


def now(operator: Operator, job: Job) -> Job:
    return operator.jobs.get("main", job.id)


def test_a_job_is_completed_by_its_last_run(operator: Operator, world: World) -> None:
    job = made(operator, max_runs=1)

    assert operator.work(job, 1) == "fired"

    assert (now(operator, job).state, now(operator, job).standing.runs) == (JobState.COMPLETED, 1)
    assert operator.work(job, 2) == "skipped"
    assert not operator.is_due(job)
    assert len(world.events("job.completed")) == 1


def test_a_completed_job_begins_anew_when_it_is_resumed(operator: Operator) -> None:
    job = made(operator, max_runs=1)
    operator.work(job, 1)
    with pytest.raises(Conflict, match="completed"):
        operator.pause(job)

    resumed = operator.resume(job)

    assert (resumed.state, resumed.standing.runs) == (JobState.ENABLED, 0)
    assert operator.is_due(job)


def test_no_more_runs_are_allowed_than_were_made(operator: Operator) -> None:
    job = made(operator)
    operator.work(job, 1)

    with pytest.raises(Invalid, match="made 1 runs"):
        operator.edit(job, terms={"max_runs": 1})


def failing(world: World) -> None:
    def broken(*_arguments: object) -> object:
        raise RuntimeError("no")

    dispatch: Any = world.services.worker.kinds["firing"]
    dispatch.runs.execute = broken


def test_a_job_that_keeps_failing_is_paused_with_an_incident(
    operator: Operator, world: World
) -> None:
    job = made(operator, max_attempts=1, pause_after=2)
    failing(world)
    operator.work(job, 1)
    assert now(operator, job).state is JobState.ENABLED

    operator.work(job, 2)

    paused = now(operator, job)
    assert (paused.state, paused.standing.hold) == (JobState.PAUSED, Hold.FAILURES)
    (incident,) = [row for row in RecordRow.scan() if row.sk == "0"]
    assert "2 runs failed" in incident.detail
    assert operator.resume(job).standing.failures == 0


def test_attempts_back_off_by_the_jobs_own_terms(operator: Operator, world: World) -> None:
    second = timedelta(seconds=1)
    job = made(operator, max_attempts=3, backoff=Backoff(100 * second, 120 * second))
    failing(world)

    operator.work(job, 1)
    first = world.task(world.ref(job, 1))
    world.clock.move(100 * second)
    operator.take(job, 1)
    world.clock.move(120 * second)
    operator.take(job, 1)

    last = world.task(world.ref(job, 1))
    assert first.not_before == NOON + MINUTE + 100 * second
    assert [each.number for each in last.history] == [1, 2]
    assert (last.state, last.attempt) == ("failed", 2)


def test_a_paused_job_resumes_as_of_its_instant(operator: Operator, world: World) -> None:
    job = made(operator, every="10m")
    until = NOON + 25 * MINUTE
    operator.jobs.pause("main", ACTOR, job.id, until)
    world.at(24)
    world.services.tick.run()
    assert now(operator, job).state is JobState.PAUSED
    world.at(32)

    world.services.tick.run()

    resumed = operator.seen(job).hot
    assert (resumed.state, resumed.since) == (JobState.ENABLED, until)
    assert world.ledger(job) == {"12:10:00": "paused", "12:30:00": "handed"}
    assert operator.work(job, 30) == "fired"


def test_an_operator_who_resumes_ends_the_pause_for_good(operator: Operator, world: World) -> None:
    job = made(operator, every="10m")
    operator.jobs.pause("main", ACTOR, job.id, NOON + 25 * MINUTE)
    operator.resume(job)
    operator.pause(job)
    world.at(30)

    world.services.tick.run()

    assert now(operator, job).state is JobState.PAUSED


def test_a_job_that_cannot_be_read_is_paused_and_blocks_nothing(
    operator: Operator, world: World
) -> None:
    broken, well = made(operator), made(operator)
    HotRow.change(world.ref(broken).pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    world.at(3)

    assert world.services.tick.run()["failed"] == 1

    paused = now(operator, broken)
    assert (paused.state, paused.standing.hold) == (JobState.PAUSED, Hold.UNREADABLE)
    assert "12:05:00" in world.ledger(well)
    assert world.services.tick.run()["failed"] == 0
    assert len([row for row in RecordRow.scan() if row.sk == "0"]) == 1
    fixed = operator.edit(broken, schedule=operator.schedule(every="2m"))
    assert operator.resume(fixed).state is JobState.ENABLED


def test_a_slot_of_another_tzdata_is_recomputed_and_fires_once(
    operator: Operator, world: World
) -> None:
    schedule = operator.schedule(cron="10 13 * * *", timezone="Europe/Prague")
    job = operator.jobs.create("main", ACTOR, Draft("job", schedule, "Look", [])).job
    row = HotRow.get(world.ref(job).pk, "hot")
    stored = row.schedule.rpartition(" ")[0] + " 1999a"
    ahead = [HotRow.schedule.set(stored), HotRow.next.set(row.next + 3_600_000)]
    HotRow.change(row.pk, "hot", ahead, HotRow.pk.exists())
    world.at(68)

    world.services.tick.run()
    world.services.tick.run()

    assert world.ledger(job) == {"12:10:00": "misfired"}
    assert HotRow.get(row.pk, "hot").schedule == row.schedule


def test_jitter_delays_a_run_and_not_the_next_slot(operator: Operator, world: World) -> None:
    job = made(operator, every="10m", jitter=timedelta(minutes=5))
    world.at(8)
    world.services.tick.run()
    task = world.task(world.ref(job, 10))
    assert task.not_before is not None
    assert NOON + 10 * MINUTE < task.not_before <= NOON + 15 * MINUTE

    assert operator.work(job, 10) == "handed"
    world.clock.instant = task.not_before
    assert operator.take(job, 10) == "fired"
    assert operator.seen(job).hot.next == NOON + 20 * MINUTE


def test_an_edit_of_the_terms_moves_no_slot(operator: Operator) -> None:
    job = made(operator, every="10m")
    before = operator.seen(job).hot

    operator.jobs.edit("main", ACTOR, job.id, Change(terms={"jitter": MINUTE, "max_attempts": 2}))

    after = operator.seen(job).hot
    assert (after.since, after.next, after.ver) == (before.since, before.next, before.ver + 1)
    assert (after.terms.jitter, after.max_attempts) == (MINUTE, 2)
