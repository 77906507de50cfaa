from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.looking import NEVER
from chalicelib.background.rows import WorkRow
from chalicelib.background.store import End, LostClaim, NewTask, WorkStore
from chalicelib.background.task import (
    Attempt,
    CancelRequest,
    Checkpoint,
    Membership,
    Outcome,
    State,
    Task,
    TaskRef,
)
from chalicelib.scheduler.job import Job
from chalicelib.tables import Cancelled, Refused
from tests.support.faults import every_write_retried
from tests.support.world import MINUTE, NOON, World

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


def rearmed(world: World, task: Task, pause: timedelta) -> Task:
    now = world.clock.now()
    failed = Attempt(task.attempt + 1, task.claimed_at, now, State.FAILED, "it | broke")
    return world.services.worker.work.rearm(task, failed, now + pause, now + pause + MINUTE)


def a_failure(number: int) -> Attempt:
    return Attempt(number, None, NOON, State.FAILED, "it broke")


def is_open(work: WorkStore, world: World, ref: TaskRef) -> bool:
    later = world.clock.now() + timedelta(days=1)
    return ref in [found for shard in range(4) for found in work.due("normal", shard, later)]


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

    def test_a_row_that_must_wait_is_refused_until_then(self, world: World, ref: TaskRef) -> None:
        rearmed(world, claim(world, ref), 10 * SECOND)

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
        self, world: World, ref: TaskRef
    ) -> None:
        task = claim(world, ref)

        with every_write_retried():
            rearmed(world, task, SECOND)

        assert (world.task(ref).attempt, world.task(ref).state) == (1, State.QUEUED)

    def test_a_failed_attempt_is_remembered_with_its_reason(
        self, world: World, ref: TaskRef
    ) -> None:
        task = claim(world, ref)
        world.clock.move(SECOND)
        rearmed(world, task, SECOND)

        assert world.task(ref).history == (
            Attempt(1, task.claimed_at, world.clock.now(), State.FAILED, "it | broke"),
        )

    def test_the_history_of_a_task_is_bounded(self, world: World, ref: TaskRef) -> None:
        task = replace(claim(world, ref), history=(a_failure(0),) * 40)

        assert len(rearmed(world, task, SECOND).history) == 24

    def test_a_zombie_cannot_rearm(self, world: World, ref: TaskRef) -> None:
        zombie = claim(world, ref)
        world.clock.move(MINUTE + SECOND)
        claim(world, ref, "b")

        with pytest.raises(LostClaim):
            rearmed(world, zombie, SECOND)


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

    def test_a_lost_reply_of_the_failing_leaves_the_rest_to_the_sweep(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        task = claim(world, ref)
        world.clock.move(MINUTE + SECOND)

        with every_write_retried(), pytest.raises(Refused) as refused:
            work.fail(task, "dead", world.clock.now())

        assert refused.value.old.state is State.FAILED
        assert refused.value.old.wake_at == world.clock.now() + MINUTE


class TestSweepNotes:
    def test_a_resend_is_not_noted_on_a_task_that_was_claimed_meanwhile(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        seen = world.task(ref)
        claim(world, ref)

        assert not work.note_resent(seen, world.clock.now() + MINUTE)
        assert world.task(ref).resends == 0

    def test_the_sweep_comes_back_when_it_is_told_to(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        assert work.look_again(claim(world, ref), world.at(7))
        assert world.task(ref).wake_at == world.clock.now()

    def test_a_row_that_ended_meanwhile_is_not_put_back_into_the_index(
        self, world: World, work: WorkStore, ref: TaskRef
    ) -> None:
        seen = claim(world, ref)
        ended = work.end(seen, DONE, world.clock.now())

        assert not work.look_again(seen, world.at(7))
        assert not work.look_again(ended, world.at(7))
        assert not is_open(work, world, ref)


class TestPutting:
    """A task that is put keeps all that it was made with."""

    def test_a_task_is_read_as_it_was_put(self, world: World, work: WorkStore) -> None:
        new = a_new_task(
            priority=-3,
            not_before=NOON + MINUTE,
            expires_at=NOON + 2 * MINUTE,
            depth=4,
            payload="{}",
            payload_key="main/x.json",
            payload_sha256="abc",
            membership=Membership("flow", serial=True),
        )

        put = work.put(new)

        assert world.task(new.ref) == put
        assert (put.priority, put.depth, put.payload_key) == (-3, 4, "main/x.json")
        assert (put.not_before, put.expires_at) == (NOON + MINUTE, NOON + 2 * MINUTE)
        assert put.membership == Membership("flow", serial=True)

    def test_a_lost_reply_of_the_put_is_success(self, world: World, work: WorkStore) -> None:
        with every_write_retried():
            put = work.put(a_new_task())

        assert world.task(put.ref) == put

    def test_a_dedupe_key_stands_for_the_first_task(self, work: WorkStore) -> None:
        new = a_new_task()
        WorkRow.transact(work.put_write(new), work.dedupe_write("main", "key", new))

        with pytest.raises(Cancelled) as cancelled:
            WorkRow.transact(work.dedupe_write("main", "key", replace(new, ref=OTHER)))

        assert cancelled.value.refusals == [True]
        found = work.deduped("main", "key")
        assert found is not None
        assert found.ref == new.ref

    def test_a_dedupe_key_is_its_owners(self, work: WorkStore) -> None:
        new = a_new_task()
        WorkRow.transact(work.put_write(new), work.dedupe_write("main", "key", new))

        assert work.deduped("other", "key") is None


OTHER = TaskRef("main#tasks", "01M81J18G068RKEJVNQ9RFVHWQ")


def a_new_task(**fields: object) -> NewTask:
    made: dict[str, Any] = {
        "ref": TaskRef("main#tasks", "01M81J18G068RKEJVNQ9RFVHWP"),
        "kind": "errand",
        "lane": "normal",
        "shard": 0,
        "last_attempt": 2,
        "last": "01M81J18G068RKEJVNQ9RFVHWP",
        "wake_at": NOON,
        "created_at": NOON,
    }
    return NewTask(**made | fields)


@pytest.fixture
def queued(work: WorkStore) -> Task:
    return work.put(a_new_task())


@pytest.fixture
def held(world: World, queued: Task) -> Task:
    return claim(world, queued.ref)


class TestClaimOfATask:
    @pytest.mark.parametrize(
        "field", [{"expires_at": NOON}, {"not_before": NOON + SECOND}], ids=["expired", "early"]
    )
    def test_is_refused_outside_its_time(
        self, world: World, work: WorkStore, field: dict[str, object]
    ) -> None:
        put = work.put(a_new_task(**field))

        with pytest.raises(Refused):
            claim(world, put.ref)

    def test_is_refused_when_it_was_asked_to_stop(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        work.request_cancel(queued, NOON, "no")

        with pytest.raises(Refused):
            claim(world, queued.ref)

    def test_does_not_rescue_what_was_asked_to_stop(
        self, world: World, work: WorkStore, held: Task
    ) -> None:
        work.request_cancel(held, NOON, "no")
        world.clock.move(MINUTE + SECOND)

        with pytest.raises(Refused):
            claim(world, held.ref, "b")

    def test_of_a_second_worker_does_not_pass_for_a_lost_reply(
        self, world: World, held: Task
    ) -> None:
        with every_write_retried(), pytest.raises(Refused):
            claim(world, held.ref, "b")

    def test_says_when_the_task_was_first_and_last_taken(self, world: World, held: Task) -> None:
        world.clock.move(MINUTE + SECOND)

        rescued = claim(world, held.ref, "b")

        assert (rescued.started_at, rescued.claimed_at) == (NOON, world.clock.now())


class TestGoingOn:
    def test_counts_a_hop_and_no_attempt(self, world: World, work: WorkStore, held: Task) -> None:
        with every_write_retried():
            work.go_on(held, NOON, NOON + MINUTE)

        again = claim(world, held.ref, "b")
        assert (again.hops, again.attempt, again.token) == (1, 0, 2)

    def test_waits_until_its_instant(self, world: World, work: WorkStore, held: Task) -> None:
        work.go_on(held, NOON + SECOND, NOON + MINUTE)

        with pytest.raises(Refused):
            claim(world, held.ref, "b")


class TestParking:
    def test_counts_no_attempt(self, world: World, work: WorkStore, held: Task) -> None:
        with every_write_retried():
            parked = work.park(held, "waits")

        assert (parked.state, parked.lease_until, parked.reason) == (State.QUEUED, None, "waits")
        assert claim(world, held.ref, "b").attempt == 0

    def test_keeps_the_time_when_the_sweep_looks(self, work: WorkStore, held: Task) -> None:
        assert work.park(held, "waits").wake_at == held.wake_at

    def test_what_has_not_begun_has_no_start(self, work: WorkStore, held: Task) -> None:
        assert work.park(held, "waits").started_at is None

    def test_what_began_before_keeps_its_start(
        self, world: World, work: WorkStore, held: Task
    ) -> None:
        world.clock.move(MINUTE + SECOND)

        assert work.park(claim(world, held.ref, "b"), "waits").started_at == NOON


class TestShelving:
    def test_pauses_and_counts_no_attempt(self, world: World, work: WorkStore, held: Task) -> None:
        with every_write_retried():
            shelved = work.shelve(held, "unknown", NEVER)

        assert (shelved.state, shelved.wake_at) == (State.PAUSED, NEVER)
        WorkRow.transact(work.resume_write(shelved, NOON))
        assert claim(world, held.ref, "b").attempt == 0


class TestRequestsToStop:
    def test_a_request_changes_neither_state_nor_token(self, work: WorkStore, held: Task) -> None:
        asked = work.request_cancel(held, NOON, "no")

        assert asked == replace(held, cancel=CancelRequest(NOON, "no"))

    def test_the_first_request_counts(self, world: World, work: WorkStore, held: Task) -> None:
        work.request_cancel(held, NOON, "no")
        world.clock.move(SECOND)

        asked = work.request_cancel(held, world.clock.now(), "please")

        assert asked.cancel == CancelRequest(NOON, "no")

    def test_what_nobody_holds_is_looked_at_by_the_next_sweep(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        WorkRow.transact(work.pause_write(queued, NEVER))

        asked = work.request_cancel(world.task(queued.ref), NOON, "no")

        assert asked.wake_at == NOON

    def test_what_has_ended_is_not_asked(self, work: WorkStore, held: Task) -> None:
        ended = work.end(held, DONE, NOON)

        with pytest.raises(Refused) as refused:
            work.request_cancel(held, NOON, "no")

        assert refused.value.old == ended

    def test_two_operators_ask_once(self, work: WorkStore, held: Task) -> None:
        WorkRow.transact(work.request_cancel_write(held, NOON, "no"))

        with pytest.raises(Cancelled):
            WorkRow.transact(work.request_cancel_write(held, NOON, "no"))

    def test_what_was_asked_to_stop_is_neither_paused_nor_resumed(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        work.request_cancel(queued, NOON, "no")
        with pytest.raises(Cancelled):
            WorkRow.transact(work.pause_write(queued, NEVER))

        paused = work.put(a_new_task(ref=OTHER, last=OTHER.sk))
        WorkRow.transact(work.pause_write(paused, NEVER))
        paused = work.request_cancel(world.task(OTHER), NOON, "no")
        with pytest.raises(Cancelled):
            WorkRow.transact(work.resume_write(paused, NOON))


class TestTaking:
    def test_a_lost_reply_of_a_cancellation_leaves_the_rest_to_the_sweep(
        self, work: WorkStore, held: Task
    ) -> None:
        with every_write_retried(), pytest.raises(Refused) as refused:
            work.cancel(held, NOON, "no")

        assert refused.value.old.state is State.CANCELLED
        assert refused.value.old.wake_at == NOON + MINUTE

    def test_a_lost_reply_of_an_expiry_leaves_the_rest_to_the_sweep(
        self, work: WorkStore, held: Task
    ) -> None:
        with every_write_retried(), pytest.raises(Refused) as refused:
            work.expire(held, NOON)

        assert refused.value.old.state is State.EXPIRED
        assert refused.value.old.wake_at == NOON + MINUTE

    def test_what_was_taken_says_that_it_fired_though_that_was_not_seen(
        self, work: WorkStore, held: Task
    ) -> None:
        work.checkpoint(held, 1, "link", NOON)

        assert work.cancel(held, NOON, "no").outcome is Outcome.FIRED

    def test_a_paused_task_with_children_is_not_simply_cancelled(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        WorkRow.transact(work.adopt_write(queued))

        with pytest.raises(Cancelled):
            WorkRow.transact(work.cancel_write(world.task(queued.ref), NOON, "no"))


class TestRetry:
    def test_is_a_new_life_that_remembers_the_old_one(
        self, world: World, work: WorkStore, held: Task
    ) -> None:
        rearmed(world, held, SECOND)
        world.clock.move(SECOND)
        second = claim(world, held.ref, "b")
        ended = work.end(second, End(State.FAILED, Outcome.FIRED, "gone"), world.clock.now())

        WorkRow.transact(work.retry_write(ended, world.clock.now(), world.clock.now()))

        task = world.task(held.ref)
        assert (task.state, task.attempt, task.hops) == (State.QUEUED, 0, 0)
        assert (task.finished_at, task.started_at, task.reason) == (None, None, "")
        assert [(each.number, each.reason) for each in task.history] == [
            (1, "it | broke"),
            (2, "gone"),
        ]
        assert WorkRow.get(held.ref.pk, held.ref.sk).ttl is None
        assert claim(world, held.ref, "c").attempt == 0

    @pytest.mark.parametrize("state", [State.UNKNOWN, State.FAILED])
    def test_allows_a_call_again_only_where_its_outcome_is_unknown(
        self, world: World, work: WorkStore, held: Task, state: State
    ) -> None:
        stepped = work.checkpoint(held, 3, "link", NOON)
        ended = work.end(stepped, End(state, Outcome.FIRED, ""), NOON)

        WorkRow.transact(work.retry_write(ended, NOON, NOON))

        allowed = Checkpoint(held.token, 3) if state is State.UNKNOWN else None
        assert world.task(held.ref).repeat == allowed

    def test_happens_once_though_two_operators_want_it(self, work: WorkStore, held: Task) -> None:
        ended = work.end(held, End(State.FAILED, Outcome.FIRED, ""), NOON)
        WorkRow.transact(work.retry_write(ended, NOON, NOON))

        with pytest.raises(Cancelled):
            WorkRow.transact(work.retry_write(ended, NOON, NOON))


class TestDelegation:
    def test_of_two_children_that_come_at_once_one_is_counted(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        WorkRow.transact(work.descend_write(queued, is_parent=True))

        with pytest.raises(Cancelled):
            WorkRow.transact(work.descend_write(queued, is_parent=True))

        task = world.task(queued.ref)
        assert (task.children, task.descendants) == (1, 1)

    @pytest.mark.parametrize("ended", [False, True])
    def test_a_parent_that_ends_or_was_asked_to_adopts_nobody(
        self, work: WorkStore, held: Task, *, ended: bool
    ) -> None:
        if ended:
            work.end(held, DONE, NOON)
        else:
            work.request_cancel(held, NOON, "no")

        with pytest.raises(Cancelled):
            WorkRow.transact(work.adopt_write(held))
        with pytest.raises(Cancelled):
            WorkRow.transact(work.descend_write(held, is_parent=False))

    def test_of_two_that_say_who_may_run_one_is_heard(
        self, world: World, work: WorkStore, queued: Task
    ) -> None:
        assert work.set_busy(queued, "A:g")
        assert not work.set_busy(queued, "B:g")
        assert work.set_busy(world.task(queued.ref), "")
        assert world.task(queued.ref).busy == ""

    def test_a_lost_reply_of_saying_so_is_success(self, work: WorkStore, queued: Task) -> None:
        with every_write_retried():
            assert work.set_busy(queued, "A:g")

    def test_a_parent_that_is_gone_is_not_made_again(self, world: World, work: WorkStore) -> None:
        gone = work.put(a_new_task())
        WorkRow.remove(gone.ref.pk, gone.ref.sk, WorkRow.pk.exists())

        assert not work.set_busy(gone, "A:g")
        assert world.services.worker.work.get(gone.ref) is None
