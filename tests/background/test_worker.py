import pytest

from chalicelib.background.store import WorkRow
from chalicelib.background.task import Outcome, State
from chalicelib.scheduler.store import HotRow
from tests.support.faults import before
from tests.support.world import MINUTE, World


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


def test_a_kind_that_no_function_knows_fails_and_says_so(world: World) -> None:
    job = world.job()
    ref = world.ref(job)
    WorkRow.change(ref.pk, ref.sk, [WorkRow.kind.set("dream")], WorkRow.pk.exists())
    for minutes in (1, 2, 3):
        world.at(minutes)
        world.services.handle(ref)

    assert world.task(ref).reason == "no function knows the kind 'dream'"


@pytest.mark.parametrize("minutes", [1.5, 3])
def test_a_terminal_task_is_concluded_by_another_only_when_its_lease_is_over(
    world: World, minutes: float
) -> None:
    job = world.job()
    world.at(1)
    work = world.services.worker.work
    kind = world.services.worker.kinds["firing"]
    task = work.claim(world.ref(job), "a", world.clock.now())
    work.end(task, kind.perform(task).end, world.clock.now())

    world.at(minutes)
    world.services.handle(world.ref(job))

    concluded = minutes == 3
    assert len(world.events("run.finished")) == concluded
    row = HotRow.get(world.ref(job).pk, "hot")
    assert (row.active is None) == concluded
