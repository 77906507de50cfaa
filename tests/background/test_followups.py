"""Follow-ups exist before the task they follow ends, and exist once."""

from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.background.kinds import Ending, FollowUp
from chalicelib.background.payloads import INLINE_BYTES, LARGEST_BYTES
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import State, Task
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.settings import Settings
from tests.support.faults import Crash, before, crash, recorded
from tests.support.tasks import DONE, KIND, SECOND, Errands, errand, errands, finish
from tests.support.world import MINUTE, World, a_world

TWO = [FollowUp("one", KIND, {"n": 1}), FollowUp("two", KIND, {"n": 2})]


def ending(*follow_ups: FollowUp) -> Ending:
    return replace(DONE, follow_ups=follow_ups)


@pytest.fixture
def kind(world: World) -> Errands:
    return errands(world.services, lambda _task, _lease: ending(*TWO), finish)


def following(world: World, task: Task) -> list[Task]:
    return world.services.worker.work.offspring(task.ref)


def test_follow_ups_inherit_and_are_one_deeper(world: World, kind: Errands) -> None:
    task = errand(world, priority=5)

    world.services.handle(task.ref)

    made = following(world, task)
    assert [each.ref.parent for each in made] == [task.ref, task.ref]
    assert {(each.lane, each.priority, each.depth, each.kind) for each in made} == {
        ("high", 5, 1, KIND)
    }
    read = {str(world.services.tasks.maker.payloads.read(each)) for each in made}
    assert read == {"{'n': 1}", "{'n': 2}"}
    assert len(kind.performed) == 1


def test_follow_ups_are_no_children(world: World, kind: Errands) -> None:
    task = errand(world)

    world.services.handle(task.ref)

    assert [each.membership for each in following(world, task)] == [None, None]
    assert world.task(task.ref).children == 0
    assert kind.performed


def test_follow_ups_exist_before_the_end(world: World, kind: Errands) -> None:
    task = errand(world)
    seen = []

    def look() -> None:
        seen.append((world.task(task.ref).state, len(following(world, task))))

    kind.acts.insert(0, kind.acts[0])
    with recorded() as calls:
        world.services.handle(errand(world).ref)
    *_, end = [n for n, call in enumerate(calls.made) if call == "UpdateItem work"]
    assert [call for call in calls.made[end:] if call == "PutItem work"] == []

    with before("PutItem", "journal", look):
        world.services.handle(task.ref)
    assert seen == [(State.SUCCEEDED, 2)]


def test_follow_ups_are_carried_out(world: World, kind: Errands) -> None:
    task = errand(world)
    world.services.handle(task.ref)

    for each in following(world, task):
        world.services.handle(each.ref)

    assert {each.state for each in following(world, task)} == {State.SUCCEEDED}
    assert len(kind.performed) == 3


def test_a_large_follow_up_is_kept_elsewhere(world: World, kind: Errands) -> None:
    kind.acts = [lambda _task, _lease: ending(FollowUp("big", KIND, {"text": "x" * INLINE_BYTES}))]
    task = errand(world)

    world.services.handle(task.ref)

    (made,) = following(world, task)
    assert made.payload_key
    assert world.services.tasks.maker.payloads.read(made) == {"text": "x" * INLINE_BYTES}


def test_a_follow_up_that_cannot_be_made_is_a_failed_attempt(world: World, kind: Errands) -> None:
    huge = FollowUp("huge", KIND, {"text": "x" * LARGEST_BYTES})
    kind.acts = [lambda _task, _lease: ending(huge)]
    task = errand(world)

    world.services.handle(task.ref)

    again = world.task(task.ref)
    assert (again.state, again.attempt) == (State.QUEUED, 1)
    assert again.history[0].reason.startswith("Invalid: the payload has")


def test_a_chain_that_is_too_deep_is_cut_off_with_an_incident(world: World, kind: Errands) -> None:
    task = errand(world)
    deepest = [WorkRow.depth.set(world.settings.max_depth)]
    WorkRow.change(*task.ref, deepest, WorkRow.pk.exists())

    world.services.handle(task.ref)

    assert world.task(task.ref).state is State.SUCCEEDED
    assert following(world, task) == []
    (incident,) = world.services.tasks.incidents.active("main", None, 10).items
    assert (incident.domain, incident.dedupe_key) == (IncidentDomain.QUEUE, f"depth:{task.ref.id}")
    assert incident.evidence == {"kind": KIND, "follow_ups": "one, two"}
    assert kind.performed


def test_a_chain_goes_as_deep_as_it_may(world: World, kind: Errands) -> None:
    kind.acts = [lambda _task, _lease: ending(TWO[0])]
    task = errand(world)
    depths = []
    for _ in range(20):
        world.services.handle(task.ref)
        depths.append(task.depth)
        made = following(world, task)
        if not made:
            break
        (task,) = made

    assert depths == list(range(world.settings.max_depth + 1))


def calls_of_an_end() -> int:
    with a_world(Settings(shards=1)) as world:
        errands(world.services, lambda _task, _lease: ending(*TWO), finish)
        task = errand(world)
        with recorded() as calls:
            world.services.handle(task.ref)
        return len(calls.made)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, calls_of_an_end() + 1))
def test_a_death_at_any_call_leaves_each_follow_up_once(
    world: World, kind: Errands, number: int, *, after: bool
) -> None:
    kind.acts = [lambda _task, _lease: ending(*TWO)]
    task = errand(world)

    with suppress(Crash), crash(number, after=after):
        world.services.handle(task.ref)
    world.clock.move(MINUTE + SECOND)
    world.services.handle(task.ref)

    assert world.task(task.ref).state is State.SUCCEEDED
    assert len(following(world, task)) == 2
    assert len(world.events("task.finished")) == 1
