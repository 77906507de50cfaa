import boto3

from chalicelib.background.store import WorkRow
from chalicelib.background.task import State
from chalicelib.scheduler.store import HotRow
from tests.support.world import World


def test_a_task_whose_message_was_lost_is_sent_again(world: World) -> None:
    job = world.job()
    world.at(2.1)
    sent = world.messages()

    counts = world.services.swept()

    assert counts == {"nothing": 0, "wait": 0, "send": 1, "fail": 0}
    assert world.messages() == sent + 1
    assert world.task(world.ref(job)).resends == 1


def test_what_was_sent_again_rests_for_a_minute(world: World) -> None:
    world.job()
    world.at(2.1)
    world.services.swept()

    assert world.services.swept()["send"] == 0


def test_a_living_task_is_looked_at_when_its_lease_ends(world: World) -> None:
    job = world.job()
    world.at(1.5)
    world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.at(2.1)

    assert world.services.swept()["wait"] == 1
    task = world.task(world.ref(job))
    assert task.wake_at == task.lease_until


def test_dead_work_is_rescued(world: World) -> None:
    job = world.job()
    world.at(1)
    world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.at(2.1)

    assert world.services.swept()["send"] == 1
    world.services.handle(world.ref(job))

    task = world.task(world.ref(job))
    assert (task.state, task.token, task.attempt) == (State.SUCCEEDED, 2, 1)


def test_dead_work_without_attempts_left_fails_and_frees_its_job(world: World) -> None:
    job = world.job()
    work = world.services.worker.work
    for minutes in (1, 2.1, 3.2):
        world.at(minutes)
        task = work.claim(world.ref(job), f"at {minutes}", world.clock.now())
        world.services.jobs.jobs.lock(task, task.ver)
    world.at(4.3)

    assert world.services.swept()["fail"] == 1

    assert world.task(world.ref(job)).state is State.FAILED
    assert HotRow.get(world.ref(job).pk, "hot").active is None
    assert len(world.events("run.finished")) == 1


def test_a_run_that_never_began_can_be_read_as_failed(world: World) -> None:
    job = world.job()
    work = world.services.worker.work
    for minutes in (1, 2.1, 3.2):
        world.at(minutes)
        work.claim(world.ref(job), f"at {minutes}", world.clock.now())
    world.at(4.3)
    world.services.swept()

    view = world.services.transcripts.view("main", world.ref(job).run_id)

    assert (view.header.state, view.steps) == (State.FAILED, [])


def test_two_sweeps_see_the_same_and_only_one_acts(world: World) -> None:
    job = world.job()
    world.at(2.1)
    seen = world.task(world.ref(job))
    world.services.swept()

    assert not world.services.worker.work.note_resent(seen, world.clock.now())
    assert world.task(world.ref(job)).resends == 1


def test_one_task_that_cannot_be_swept_does_not_keep_it_from_the_others(world: World) -> None:
    broken, sound = world.job(), world.job()
    ref = world.ref(broken)
    WorkRow.change(ref.pk, ref.sk, [WorkRow.lane.set("vanished")], WorkRow.pk.exists())
    world.at(2.1)

    world.services.swept()

    assert world.task(world.ref(sound)).resends == 1


def test_a_sweep_without_sqs_loses_nothing(world: World) -> None:
    job = world.job()
    boto3.client("sqs").delete_queue(QueueUrl=world.services.worker.queue._url)
    world.at(2.1)

    world.services.swept()

    assert world.task(world.ref(job)).resends == 0
