"""Tasks of a kind that no function knows."""

import pytest

from chalicelib.background.looking import NEVER
from chalicelib.background.task import State, Task
from chalicelib.incidents.incident import RuntimeIncidentRecord
from tests.support.faults import Crash, crash
from tests.support.tasks import OPERATOR, SECOND, errand, errands
from tests.support.world import MINUTE, World


@pytest.fixture
def task(world: World) -> Task:
    """Return a task whose kind an older worker does not know."""
    errands(world.services)
    world.services.worker.kinds = {}
    return errand(world)


def incidents(world: World) -> list[RuntimeIncidentRecord]:
    return list(world.services.tasks.incidents.active("main", None, 10).items)


def test_a_task_of_an_unknown_kind_is_paused_with_an_incident(world: World, task: Task) -> None:
    world.services.handle(task.ref)

    shelved = world.task(task.ref)
    assert (shelved.state, shelved.reason) == (State.PAUSED, "no function knows its kind")
    assert shelved.wake_at == NEVER
    (incident,) = incidents(world)
    assert incident.summary == "no function knows tasks of kind 'errand'"
    assert incident.related == (task.ref.id,)


def test_it_is_looked_at_when_it_expires(world: World) -> None:
    errands(world.services)
    world.services.worker.kinds = {}
    task = errand(world, expires_at=world.clock.now() + 9 * MINUTE)

    world.services.handle(task.ref)

    assert world.task(task.ref).wake_at == task.expires_at


def test_it_goes_on_after_a_deploy_that_knows_it(world: World, task: Task) -> None:
    world.services.handle(task.ref)
    kind = errands(world.services)

    world.services.tasks.resume("main", OPERATOR, task.ref.id)
    world.services.handle(task.ref)

    done = world.task(task.ref)
    assert (done.state, done.attempt, len(kind.performed)) == (State.SUCCEEDED, 0, 1)
    assert incidents(world) == []


def test_it_can_be_cancelled_instead(world: World, task: Task) -> None:
    world.services.handle(task.ref)

    world.services.tasks.cancel("main", OPERATOR, task.ref.id, "never mind")

    assert world.task(task.ref).state is State.CANCELLED
    assert len(world.events("task.finished")) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 5))
def test_a_death_at_any_call_leaves_no_paused_task_without_an_incident(
    world: World, task: Task, number: int, *, after: bool
) -> None:
    with pytest.raises(Crash), crash(number, after=after):
        world.services.handle(task.ref)
    assert world.task(task.ref).state is not State.PAUSED or incidents(world)

    world.clock.move(MINUTE + SECOND)
    world.services.handle(task.ref)

    assert world.task(task.ref).state is State.PAUSED
    assert len(incidents(world)) == 1
