from datetime import timedelta

import pytest

from chalicelib.background.store import End, LostClaim, NewTask, WorkRow, WorkStore
from chalicelib.background.task import Outcome, State, Task, TaskRef
from chalicelib.scheduler.job import Job
from chalicelib.tables import Refused
from tests.support.faults import every_write_retried
from tests.support.world import MINUTE, World

SECOND = timedelta(seconds=1)
DONE = End(state=State.SUCCEEDED, outcome=Outcome.FIRED, reason="")


@pytest.fixture
def job(world: World) -> Job:
    return world.job()


@pytest.fixture
def ref(world: World, job: Job) -> TaskRef:
    world.at(1)
    return world.ref(job)


@pytest.fixture
def work(world: World) -> WorkStore:
    return world.services.worker.work


def claim(world: World, ref: TaskRef, name: str = "a") -> Task:
    return world.services.worker.work.claim(ref, name, world.clock.now())


def is_open(work: WorkStore, world: World, ref: TaskRef) -> bool:
    later = world.clock.now() + timedelta(days=1)
    return ref in [found for shard in range(4) for found in work.due("normal", shard, later, 100)]


class TestPut:
    def test_a_row_that_exists_is_returned_and_left_alone(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        claimed = claim(world, ref)
        another = NewTask(
            ref=ref,
            kind="another",
            outcome=Outcome.MISFIRED,
            reason="another",
            lane="normal",
            shard=0,
            last_attempt=0,
            ver=9,
            last=ref.sk,
            wake_at=None,
            created_at=ref.slot,
        )

        assert work.put(another) == claimed


class TestClaim:
    def test_a_claim_raises_the_token_and_takes_the_lease(self, world: World, ref: TaskRef) -> None:
        task = claim(world, ref)

        assert (task.token, task.state) == (1, State.RUNNING)
        assert task.lease_until == world.clock.now() + MINUTE

    def test_the_first_claim_counts_no_attempt(self, world: World, ref: TaskRef) -> None:
        assert claim(world, ref).attempt == 0

    def test_a_row_under_a_living_lease_is_refused(self, world: World, ref: TaskRef) -> None:
        claim(world, ref)

        with pytest.raises(Refused) as refused:
            claim(world, ref, "b")

        assert refused.value.old.claim == "a"

    def test_a_row_that_does_not_exist_is_refused_with_nothing(self, world: World) -> None:
        with pytest.raises(Refused) as refused:
            claim(world, TaskRef("main#J", "000000000001"))

        assert refused.value.old is None

    def test_a_lost_reply_is_known_by_the_claims_name(self, world: World, ref: TaskRef) -> None:
        with every_write_retried():
            assert claim(world, ref).token == 1

    def test_after_the_lease_the_next_claim_is_a_rescue_and_counts(
        self, world: World, ref: TaskRef
    ) -> None:
        claim(world, ref)
        world.clock.move(MINUTE + SECOND)

        rescued = claim(world, ref, "b")

        assert (rescued.token, rescued.attempt, rescued.claim) == (2, 1, "b")

    def test_no_rescue_beyond_the_last_attempt(self, world: World, ref: TaskRef) -> None:
        for name in "abc":
            claim(world, ref, name)
            world.clock.move(MINUTE + SECOND)

        with pytest.raises(Refused):
            claim(world, ref, "d")

    def test_a_finished_row_is_never_claimed_though_its_lease_is_over(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        work.end(claim(world, ref), DONE, world.clock.now())
        world.clock.move(10 * MINUTE)

        with pytest.raises(Refused) as refused:
            claim(world, ref, "b")

        assert refused.value.old.state is State.SUCCEEDED

    def test_a_row_that_must_wait_is_refused_until_then(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        work.rearm(claim(world, ref), world.clock.now() + 10 * SECOND)

        with pytest.raises(Refused):
            claim(world, ref, "b")

        world.clock.move(10 * SECOND)
        assert claim(world, ref, "b").attempt == 1

    def test_a_claim_pulls_back_a_wake_up_that_resends_pushed_beyond_its_lease(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        work.note_resent(world.task(ref), world.clock.now() + 32 * MINUTE)

        task = claim(world, ref)

        assert task.wake_at == task.lease_until


class TestCheckpoint:
    def test_the_first_checkpoint_makes_the_slot_fired(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        assert work.checkpoint(claim(world, ref), 1, "link", world.clock.now()).has_fired

    def test_a_checkpoint_renews_the_lease(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)
        world.clock.move(30 * SECOND)

        renewed = work.checkpoint(task, 1, "link", world.clock.now())

        assert renewed.lease_until == world.clock.now() + MINUTE

    def test_a_zombies_checkpoint_is_refused(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        zombie = claim(world, ref)
        world.clock.move(MINUTE + SECOND)
        claim(world, ref, "b")

        with pytest.raises(LostClaim):
            work.checkpoint(zombie, 1, "link", world.clock.now())


class TestEnd:
    def test_an_ended_row_leaves_the_open_index(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)
        assert is_open(work, world, ref)

        work.end(task, DONE, world.clock.now())

        assert not is_open(work, world, ref)

    def test_a_lost_reply_of_the_end_is_success(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)

        with every_write_retried():
            assert work.end(task, DONE, world.clock.now()).state is State.SUCCEEDED

    def test_a_zombie_does_not_overwrite_what_its_rescuer_ended(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        zombie = claim(world, ref)
        world.clock.move(MINUTE + SECOND)
        work.end(claim(world, ref, "b"), DONE, world.clock.now())

        with pytest.raises(LostClaim):
            work.end(zombie, DONE, world.clock.now())

        assert world.task(ref).state is State.SUCCEEDED

    def test_an_ended_row_expires_after_its_retention(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        work.end(claim(world, ref), DONE, world.clock.now())

        row = WorkRow.get(ref.pk, ref.sk)

        assert row.ttl == int((world.clock.now() + timedelta(days=400)).timestamp())

    def test_an_open_row_never_expires(self, ref: TaskRef) -> None:
        assert WorkRow.get(ref.pk, ref.sk).ttl is None


class TestRearm:
    def test_a_failed_attempt_is_counted_once_though_a_reply_is_lost(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)

        with every_write_retried():
            work.rearm(task, world.clock.now() + SECOND)

        assert (world.task(ref).attempt, world.task(ref).state) == (1, State.QUEUED)

    def test_a_zombie_cannot_rearm(self, world: World, work: WorkStore, ref: TaskRef) -> None:
        zombie = claim(world, ref)
        world.clock.move(MINUTE + SECOND)
        claim(world, ref, "b")

        with pytest.raises(LostClaim):
            work.rearm(zombie, world.clock.now())


class TestFail:
    def test_failing_takes_the_task_away_with_a_higher_token(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        zombie = claim(world, ref)
        world.clock.move(MINUTE + SECOND)

        failed = work.fail(zombie, "dead", world.clock.now())

        assert (failed.token, failed.state, failed.reason) == (2, State.FAILED, "dead")
        with pytest.raises(LostClaim):
            work.end(zombie, DONE, world.clock.now())

    def test_a_living_lease_is_not_failed(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        with pytest.raises(Refused):
            work.fail(claim(world, ref), "dead", world.clock.now())

    def test_what_was_rescued_meanwhile_is_not_failed(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        seen = claim(world, ref)
        world.clock.move(MINUTE + SECOND)
        claim(world, ref, "b")
        world.clock.move(MINUTE + SECOND)

        with pytest.raises(Refused):
            work.fail(seen, "dead", world.clock.now())

    def test_a_lost_reply_of_the_failing_is_success(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)
        world.clock.move(MINUTE + SECOND)

        with every_write_retried():
            assert work.fail(task, "dead", world.clock.now()).state is State.FAILED


class TestSweepNotes:
    def test_a_resend_is_not_noted_on_a_task_that_was_claimed_meanwhile(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        seen = world.task(ref)
        claim(world, ref)

        assert not work.note_resent(seen, world.clock.now() + MINUTE)
        assert world.task(ref).resends == 0

    def test_the_sweep_comes_back_when_the_lease_ends(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = work.checkpoint(claim(world, ref), 1, "link", world.clock.now() + 30 * SECOND)

        assert work.look_at_lease_end(task)
        assert world.task(ref).wake_at == task.lease_until
