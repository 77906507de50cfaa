"""What follows the end of a run: its event, and then the end in its header."""

import json
from contextlib import suppress

import pytest

from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task
from chalicelib.journal.event import Event
from chalicelib.runs.conclusion import RunConclusion
from tests.support.faults import Crash, crash
from tests.support.tasks import DONE, OPERATOR, SECOND, a_task, claimed
from tests.support.world import MINUTE, World


@pytest.fixture
def conclusion(world: World) -> RunConclusion:
    worker = world.services.worker
    return RunConclusion(
        runs=world.services.transcripts.runs, journal=worker.journal, clock=world.clock
    )


@pytest.fixture
def ended(world: World) -> Task:
    job = world.job()
    world.at(1)
    work = world.services.worker.work
    task = work.checkpoint(claimed(world, world.ref(job)), 3, "the head", world.clock.now())
    return work.end(task, DONE.end, world.clock.now())


def header_state(world: World, task: Task) -> State | None:
    header = world.services.transcripts.runs.header("main", task.ref.run_id)
    return header.state if header else None


def test_the_event_anchors_the_chain_of_the_runs_steps(
    world: World, conclusion: RunConclusion, ended: Task
) -> None:
    conclusion.conclude(ended)

    (event,) = world.events("run.finished")
    content = json.loads(event.content)
    assert content["details"]["steps"] == 3
    assert content["details"]["head"] == "the head"
    assert content["details"]["slot"] == "2026-11-22T12:01:00Z"
    assert content["subject"] == ended.ref.subject


def test_a_run_is_concluded_when_its_header_has_the_end(
    world: World, conclusion: RunConclusion, ended: Task
) -> None:
    assert not conclusion.is_concluded(ended)

    conclusion.conclude(ended)

    assert conclusion.is_concluded(ended)
    assert header_state(world, ended) is State.SUCCEEDED


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 5))
def test_a_death_at_any_call_is_made_good_with_one_event(
    world: World, conclusion: RunConclusion, ended: Task, number: int, *, after: bool
) -> None:
    with suppress(Crash), crash(number, after=after):
        conclusion.conclude(ended)

    if not conclusion.is_concluded(ended):
        conclusion.conclude(ended, again=True)

    assert header_state(world, ended) is State.SUCCEEDED
    assert len(world.events("run.finished")) == 1


def test_a_slot_that_was_closed_has_no_run(world: World, conclusion: RunConclusion) -> None:
    closed = a_task(state=State.CLOSED, outcome=Outcome.SKIPPED, finished_at=world.clock.now())

    conclusion.conclude(closed)

    assert conclusion.is_concluded(closed)
    assert world.events("run.finished") == []


def test_the_second_life_of_a_task_is_concluded_for_itself(
    world: World, conclusion: RunConclusion
) -> None:
    work = world.services.worker.work
    job = world.job()
    world.clock.move(MINUTE)
    held = claimed(world, world.ref(job, 2))
    failed = work.end(held, End(State.FAILED, Outcome.FIRED, "gone"), world.clock.now())
    conclusion.conclude(failed)
    world.services.tasks.retry("main", OPERATOR, failed.ref.id)
    again = claimed(world, failed.ref, "b")
    second = work.end(again, DONE.end, world.clock.now())

    assert not conclusion.is_concluded(second)
    conclusion.conclude(second, again=True)

    assert header_state(world, second) is State.SUCCEEDED
    assert len(world.events("run.finished")) == 2


def test_a_late_conclusion_of_the_first_life_does_not_hide_the_second(
    world: World, conclusion: RunConclusion
) -> None:
    work = world.services.worker.work
    job = world.job()
    world.at(1)
    held = claimed(world, world.ref(job))
    failed = work.end(held, End(State.FAILED, Outcome.FIRED, "gone"), world.clock.now())
    world.services.tasks.retry("main", OPERATOR, failed.ref.id)
    second = work.end(claimed(world, failed.ref, "b"), DONE.end, world.clock.now())
    conclusion.conclude(second)

    conclusion.conclude(failed)

    view = world.services.transcripts.view("main", failed.ref.run_id)
    assert view.header.state is State.SUCCEEDED


def test_an_event_that_was_appended_is_found_though_the_streams_went_on(
    world: World, conclusion: RunConclusion, ended: Task
) -> None:
    with suppress(Crash), crash(2, after=True):
        conclusion.conclude(ended)
    for number in range(3):
        other = Event(
            id=f"other-{number}",
            owner="main",
            kind="other",
            actor=OPERATOR,
            subject=ended.ref.subject,
            at=world.clock.now(),
        )
        world.services.worker.journal.append(other)
    world.clock.move(SECOND)

    conclusion.conclude(ended, again=True)

    assert len(world.events("run.finished")) == 1
