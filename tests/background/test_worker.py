import pytest

from chalicelib.background.kinds import Continuation, Ending
from chalicelib.background.lease import Lease
from chalicelib.background.store import End, LostClaim
from chalicelib.background.task import Outcome, State, Task
from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.scheduler.rows import HotRow
from tests.support.faults import before
from tests.support.tasks import (
    DONE,
    OPERATOR,
    SECOND,
    Errands,
    break_down,
    claimed,
    errand,
    errands,
    finish,
)
from tests.support.world import MINUTE, NOON, World


def test_an_early_message_is_sent_again_and_nothing_is_claimed(world: World) -> None:
    job = world.job()
    sent = world.messages()

    world.services.handle(world.ref(job))

    assert world.messages() == sent + 1
    assert world.task(world.ref(job)).token == 0


def test_a_message_that_points_to_nothing_is_dropped(world: World) -> None:
    job = world.job()
    world.at(10)

    world.services.handle(world.ref(job, minutes=7))

    assert world.services.worker.work.get(world.ref(job, minutes=7)) is None


def test_a_message_delivered_twice_has_one_effect(world: World) -> None:
    job = world.job()
    world.at(1)

    world.services.handle(world.ref(job))
    world.services.handle(world.ref(job))

    assert world.task(world.ref(job)).token == 1
    assert len(world.events("run.finished")) == 1


def test_a_failed_attempt_is_tried_again_after_a_pause(world: World) -> None:
    job = world.job()
    world.at(1)
    worker = world.container(max_steps=2)

    worker.handle(world.ref(job))

    task = world.task(world.ref(job))
    assert (task.state, task.attempt) == (State.QUEUED, 1)
    assert task.not_before is not None
    assert task.not_before > world.clock.now()


def test_a_message_that_comes_before_the_next_attempt_is_sent_again(world: World) -> None:
    job = world.job()
    world.at(1)
    worker = world.container(max_steps=2)
    worker.handle(world.ref(job))
    sent = world.messages()

    worker.handle(world.ref(job))

    assert world.messages() == sent + 1
    assert world.task(world.ref(job)).token == 1


def test_a_task_whose_attempts_all_fail_ends_failed_and_says_why(world: World) -> None:
    job = world.job()
    worker = world.container(max_steps=2)
    for minutes in (1, 2, 3):
        world.at(minutes)
        worker.handle(world.ref(job))

    task = world.task(world.ref(job))

    assert (task.state, task.outcome) == (State.FAILED, Outcome.FIRED)
    assert task.reason == "TooManySteps: no answer after 2 steps"
    assert len(world.events("run.finished")) == 1


def test_the_lock_is_kept_while_a_task_waits_for_its_next_attempt(world: World) -> None:
    job = world.job()
    world.at(1)

    world.container(max_steps=2).handle(world.ref(job))

    hot = world.services.jobs.jobs.hot(world.ref(job).pk)
    assert hot is not None
    assert hot.active == world.ref(job).sk


def test_a_worker_that_lost_its_claim_writes_nothing_more(world: World) -> None:
    job = world.job()
    world.at(1)
    rescuer = world.container()

    def stall_until_rescued() -> None:
        world.clock.move(2 * MINUTE)
        rescuer.handle(world.ref(job))

    with before("PutItem", "runs", stall_until_rescued):
        world.services.handle(world.ref(job))

    task = world.task(world.ref(job))
    assert (task.token, task.state) == (2, State.SUCCEEDED)
    assert len(world.events("run.finished")) == 1


@pytest.mark.parametrize("minutes", [1.5, 3])
def test_a_terminal_task_is_concluded_by_another_only_when_its_lease_is_over(
    world: World, minutes: float
) -> None:
    job = world.job()
    world.at(1)
    work = world.services.worker.work
    worker = world.services.worker
    task = work.claim(world.ref(job), "a", world.clock.now())
    lease = worker._lease(task, world.clock.now() + MINUTE)
    done = worker.kinds["firing"].perform(task, lease)
    assert isinstance(done, Ending)
    work.end(task, done.end, world.clock.now())

    world.at(minutes)
    world.services.handle(world.ref(job))

    concluded = minutes == 3
    assert len(world.events("run.finished")) == concluded
    row = HotRow.get(world.ref(job).pk, "hot")
    assert (row.active is None) == concluded


@pytest.fixture
def kind(world: World) -> Errands:
    return errands(world.services)


def go_on(task: Task, _lease: Lease) -> Continuation:
    assert task.claimed_at is not None
    return Continuation(task.claimed_at)


