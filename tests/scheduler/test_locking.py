"""Slots of one job that meet, on the real tables: what each policy makes of them."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from chalicelib.background.kinds import Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.service import TaskDraft
from chalicelib.background.store import End, LostClaim
from chalicelib.background.task import Membership, Outcome, State, Task, TaskRef
from chalicelib.runs.store import RunHeader
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.job import CronConcurrencyPolicy, Hot, Job
from chalicelib.scheduler.judgement import Held
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import Cancelled, Write
from tests.scheduler.operating import Operator
from tests.support.faults import recorded
from tests.support.world import MINUTE, World

FORBID, REPLACE, QUEUE_ONE = CronConcurrencyPolicy


def jobs(world: World) -> JobStore:
    return world.services.jobs.jobs


def hot(world: World, job: Job) -> Hot:
    found = jobs(world).hot(world.ref(job).pk)
    assert found is not None
    return found


def begun(world: World, job: Job, minutes: float = 1) -> Task:
    """Let a worker claim and lock a slot, and fire it by a first step."""
    now = world.at(minutes)
    world.services.tick.run()
    work = world.services.worker.work
    task = work.claim(world.ref(job, minutes), "a", now)
    jobs(world).lock(task, task.ver)
    return work.checkpoint(task, 1, "link", now)


def finish(world: World, task: Task) -> None:
    """Let a worker end a slot, and do what follows."""
    work = world.services.worker.work
    ended = work.end(task, End(State.SUCCEEDED, Outcome.FIRED, ""), world.clock.now())
    world.services.worker.aftermath.follow(ended)


def outcome(world: World, job: Job, minutes: float) -> tuple[State, str, str]:
    task = world.task(world.ref(job, minutes))
    return task.state, task.outcome, task.reason


def handle(world: World, job: Job, minutes: float) -> None:
    world.at(minutes)
    world.services.handle(world.ref(job, minutes))


class TestQueueOne:
    def test_a_slot_waits_for_the_one_that_is_live(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)

        handle(world, job, 2)

        waiter = world.task(world.ref(job, 2))
        assert (waiter.state, waiter.attempt) == (State.QUEUED, 0)
        assert waiter.reason == "waits: the slot of 2026-11-22T12:01:00Z is live"
        assert (hot(world, job).active, hot(world, job).pending) == (holder.ref.sk, waiter.ref.sk)

    def test_the_holders_end_hands_the_lock_over_and_sends_the_waiter(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        handle(world, job, 2)
        sent = world.messages()

        finish(world, holder)

        after = hot(world, job)
        assert (after.active, after.active_token, after.pending) == (world.ref(job, 2).sk, 0, "")
        assert world.messages() == sent + 1

    def test_the_waiter_runs_as_its_first_attempt(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        handle(world, job, 2)
        finish(world, holder)

        handle(world, job, 2)

        waiter = world.task(world.ref(job, 2))
        assert (waiter.state, waiter.outcome, waiter.attempt) == (State.SUCCEEDED, "fired", 0)
        assert (hot(world, job).active, hot(world, job).pending) == ("", "")

    def test_a_second_waiter_finds_the_queue_full(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        handle(world, job, 2)

        handle(world, job, 3)

        assert outcome(world, job, 3) == (
            State.CLOSED,
            Outcome.QUEUE_FULL,
            Reason.ANOTHER_WAITS,
        )
        assert hot(world, job).pending == world.ref(job, 2).sk

    def test_a_waiter_whose_message_comes_again_goes_on_waiting(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)

        for _ in range(2):
            handle(world, job, 2)

        assert world.task(world.ref(job, 2)).state is State.QUEUED

    def test_the_sweep_asks_a_waiter_less_and_less_often(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        handle(world, job, 2)
        asked = []
        for _ in range(5):
            waiter = world.task(world.ref(job, 2))
            assert waiter.wake_at is not None
            asked.append(waiter.wake_at)
            world.clock.instant = waiter.wake_at
            assert world.services.swept()["send"] >= 1
            world.services.handle(waiter.ref)

        pauses = [(later - before) // MINUTE for before, later in pairwise(asked)]
        assert pauses == [1, 2, 4, 8]

    def test_a_waiter_that_was_cancelled_leaves_its_place(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        handle(world, job, 2)
        world.services.tasks.cancel("main", "token:test", world.ref(job, 2).id, "enough")

        handle(world, job, 3)

        assert world.task(world.ref(job, 3)).state is State.QUEUED
        assert hot(world, job).pending == world.ref(job, 3).sk

    def test_who_waits_is_asked_to_stop_as_it_waits(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        worker, ref = world.services.worker, world.ref(job, 2)
        task = worker.work.claim(ref, "b", world.at(2))
        worker.work.request_cancel(task, world.clock.now(), "enough")

        worker._wait(task, Waiting("a slot", lambda: False, is_sent=True))

        assert outcome(world, job, 2)[0] is State.CANCELLED

    def test_a_lock_that_came_before_the_slot_was_put_back_is_seen(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        worker, ref = world.services.worker, world.ref(job, 2)
        task = worker.work.claim(ref, "b", world.at(2))
        waiting = world.services.perform(task)
        assert isinstance(waiting, Waiting)
        finish(world, holder)
        sent = world.messages()

        worker._wait(task, waiting)

        assert world.messages() == sent + 1

    def test_nobody_waits_for_a_holder_that_has_gone_meanwhile(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        task = world.services.worker.work.claim(world.ref(job, 2), "b", world.at(2))
        seen = Held(holder.ref.sk, holder.token, "", 1)
        finish(world, holder)

        assert not jobs(world).wait(task, seen)
        assert hot(world, job).pending == ""

    def test_a_wait_whose_reply_was_lost_is_known_as_ones_own(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        task = world.services.worker.work.claim(world.ref(job, 2), "b", world.at(2))
        seen = Held(holder.ref.sk, holder.token, "", 1)

        assert [jobs(world).wait(task, seen) for _ in range(2)] == [True, True]

    def test_a_holder_that_died_with_the_lock_is_helped_away_to_the_waiter(
        self, world: World
    ) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        handle(world, job, 2)
        work = world.services.worker.work
        work.end(holder, End(State.SUCCEEDED, Outcome.FIRED, ""), world.clock.now())

        handle(world, job, 3)

        assert outcome(world, job, 3)[0] is State.QUEUED
        assert (hot(world, job).active, hot(world, job).pending) == (
            world.ref(job, 2).sk,
            world.ref(job, 3).sk,
        )

    def test_a_waiter_of_a_paused_job_is_closed_and_lets_go(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        holder = begun(world, job)
        handle(world, job, 2)
        operator.pause(job)
        finish(world, holder)

        handle(world, job, 2)

        assert outcome(world, job, 2)[1] == Outcome.PAUSED
        assert hot(world, job).active == ""


class TestReplace:
    def test_a_newer_slot_takes_the_place_of_an_older_one(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        begun(world, job)

        handle(world, job, 2)

        assert outcome(world, job, 1) == (State.CANCELLED, Outcome.FIRED, Reason.REPLACED)
        assert outcome(world, job, 2) == (State.SUCCEEDED, Outcome.FIRED, "")
        assert hot(world, job).active == ""

    def test_a_replaced_worker_writes_nothing_more(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        holder = begun(world, job)
        handle(world, job, 2)
        work = world.services.worker.work
        now = world.clock.now()
        writes: list[Callable[[], object]] = [
            lambda: work.checkpoint(holder, 2, "link", now),
            lambda: work.renew(holder, now),
            lambda: work.end(holder, End(State.SUCCEEDED, Outcome.FIRED, ""), now),
        ]

        for write in writes:
            with pytest.raises(LostClaim):
                write()

    def test_the_end_of_a_replaced_run_is_recorded_at_once(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        begun(world, job)

        handle(world, job, 2)

        header = header_of(world, world.ref(job))
        assert (header.state, header.reason) == (State.CANCELLED, "replaced")
        assert len(world.events("run.finished")) == 2
        assert world.task(world.ref(job)).wake_at is None

    def test_the_sweep_records_it_where_who_replaced_it_died(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        holder = begun(world, job)
        work = world.services.worker.work
        task = work.claim(world.ref(job, 2), "b", world.at(2))
        taken = Held(holder.ref.sk, holder.token, "", 1)
        jobs(world).replace(task, taken, holder, *both(world, task, holder))

        world.at(4)
        swept = world.services.swept()

        assert swept["conclude"] == 1
        assert header_of(world, holder.ref).state is State.CANCELLED
        assert hot(world, job).active == task.ref.sk

    def test_an_older_slot_that_comes_late_is_skipped(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        world.at(2)
        world.services.tick.run()
        newer = begun(world, job, 2)

        world.services.handle(world.ref(job, 1))

        assert outcome(world, job, 1) == (State.CLOSED, Outcome.SKIPPED, Reason.NEWER_RUNNING)
        assert world.task(newer.ref).state is State.RUNNING

    def test_a_slot_that_lost_its_claim_replaces_nobody(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        holder = begun(world, job)
        work = world.services.worker.work
        task = work.claim(world.ref(job, 2), "b", world.at(2))
        work.claim(world.ref(job, 2), "c", world.at(4))
        dispatch = world.services.worker.kinds["firing"]
        assert isinstance(dispatch, Dispatch)

        with pytest.raises(LostClaim):
            dispatch.lock._replace(
                task, Held(holder.ref.sk, holder.token, "", 1), holder, a_lease(world, task)
            )

        assert world.task(holder.ref).state is State.RUNNING

    @pytest.mark.parametrize("change", ["pause", "delete"])
    def test_nobody_replaces_for_a_job_that_was_changed_meanwhile(
        self, world: World, operator: Operator, change: str
    ) -> None:
        job = world.job(concurrency=REPLACE)
        holder = begun(world, job)
        work = world.services.worker.work
        task = work.claim(world.ref(job, 2), "b", world.at(2))
        getattr(operator, change)(job)

        with pytest.raises(Cancelled) as cancelled:
            jobs(world).replace(
                task,
                Held(holder.ref.sk, holder.token, "", 1),
                holder,
                *both(world, task, holder),
            )

        assert cancelled.value.refusals == [False, False, True]
        assert world.task(holder.ref).state is State.RUNNING

    def test_what_a_replaced_slot_has_delegated_is_asked_to_stop(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        holder = begun(world, job)
        draft = TaskDraft(
            kind="background_prompt",
            payload={"prompt": "look"},
            parent=holder.ref.id,
            membership=Membership("g", serial=False),
        )
        child = world.services.tasks.create("main", "token:test", draft).task

        handle(world, job, 2)

        assert world.task(child.ref).state is State.CANCELLED
        assert outcome(world, job, 1)[0] is State.CANCELLED

    def test_a_waiter_that_replaces_by_now_does_not_wait_for_itself(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        handle(world, job, 2)
        operator.edit(job, concurrency=REPLACE)
        dispatch = world.services.worker.kinds["firing"]
        assert isinstance(dispatch, Dispatch)
        task = world.services.worker.work.claim(world.ref(job, 2), "b", world.clock.now())

        assert dispatch.lock.take(task, a_lease(world, task)) is None

        assert (hot(world, job).active, hot(world, job).pending) == (task.ref.sk, "")

    def test_a_replaced_slot_can_be_retried_and_finds_the_newer_one(self, world: World) -> None:
        job = world.job(concurrency=REPLACE)
        begun(world, job)
        world.at(2)
        begun_newer = world.services.worker.work.claim(world.ref(job, 2), "b", world.clock.now())
        dispatch = world.services.worker.kinds["firing"]
        assert isinstance(dispatch, Dispatch)
        assert dispatch.lock.take(begun_newer, a_lease(world, begun_newer)) is None
        world.services.tasks.retry("main", "token:test", world.ref(job, 1).id)

        world.services.handle(world.ref(job, 1))

        assert outcome(world, job, 1) == (State.CLOSED, Outcome.SKIPPED, Reason.NEWER_RUNNING)


def both(world: World, task: Task, holder: Task) -> tuple[Write, Write]:
    """Return a worker's own fence, and the end of the slot that it replaces."""
    work, now = world.services.worker.work, world.clock.now()
    return work.renew_write(task, now), work.replace_write(holder, now, Reason.REPLACED)


