"""A worker dies at each of its AWS calls in turn; the sweep and another worker put it right."""

from contextlib import suppress

import pytest

from chalicelib.background.task import State
from chalicelib.scheduler.job import Job
from chalicelib.scheduler.rows import HotRow
from tests.support.faults import Crash, crash, every_write_retried, recorded
from tests.support.world import World, a_world


def calls_of_a_run() -> int:
    with a_world() as world:
        job = world.job()
        world.at(1)
        with recorded() as calls:
            world.container().handle(world.ref(job))
        return len(calls.made)


def assert_one_effect(world: World, job: Job) -> None:
    ref = world.ref(job)
    task = world.task(ref)
    view = world.services.transcripts.view("main", ref.run_id)
    assert (task.state, task.outcome) == (State.SUCCEEDED, "fired")
    assert [step.checkpoint.seq for step in view.steps] == [1, 2, 3]
    assert view.header.state is State.SUCCEEDED
    assert view.result is not None
    assert len(world.events("run.finished")) == 1
    assert HotRow.get(ref.pk, "hot").active is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, calls_of_a_run() + 1))
def test_a_death_at_any_call_leaves_one_effect(world: World, number: int, *, after: bool) -> None:
    job = world.job()
    ref = world.ref(job)
    world.at(1)

    with suppress(Crash), crash(number, after=after):
        world.container().handle(ref)

    for minutes in (2.1, 3.2, 4.3, 32):  # two sweeps and rescues, then the message's own return
        world.at(minutes)
        rescuer = world.container()
        rescuer.swept()
        rescuer.handle(ref)
    assert_one_effect(world, job)


def test_lost_replies_of_all_writes_leave_one_effect(world: World) -> None:
    job = world.job()
    world.at(1)

    with every_write_retried():
        world.container().handle(world.ref(job))

    assert_one_effect(world, job)