class TestContinuation:
    def test_another_invocation_goes_on_at_once(self, world: World, kind: Errands) -> None:
        kind.acts = [go_on, go_on, finish]
        task = errand(world)

        for hop in range(3):
            assert world.messages() == 1 + hop
            world.services.handle(task.ref)

        done = world.task(task.ref)
        assert (done.state, done.hops, done.attempt, done.token) == (State.SUCCEEDED, 2, 0, 3)

    def test_one_that_goes_on_later_waits_without_a_message(
        self, world: World, kind: Errands
    ) -> None:
        kind.acts = [lambda _task, _lease: Continuation(NOON + 60 * MINUTE), finish]
        task = errand(world)
        world.services.handle(task.ref)

        assert world.messages() == 1
        assert world.task(task.ref).wake_at == NOON + 60 * MINUTE - 150 * SECOND

    def test_one_that_never_comes_to_an_end_fails(self, world: World, kind: Errands) -> None:
        kind.acts = [go_on]
        world.services.worker.most_hops = 3
        task = errand(world)

        for _ in range(9):
            world.services.handle(task.ref)

        failed = world.task(task.ref)
        assert (failed.state, len(kind.performed)) == (State.FAILED, 4)
        assert failed.reason == "it went on 3 times without coming to an end"

    def test_a_run_stops_before_its_function_does(self, world: World) -> None:
        job = world.job()
        world.at(1)
        soon = world.clock.now() + 20 * SECOND

        world.services.worker.handle(world.ref(job), soon)

        task = world.task(world.ref(job))
        assert (task.state, task.hops, task.attempt) == (State.QUEUED, 1, 0)
        assert task.checkpoint is not None
        assert task.checkpoint.seq == 2
        world.services.handle(world.ref(job))
        assert world.task(world.ref(job)).state is State.SUCCEEDED


class TestAttempts:
    def test_a_failed_attempt_is_remembered(self, world: World, kind: Errands) -> None:
        kind.acts = [break_down]
        task = errand(world)

        world.services.handle(task.ref)

        again = world.task(task.ref)
        assert again.not_before == NOON + 10 * SECOND
        (failed,) = again.history
        assert failed == (1, NOON, NOON, State.FAILED, "ValueError: it broke")

    def test_a_task_that_recovers_succeeds(self, world: World, kind: Errands) -> None:
        kind.acts = [break_down, break_down, finish]
        task = errand(world)
        for minute in range(3):
            world.at(minute)
            world.services.handle(task.ref)

        done = world.task(task.ref)
        assert (done.state, done.attempt) == (State.SUCCEEDED, 2)

    def test_a_long_reason_is_cut(self, world: World, kind: Errands) -> None:
        def fail(_task: Task, _lease: Lease) -> Ending:
            raise ValueError("x" * 10_000)

        kind.acts = [fail]
        task = errand(world, max_attempts=1)

        world.services.handle(task.ref)

        assert len(world.task(task.ref).reason) == 200

    def test_infrastructure_fails_the_function_and_not_the_attempt(
        self, world: World, kind: Errands
    ) -> None:
        def fail(_task: Task, _lease: Lease) -> Ending:
            raise Unavailable

        kind.acts = [fail, finish]
        task = errand(world)

        with pytest.raises(Unavailable):
            world.services.handle(task.ref)
        assert world.task(task.ref).state is State.RUNNING
        world.clock.move(MINUTE + SECOND)
        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.SUCCEEDED

    def test_a_claim_that_was_lost_is_no_failure(self, world: World, kind: Errands) -> None:
        def lose(_task: Task, _lease: Lease) -> Ending:
            raise LostClaim

        kind.acts = [lose]
        task = errand(world)

        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.RUNNING


class TestMessages:
    def test_one_that_comes_before_its_time_is_sent_again(
        self, world: World, kind: Errands
    ) -> None:
        task = errand(world, not_before=NOON + SECOND)

        world.services.handle(task.ref)

        assert world.messages() == 2
        assert kind.performed == []

    def test_one_of_a_living_task_is_dropped(self, world: World, kind: Errands) -> None:
        task = errand(world)
        held = claimed(world, task.ref)

        world.services.handle(task.ref)

        assert world.task(task.ref) == held
        assert (world.messages(), kind.performed) == (1, [])

    def test_one_of_a_task_that_ended_without_a_conclusion_concludes_it(
        self, world: World, kind: Errands
    ) -> None:
        task = errand(world)
        world.services.worker.work.end(claimed(world, task.ref), DONE.end, NOON)
        world.clock.move(MINUTE + SECOND)

        world.services.handle(task.ref)
        world.services.handle(task.ref)

        assert len(world.events("task.finished")) == 1
        assert kind.performed == []

    def test_one_of_a_cancelled_task_adds_no_event(self, world: World, kind: Errands) -> None:
        task = errand(world)
        world.services.tasks.cancel("main", OPERATOR, task.ref.id, "no")

        world.services.handle(task.ref)

        assert len(world.events("task.finished")) == 1
        assert kind.performed == []


class TestDecidingEnds:
    def test_an_event_and_its_end_are_one(self, world: World, kind: Errands) -> None:
        def decide(task: Task, _lease: Lease) -> Ending:
            event = Event(
                id="decided",
                owner="main",
                kind="task.decided",
                actor="system:daemon",
                subject=task.ref.id,
                at=NOON,
            )
            return Ending(end=End(State.CLOSED, Outcome.DENIED, "no"), event=event)

        def take(task: Task, lease: Lease) -> Ending:
            world.clock.move(MINUTE + SECOND)
            claimed(world, task.ref, "rescuer")
            return decide(task, lease)

        kind.acts = [take, decide]
        taken, task = errand(world), errand(world)
        world.services.handle(taken.ref)
        assert world.events("task.decided") == []
        assert world.task(taken.ref).state is State.RUNNING

        world.services.handle(task.ref)
        assert len(world.events("task.decided")) == 1
        assert world.task(task.ref).state is State.CLOSED
