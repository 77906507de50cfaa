"""A lease: renewed while a step is within its deadline, and no longer."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatRecord
from chalicelib.background.kinds import Ending
from chalicelib.background.lease import Heart, Lease, LeaseIsOver, ThreadHeart
from chalicelib.background.task import State, Task
from chalicelib.errors import Unavailable
from tests.support.faults import before
from tests.support.tasks import DONE, SECOND, HandHeart, claimed, errand, errands
from tests.support.world import MINUTE, NOON, World

MILLISECOND = timedelta(milliseconds=1)
HALF = 30 * SECOND


@pytest.fixture
def task(world: World) -> Task:
    errands(world.services)
    return claimed(world, errand(world).ref)


@pytest.fixture
def heart() -> HandHeart:
    return HandHeart()


def a_lease(world: World, task: Task, heart: Heart) -> Lease:
    worker = world.services.worker
    return Lease(
        task=task,
        work=worker.work,
        heartbeats=worker.heartbeats,
        clock=world.clock,
        heart=heart,
        length=worker.pace.lease,
        stop_at=NOON + 280 * SECOND,
    )


def heartbeat(world: World, task: Task) -> WorkHeartbeatRecord | None:
    kind = WorkHeartbeatKind.BACKGROUND_TASK
    return world.services.worker.heartbeats.get("main", kind, task.ref.id)


class TestBeats:
    def test_come_every_half_lease(self, world: World, task: Task, heart: HandHeart) -> None:
        with a_lease(world, task, heart).step(MINUTE):
            assert heart.every == HALF
        assert heartbeat(world, task) is None

    def test_renew_the_claim_and_show_it(self, world: World, task: Task, heart: HandHeart) -> None:
        with a_lease(world, task, heart).step(MINUTE):
            world.clock.move(HALF)
            assert heart.beat()

        assert world.task(task.ref).lease_until == world.clock.now() + MINUTE
        record = heartbeat(world, task)
        assert record is not None
        assert (record.updated_at, record.token) == (world.clock.now(), task.token)
        assert record.summary == "errand, attempt 1"

    def test_go_on_until_the_steps_deadline_and_not_beyond(
        self, world: World, task: Task, heart: HandHeart
    ) -> None:
        renewed = []
        with a_lease(world, task, heart).step(3 * MINUTE):
            for _ in range(8):
                world.clock.move(HALF)
                renewed.append(heart.beat())

        assert renewed == [True] * 5 + [False] * 3
        assert world.task(task.ref).lease_until == NOON + 5 * HALF + MINUTE

    def test_stop_when_the_task_was_taken_away(
        self, world: World, task: Task, heart: HandHeart
    ) -> None:
        with a_lease(world, task, heart).step(10 * MINUTE):
            world.clock.move(MINUTE + SECOND)
            rescued = claimed(world, task.ref, "b")
            assert not heart.beat()

        assert world.task(task.ref) == rescued
        assert heartbeat(world, task) is None

    def test_go_on_though_dynamodb_does_not_answer(
        self, world: World, task: Task, heart: HandHeart
    ) -> None:
        def fail() -> None:
            raise Unavailable

        with (
            a_lease(world, task, heart).step(10 * MINUTE),
            before("UpdateItem", "work", fail),
        ):
            world.clock.move(HALF)
            assert heart.beat()
            assert world.task(task.ref).lease_until == NOON + MINUTE
            assert heart.beat()

        assert world.task(task.ref).lease_until == NOON + HALF + MINUTE


class TestClearing:
    def test_forgets_the_sign_of_life(self, world: World, task: Task, heart: HandHeart) -> None:
        lease = a_lease(world, task, heart)
        with lease.step(MINUTE):
            heart.beat()

        lease.clear()

        assert heartbeat(world, task) is None

    def test_leaves_that_of_a_rescuer_alone(
        self, world: World, task: Task, heart: HandHeart
    ) -> None:
        zombie = a_lease(world, task, heart)
        with zombie.step(10 * MINUTE):
            heart.beat()
        world.clock.move(2 * MINUTE)
        rescued = claimed(world, task.ref, "b")
        with a_lease(world, rescued, heart).step(MINUTE):
            heart.beat()

        zombie.clear()

        record = heartbeat(world, task)
        assert record is not None
        assert record.token == rescued.token


class TestOutsideCalls:
    @pytest.mark.parametrize(("renewed", "begins"), [(False, False), (True, True)])
    def test_begin_only_under_a_lease_that_lives_by_the_workers_own_clock(
        self, world: World, task: Task, heart: HandHeart, *, renewed: bool, begins: bool
    ) -> None:
        lease = a_lease(world, task, heart)
        world.clock.move(HALF)
        if renewed:
            lease.renewed(world.clock.now())
        world.clock.move(HALF)

        if begins:
            lease.before_outside_call()
        else:
            with pytest.raises(LeaseIsOver):
                lease.before_outside_call()

    def test_may_begin_after_a_beat(self, world: World, task: Task, heart: HandHeart) -> None:
        lease = a_lease(world, task, heart)
        with lease.step(10 * MINUTE):
            world.clock.move(HALF)
            heart.beat()
            world.clock.move(HALF)

            lease.before_outside_call()


@pytest.mark.parametrize(("seconds", "stops"), [(279, False), (280, False), (281, True)])
def test_a_step_that_would_outlast_the_function_is_not_begun(
    world: World, task: Task, heart: HandHeart, seconds: int, *, stops: bool
) -> None:
    assert a_lease(world, task, heart).must_stop_before(seconds * SECOND) == stops


class TestThreadHeart:
    def test_beats_beside_the_step_until_it_is_told_not_to(self) -> None:
        beats, enough = [], threading.Event()

        def beat() -> bool:
            beats.append(threading.current_thread())
            if len(beats) == 3:
                enough.set()
            return len(beats) < 3

        with ThreadHeart().beating(MILLISECOND, beat):
            assert enough.wait(5)

        assert len(beats) == 3
        assert threading.current_thread() not in beats

    def test_a_short_step_has_no_beat(self) -> None:
        with ThreadHeart().beating(MINUTE, _unwanted):
            pass

    def test_no_beat_comes_after_the_step_though_it_failed(self) -> None:
        beaten = threading.Event()
        beats: list[bool] = []

        def beat() -> bool:
            beats.append(True)
            beaten.set()
            return True

        with suppress(ValueError), ThreadHeart().beating(MILLISECOND, beat):
            assert beaten.wait(5)
            raise ValueError("it broke")
        count = len(beats)

        assert not any(thread.name == "heart" for thread in threading.enumerate())
        assert len(beats) == count


def _unwanted() -> bool:
    raise AssertionError


@pytest.fixture
def worked(world: World) -> Callable[[HandHeart], Task]:
    def work(heart: HandHeart) -> Task:
        def act(_task: Task, lease: Lease) -> Ending:
            with lease.step(MINUTE):
                world.clock.move(HALF)
                assert heart.beat()
            return DONE

        errands(world.services, act)
        world.services.worker.heart = heart
        task = errand(world)
        world.services.handle(task.ref)
        return world.task(task.ref)

    return work


def test_a_worker_clears_the_heartbeat_of_a_task_that_it_ended(
    world: World, worked: Callable[[HandHeart], Task]
) -> None:
    ended = worked(HandHeart())

    assert ended.state is State.SUCCEEDED
    assert ended.lease_until == NOON + HALF + MINUTE
    assert heartbeat(world, ended) is None