def header_of(world: World, ref: TaskRef) -> RunHeader:
    found = world.services.transcripts.runs.header("main", ref.run_id)
    assert found is not None
    return found


def a_lease(world: World, task: Task) -> Lease:
    return world.services.worker._lease(task, world.clock.now())


@pytest.mark.parametrize("policy", CronConcurrencyPolicy)
class TestAlone:
    def test_a_slot_that_meets_nobody_makes_the_same_writes(
        self, world: World, policy: CronConcurrencyPolicy
    ) -> None:
        job = world.job(concurrency=policy, tools=[])
        handle(world, job, 1)
        world.at(2)

        with recorded() as calls:
            handle(world, job, 2)

        made = [call for call in calls.made if not call.startswith("Put")]
        assert made.count("UpdateItem jobs") == 2
        assert made.count("GetItem jobs") == 1
        assert not [call for call in made if call.startswith(("Query", "Transact"))]

    def test_the_policy_is_kept_and_can_be_edited(
        self, world: World, operator: Operator, policy: CronConcurrencyPolicy
    ) -> None:
        job = world.job()

        edited = operator.edit(job, concurrency=policy)

        assert edited.definition.concurrency is policy
        assert edited.ver == (1 if policy is FORBID else 2)


class TestShown:
    def test_a_job_names_who_is_live_and_who_waits(self, world: World) -> None:
        job = world.job(concurrency=QUEUE_ONE)
        begun(world, job)
        handle(world, job, 2)

        (listed,) = world.services.jobs.list("main", None, 10).items
        got = world.services.jobs.get("main", job.id)

        names = (world.ref(job, 1).id, world.ref(job, 2).id)
        assert (got.active, got.waiting) == (listed.active, listed.waiting) == names

    def test_a_lock_that_names_who_has_ended_is_not_shown(self, world: World) -> None:
        job = world.job()
        holder = begun(world, job)
        work = world.services.worker.work
        work.end(holder, End(State.SUCCEEDED, Outcome.FIRED, ""), world.clock.now())

        assert hot(world, job).active == holder.ref.sk
        assert world.services.jobs.get("main", job.id).active == ""
