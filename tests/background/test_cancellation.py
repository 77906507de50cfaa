"""A task that is asked to stop, and all that it has delegated."""

from contextlib import suppress

import pytest

from chalicelib.background.cancellation import PARENT_CANCELLED
from chalicelib.background.kinds import Continuation, Ending, Stopped, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.looking import NEVER
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import Outcome, State, Task
from chalicelib.settings import Settings
from tests.support.faults import Crash, before, crash, recorded
from tests.support.tasks import (
    DONE,
    OPERATOR,
    SECOND,
    Act,
    Errands,
    break_down,
    claimed,
    errand,
    errands,
)
from tests.support.world import MINUTE, World, a_world


@pytest.fixture
def kind(world: World) -> Errands:
    return errands(world.services)


def cancel(world: World, task: Task, reason: str = "no") -> Task:
    return world.services.tasks.cancel("main", OPERATOR, task.ref.id, reason)


def a_family(world: World) -> tuple[Task, Task, Task]:
    parent = errand(world)
    child = errand(world, parent=parent.ref.id)
    return parent, child, errand(world, parent=child.ref.id)


def states(world: World, *tasks: Task) -> set[State]:
    return {world.task(task.ref).state for task in tasks}


def asking(world: World, then: Act) -> Act:
    """Return an act during which an operator asks the task to stop."""

    def act(task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        cancel(world, task, "enough")
        return then(task, lease)

    return act


def stop(_task: Task, _lease: Lease) -> Ending:
    raise Stopped


@pytest.mark.usefixtures("kind")
class TestParents:
    def test_end_with_all_that_nobody_holds(self, world: World) -> None:
        family = a_family(world)

        cancel(world, family[0])

        assert states(world, *family) == {State.CANCELLED}
        assert world.task(family[2].ref).reason == PARENT_CANCELLED
        assert len(world.events("task.finished")) == 3

    def test_that_are_held_reach_their_children_at_once(self, world: World) -> None:
        parent, child, grandchild = a_family(world)
        claimed(world, parent.ref)

        asked = cancel(world, parent)

        assert asked.shown_state == "cancel_requested"
        assert states(world, child, grandchild) == {State.CANCELLED}

    def test_ask_a_child_that_is_held(self, world: World) -> None:
        parent, child, _ = a_family(world)
        claimed(world, child.ref)

        cancel(world, parent)

        assert world.task(parent.ref).state is State.CANCELLED
        asked = world.task(child.ref)
        assert asked.shown_state == "cancel_requested"
        assert asked.cancel is not None
        assert asked.cancel.reason == PARENT_CANCELLED

    def test_leave_a_follow_up_alone(self, world: World) -> None:
        parent, child, _ = a_family(world)
        membership = [WorkRow.group.remove(), WorkRow.serial.remove()]
        WorkRow.change(*child.ref, membership, WorkRow.pk.exists())

        cancel(world, parent)

        assert world.task(child.ref).state is State.QUEUED

    def test_reach_a_child_that_is_claimed_at_that_moment(self, world: World) -> None:
        parent, child, _ = a_family(world)
        claimed(world, parent.ref)

        def claim() -> None:
            with before("UpdateItem", "work", lambda: claimed(world, child.ref, "late")):
                world.services.worker.cancellation.reach_children(world.task(parent.ref))

        claim()

        assert world.task(child.ref).shown_state == "cancel_requested"


class TestStopping:
    def test_ends_cancelled_with_the_reason_of_the_request(
        self, world: World, kind: Errands
    ) -> None:
        kind.acts = [asking(world, stop)]
        task = errand(world)

        world.services.handle(task.ref)

        ended = world.task(task.ref)
        assert (ended.state, ended.reason) == (State.CANCELLED, "enough")

    def test_does_not_hide_that_the_task_had_begun(self, world: World, kind: Errands) -> None:
        def step_and_stop(task: Task, _lease: Lease) -> Ending:
            world.services.worker.work.checkpoint(task, 1, "link", world.clock.now())
            raise Stopped

        kind.acts = [asking(world, step_and_stop)]
        task = errand(world)

        world.services.handle(task.ref)

        ended = world.task(task.ref)
        assert (ended.state, ended.outcome) == (State.CANCELLED, Outcome.FIRED)

    def test_reaches_children_that_were_made_since_the_claim(
        self, world: World, kind: Errands
    ) -> None:
        children = []

        def delegate_and_stop(task: Task, _lease: Lease) -> Ending:
            children.append(errand(world, parent=task.ref.id))
            world.services.worker.work.request_cancel(task, world.clock.now(), "enough")
            raise Stopped

        kind.acts = [delegate_and_stop]
        task = errand(world)

        world.services.handle(task.ref)

        assert states(world, *children) == {State.CANCELLED}

    def test_of_a_task_that_was_taken_away_reaches_nobody(
        self, world: World, kind: Errands
    ) -> None:
        children = []

        def stop_too_late(task: Task, _lease: Lease) -> Ending:
            children.append(errand(world, parent=task.ref.id))
            world.clock.move(MINUTE + SECOND)
            claimed(world, task.ref, "rescuer")
            raise Stopped

        kind.acts = [stop_too_late]

        world.services.handle(errand(world).ref)

        assert states(world, *children) == {State.QUEUED}

    @pytest.mark.parametrize(
        "then",
        [break_down, lambda task, _lease: Continuation(task.claimed_at + 200 * MINUTE)],
        ids=["failed", "interrupted"],
    )
    def test_what_goes_back_into_the_queue_instead_ends_at_once(
        self, world: World, kind: Errands, then: Act
    ) -> None:
        kind.acts = [asking(world, then)]
        task = errand(world)

        world.services.handle(task.ref)

        ended = world.task(task.ref)
        assert (ended.state, ended.reason) == (State.CANCELLED, "enough")
        assert len(world.events("task.finished")) == 1

    def test_what_is_shelved_instead_ends_at_once(self, world: World, kind: Errands) -> None:
        task = errand(world)
        worker = world.services.worker
        worker.kinds = {}

        def ask() -> None:
            worker.work.request_cancel(world.task(task.ref), world.clock.now(), "enough")

        with before("GetItem", "incidents", ask):
            world.services.handle(task.ref)

        assert world.task(task.ref).state is State.CANCELLED
        assert not kind.performed

    def test_a_success_that_came_first_is_one(self, world: World, kind: Errands) -> None:
        kind.acts = [asking(world, lambda _task, _lease: DONE)]
        task = errand(world)

        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.SUCCEEDED


@pytest.mark.usefixtures("kind")
class TestTheSweep:
    def test_ends_what_was_asked_to_stop_and_is_dead(self, world: World) -> None:
        task = errand(world)
        claimed(world, task.ref)
        cancel(world, task)
        world.clock.move(MINUTE + SECOND)

        assert world.services.swept()["cancel"] == 1

        assert world.task(task.ref).state is State.CANCELLED

    def test_takes_from_a_living_worker_that_does_not_obey_within_the_grace(
        self, world: World
    ) -> None:
        task = errand(world)
        held = claimed(world, task.ref)
        cancel(world, task)
        found = []
        for _ in range(3):
            world.clock.move(50 * SECOND)
            held = world.services.worker.work.renew(held, world.clock.now())
            found.append(world.services.swept()["cancel"])

        assert found == [0, 0, 1]
        assert world.task(task.ref).token == held.token + 1

    def test_ends_a_request_on_a_task_that_nobody_holds(self, world: World) -> None:
        task = errand(world)
        world.services.worker.work.request_cancel(task, world.clock.now(), "no")

        assert world.services.swept()["cancel"] == 1
        assert world.task(task.ref).reason == "no"


def cancelling() -> int:
    with a_world(Settings(shards=1)) as world:
        errands(world.services)
        family = a_family(world)
        with recorded() as calls:
            cancel(world, family[0])
        return len(calls.made)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, cancelling() + 1, 2))
@pytest.mark.usefixtures("kind")
def test_a_death_at_any_call_leaves_the_rest_to_the_sweep(
    world: World, number: int, *, after: bool
) -> None:
    family = a_family(world)

    with suppress(Crash), crash(number, after=after):
        cancel(world, family[0])
    asked = world.task(family[0].ref)
    world.services.swept()
    world.services.swept()

    whole = {State.CANCELLED} if asked.cancel else {State.QUEUED}
    assert states(world, *family) == whole


@pytest.mark.usefixtures("kind")
def test_a_pause_does_not_hide_a_request_to_stop_from_the_sweep(world: World) -> None:
    parent = errand(world)
    errand(world, parent=parent.ref.id)
    work = world.services.worker.work

    def pause() -> None:
        with suppress(Exception):
            WorkRow.transact(work.pause_write(world.task(parent.ref), NEVER))

    with before("UpdateItem", "work", pause):
        cancel(world, parent)

    assert world.task(parent.ref).state is State.CANCELLED
