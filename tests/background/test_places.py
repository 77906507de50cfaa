"""Places: taken at a child's claim and left at its end, on the parent's row."""

import pytest

from chalicelib.background.kinds import Ending
from chalicelib.background.lease import Lease
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import Membership, State, Task
from chalicelib.errors import Unavailable
from tests.support.faults import Crash, before, crash, every_write_retried
from tests.support.tasks import (
    DONE,
    SECOND,
    Errands,
    claimed,
    errand,
    errands,
)
from tests.support.world import MINUTE, World


@pytest.fixture(autouse=True)
def kind(world: World) -> Errands:
    return errands(world.services)


@pytest.fixture
def parent(world: World) -> Task:
    return errand(world)


def a_child(world: World, parent: Task, group: str = "g", *, serial: bool = False) -> Task:
    world.clock.move(SECOND)
    return errand(world, parent=parent.ref.id, membership=Membership(group, serial))


def running(world: World, child: Task) -> Task:
    task = claimed(world, child.ref)
    assert world.services.worker.places.take(task)
    return task


def test_a_child_takes_a_place_and_leaves_it(world: World, parent: Task, kind: Errands) -> None:
    child = a_child(world, parent)
    seen = []

    def look(_task: Task, _lease: Lease) -> Ending:
        seen.append(world.task(parent.ref).busy)
        return DONE

    kind.acts = [look]

    world.services.handle(child.ref)

    assert seen == [f"{child.ref.sk}:g#1"]
    assert world.task(parent.ref).busy == ""


def test_a_child_that_finds_no_room_waits_and_counts_no_attempt(world: World, parent: Task) -> None:
    children = [a_child(world, parent) for _ in range(3)]
    for child in children[:2]:
        running(world, child)

    world.services.handle(children[2].ref)

    waiting = world.task(children[2].ref)
    assert (waiting.state, waiting.attempt) == (State.QUEUED, 0)
    assert waiting.reason == "waits: max_concurrent_children"
    assert waiting.started_at is None


def test_who_leaves_wakes_those_that_wait(world: World, parent: Task) -> None:
    children = [a_child(world, parent) for _ in range(3)]
    first, _ = [running(world, child) for child in children[:2]]
    world.services.handle(children[2].ref)
    sent = world.messages()

    ended = world.services.worker.work.end(first, DONE.end, world.clock.now())
    world.services.worker.aftermath.follow(ended)

    assert world.messages() == sent + 1
    world.services.handle(children[2].ref)
    assert world.task(children[2].ref).state is State.SUCCEEDED


def test_who_left_before_the_other_was_seen_waiting_is_noticed(world: World, parent: Task) -> None:
    children = [a_child(world, parent) for _ in range(3)]
    first, _ = [running(world, child) for child in children[:2]]
    late = claimed(world, children[2].ref)
    sent = world.messages()

    def leave() -> None:
        ended = world.services.worker.work.end(first, DONE.end, world.clock.now())
        world.services.worker.places.leave(ended)

    with before("UpdateItem", "work", leave):
        assert not world.services.worker.places.take(late)

    assert world.messages() == sent + 1


def test_a_death_between_the_end_and_the_leaving_keeps_no_place(world: World, parent: Task) -> None:
    children = [a_child(world, parent) for _ in range(3)]
    for child in children[:2]:
        dead = running(world, child)
        world.services.worker.work.end(dead, DONE.end, world.clock.now())

    world.services.handle(children[2].ref)

    assert world.task(children[2].ref).state is State.SUCCEEDED


def test_a_waiting_child_whose_message_was_lost_is_sent_by_the_sweep(
    world: World, parent: Task
) -> None:
    children = [a_child(world, parent) for _ in range(3)]
    tasks = [running(world, child) for child in children[:2]]
    world.services.handle(children[2].ref)
    for task in tasks:
        world.services.worker.work.end(task, DONE.end, world.clock.now())
    world.clock.move(MINUTE + SECOND)
    sent = world.messages()

    world.services.swept()

    assert world.messages() == sent + 2  # The parent, which nobody has taken, and the child.


def test_siblings_that_change_the_places_at_once_do_not_lose_one(
    world: World, parent: Task
) -> None:
    one, other = [claimed(world, a_child(world, parent).ref) for _ in range(2)]

    with before("UpdateItem", "work", lambda: world.services.worker.places.take(other)):
        assert world.services.worker.places.take(one)

    assert world.task(parent.ref).busy == f"{one.ref.sk}:g#1,{other.ref.sk}:g#1"


def test_a_lost_reply_of_the_taking_is_success(world: World, parent: Task) -> None:
    child = claimed(world, a_child(world, parent).ref)

    with every_write_retried():
        assert world.services.worker.places.take(child)


def test_serial_children_run_in_the_order_of_their_making(
    world: World, parent: Task, kind: Errands
) -> None:
    children = [a_child(world, parent, "flow", serial=True) for _ in range(3)]

    for child in [*reversed(children), *children]:
        world.services.handle(child.ref)

    assert [task.ref for task in kind.performed] == [child.ref for child in children]


def test_a_child_whose_parent_is_gone_runs(world: World, parent: Task) -> None:
    child = a_child(world, parent)
    WorkRow.remove(parent.ref.pk, parent.ref.sk, WorkRow.pk.exists())

    world.services.handle(child.ref)

    assert world.task(child.ref).state is State.SUCCEEDED


def test_a_place_that_is_always_contended_is_given_up_for_now(
    world: World, parent: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = claimed(world, a_child(world, parent).ref)
    work = world.services.worker.work
    monkeypatch.setattr(type(work), "set_busy", lambda *_: False)

    with pytest.raises(Unavailable):
        world.services.worker.places.take(child)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_death_at_any_call_of_the_taking_leaves_the_child_to_a_rescuer(
    world: World, parent: Task, number: int, *, after: bool
) -> None:
    child = a_child(world, parent)

    with pytest.raises(Crash), crash(number, after=after):
        world.services.handle(child.ref)
    world.clock.move(MINUTE + SECOND)
    world.services.handle(child.ref)

    assert world.task(child.ref).state is State.SUCCEEDED
    assert world.task(parent.ref).busy == ""
