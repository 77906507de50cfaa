from contextlib import suppress
from dataclasses import replace

import boto3
import pytest

from chalicelib.background.kinds import Ending
from chalicelib.background.lease import Lease
from chalicelib.background.looking import NEVER
from chalicelib.background.rows import WorkRow
from chalicelib.background.sweep import ATTEMPTS_USED_UP, CHILD_TIMED_OUT
from chalicelib.background.task import Lane, State, Task
from chalicelib.errors import Unavailable
from chalicelib.scheduler.rows import HotRow
from tests.support.faults import Crash, before, crash
from tests.support.tasks import (
    OPERATOR,
    SECOND,
    Errands,
    abandoned,
    claimed,
    errand,
    errands,
    finish,
)
from tests.support.world import MINUTE, World


@pytest.fixture
def kind(world: World) -> Errands:
    return errands(world.services)


def sent_by(world: World) -> int:
    before_it = world.messages()
    world.services.swept()
    return world.messages() - before_it


def test_a_task_whose_message_was_lost_is_sent_again(world: World) -> None:
    job = world.job()
    world.at(2.1)
    sent = world.messages()

    counts = world.services.swept()

    told = {action: count for action, count in counts.items() if count}
    assert told == {"send": 1, "oldest_unbegun_seconds": 66}
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


def test_a_sweep_without_sqs_loses_nothing(world: World) -> None:
    job = world.job()
    lane = world.services.worker.courier.lanes["normal"]
    boto3.client("sqs").delete_queue(QueueUrl=lane._url)
    world.at(2.1)

    world.services.swept()

    assert world.task(world.ref(job)).resends == 0


@pytest.mark.usefixtures("kind")
class TestBacklog:
    def test_a_message_that_nobody_took_is_repeated_less_and_less(self, world: World) -> None:
        task = errand(world)
        looks = []
        for minute in range(1, 70):
            world.at(minute)
            if world.services.swept()["send"]:
                looks.append(minute)

        assert looks == [1, 2, 4, 8, 16, 32, 64]
        assert world.task(task.ref).resends == 7

    def test_a_lane_that_is_held_for_an_hour_gets_two_messages_a_task(self, world: World) -> None:
        tasks = [errand(world) for _ in range(Lane.NORMAL.workers + 1)]
        for minute in range(1, 61):
            world.at(minute)
            world.services.swept()

        assert world.messages() == 2 * len(tasks)

    def test_what_a_lanes_workers_take_at_once_is_no_backlog(self, world: World) -> None:
        lost = errand(world)
        world.at(1)
        world.services.swept()
        boto3.client("sqs").purge_queue(QueueUrl=world.services.worker.courier.lanes["normal"]._url)
        world.at(1.5)
        for _ in range(Lane.NORMAL.workers):
            errand(world)
        world.at(2)

        assert sent_by(world) == 1
        assert world.task(lost.ref).resends == 2

    def test_messages_that_were_lost_are_all_sent_again(self, world: World) -> None:
        for _ in range(3):
            errand(world)
        boto3.client("sqs").purge_queue(QueueUrl=world.services.worker.courier.lanes["normal"]._url)
        world.at(1)

        assert sent_by(world) == 3

    def test_a_lane_that_cannot_be_asked_counts_as_empty(self, world: World) -> None:
        task = errand(world)
        WorkRow.change(*task.ref, [WorkRow.resends.set(1)], WorkRow.pk.exists())
        world.at(1)

        def refuse() -> None:
            raise Unavailable

        with before("GetQueueAttributes", "", refuse):
            world.services.swept()

        assert world.messages() == 2


@pytest.mark.usefixtures("kind")
class TestLookingNow:
    """A remedy looks at a task beside the sweep, whose own looks stay where they are."""

    def resent(self, world: World, tasks: int = 1) -> Task:
        """Return one of some tasks that nobody took; the sweep looks at it in four minutes."""
        made = [errand(world) for _ in range(tasks)]
        for minute in (1, 2, 4):
            world.at(minute)
            world.services.swept()
        return world.task(made[-1].ref)

    def test_the_message_is_sent_at_once_and_the_next_look_stays(self, world: World) -> None:
        seen = self.resent(world)
        world.at(5)
        sent = world.messages()

        assert world.services.sweep.look_now(seen.ref) == "send"

        assert world.messages() == sent + 1
        assert world.task(seen.ref) == seen
        assert seen.wake_at == world.at(8)

    def test_a_look_that_is_due_is_left_to_the_sweep(self, world: World) -> None:
        seen = self.resent(world)
        world.at(8)

        assert world.services.sweep.look_now(seen.ref) == "send"

        assert world.services.swept()["send"] == 1

    def test_dead_work_is_sent_and_the_next_look_stays(self, world: World) -> None:
        held = abandoned(world, errand(world).ref)
        world.services.swept()
        seen = world.task(held.ref)

        assert world.services.sweep.look_now(held.ref) == "send"

        assert world.task(held.ref) == seen

    def test_nothing_is_sent_to_a_lane_that_holds_a_backlog(self, world: World) -> None:
        seen = self.resent(world, Lane.NORMAL.workers + 1)
        sent = world.messages()

        assert world.services.sweep.look_now(seen.ref) == "wait"

        assert world.messages() == sent

    def test_nothing_is_sent_while_the_gate_is_closed(self, world: World) -> None:
        seen = self.resent(world)
        gates = world.services.sweep.gates
        gate = gates.read().closing("main", OPERATOR, world.clock.now())
        WorkRow.transact(gates.write(gate))
        sent = world.messages()

        assert world.services.sweep.look_now(seen.ref) == "wait"

        assert (world.messages(), world.task(seen.ref)) == (sent, seen)

    def test_what_is_not_due_yet_is_left_alone(self, world: World) -> None:
        task = errand(world, not_before=world.at(60))
        world.at(0)
        sent = world.messages()

        assert world.services.sweep.look_now(task.ref) == "nothing"

        assert (world.messages(), world.task(task.ref)) == (sent, task)

    def test_what_is_dead_for_good_ends_before_the_sweep_would_look(self, world: World) -> None:
        held = abandoned(world, errand(world, max_attempts=1).ref)
        later = int(world.at(30).timestamp() * 1000)
        WorkRow.change(*held.ref, [WorkRow.wake_at.set(later)], WorkRow.pk.exists())
        world.at(10)

        assert world.services.sweep.look_now(held.ref) == "fail"

        assert world.task(held.ref).state is State.FAILED
        assert world.task(held.ref).wake_at is None


@pytest.mark.usefixtures("kind")
class TestSeveral:
    def test_two_sweeps_at_once_note_one_look(self, world: World) -> None:
        task = errand(world)
        world.at(1)

        with before("UpdateItem", "work", lambda: world.container().sweep.run(world.at(1.5))):
            world.services.swept()

        assert world.task(task.ref).resends == 1

    def test_two_sweeps_at_once_end_a_task_once(self, world: World) -> None:
        task = errand(world, max_attempts=1)
        abandoned(world, task.ref)

        with before("UpdateItem", "work", lambda: world.container().sweep.run(NEVER)):
            world.services.swept()

        assert world.task(task.ref).token == 2
        assert len(world.events("task.finished")) == 1

    def test_what_was_rescued_meanwhile_is_left_alone(self, world: World) -> None:
        task = errand(world, max_attempts=2)
        abandoned(world, task.ref)
        WorkRow.change(*task.ref, [WorkRow.last_attempt.set(0)], WorkRow.pk.exists())

        def rescue() -> None:
            WorkRow.change(*task.ref, [WorkRow.last_attempt.set(1)], WorkRow.pk.exists())
            claimed(world, task.ref, "rescuer")

        with before("UpdateItem", "work", rescue):
            world.services.swept()

        assert (world.task(task.ref).state, world.task(task.ref).claim) == (
            State.RUNNING,
            "rescuer",
        )

    def test_a_broken_row_does_not_delay_the_others(self, world: World) -> None:
        broken, sound = errand(world), errand(world)
        WorkRow.change(*broken.ref, [WorkRow.state.set("dreaming")], WorkRow.pk.exists())
        world.at(1)

        counts = world.services.swept()

        assert (counts["broken"], counts["send"]) == (1, 1)
        assert world.task(sound.ref).resends == 1
        (incident,) = world.services.sweep.incidents.active("main", None, 10).items
        assert incident.related == (broken.ref.id,)

    def test_a_row_that_stays_broken_has_one_incident(self, world: World) -> None:
        broken = errand(world)
        WorkRow.change(*broken.ref, [WorkRow.state.set("dreaming")], WorkRow.pk.exists())
        for minute in (1, 2, 3):
            world.at(minute)
            world.services.swept()
            world.services.swept()

        (incident,) = world.services.sweep.incidents.active("main", None, 10).items
        assert incident.count == 3

    def test_a_row_that_is_gone_is_passed_over(self, world: World) -> None:
        task = errand(world)
        world.at(1)

        def vanish() -> None:
            WorkRow.remove(*task.ref, WorkRow.pk.exists())

        with before("GetItem", "work", vanish):
            assert world.services.swept()["nothing"] == 1

    def test_what_is_left_when_the_time_is_up_is_for_the_next_sweep(self, world: World) -> None:
        for _ in range(3):
            errand(world)
        world.at(1)

        assert sum(world.services.sweep.run(world.clock.now()).values()) == 0
        assert world.services.swept()["send"] == 3

    def test_all_lanes_and_shards_are_looked_after(self, world: World) -> None:
        wide = World(clock=world.clock, settings=replace(world.settings, shards=4))
        errands(wide.services)
        made = [errand(wide, priority=number % 3 - 1) for number in range(12)]
        world.at(1)

        assert wide.services.swept()["send"] == 12
        assert len({task.shard for task in made}) > 1
        assert {task.lane for task in made} == {"low", "normal", "high"}


@pytest.mark.usefixtures("kind")
class TestEnds:
    def test_the_last_attempts_death_is_told_as_the_reason(self, world: World) -> None:
        task = errand(world, max_attempts=1)
        abandoned(world, task.ref)

        assert world.services.swept()["fail"] == 1

        assert world.task(task.ref).reason == ATTEMPTS_USED_UP

    def test_a_worker_whose_task_expired_writes_nothing_more(
        self, world: World, kind: Errands
    ) -> None:
        def outlast(task: Task, lease: Lease) -> Ending:
            world.clock.move(MINUTE)
            world.services.swept()
            return finish(task, lease)

        kind.acts = [outlast]
        task = errand(world, expires_at=world.clock.now() + MINUTE)

        world.services.handle(task.ref)

        assert world.task(task.ref).state is State.EXPIRED
        assert len(world.events("task.finished")) == 1

    def test_a_child_that_takes_too_long_is_asked_to_stop(self, world: World) -> None:
        child = errand(world, parent=errand(world).ref.id)
        held = claimed(world, child.ref)
        work = world.services.worker.work
        for _ in range(12):
            world.clock.move(50 * SECOND)
            held = work.renew(held, world.clock.now())
            world.services.swept()

        asked = world.task(child.ref)
        assert asked.state is State.RUNNING
        assert asked.cancel is not None
        assert asked.cancel.reason == CHILD_TIMED_OUT

    def test_a_child_that_takes_too_long_and_is_dead_ends(self, world: World) -> None:
        child = errand(world, parent=errand(world).ref.id)
        claimed(world, child.ref)
        world.clock.move(10 * MINUTE)

        assert world.services.swept()["stop"] == 1
        assert world.services.swept()["cancel"] == 1

        ended = world.task(child.ref)
        assert (ended.state, ended.reason) == (State.CANCELLED, CHILD_TIMED_OUT)

    def test_a_child_that_waits_for_its_place_does_not_time_out(self, world: World) -> None:
        parent = errand(world)
        children = [errand(world, parent=parent.ref.id) for _ in range(3)]
        for child in children[:2]:
            assert world.services.worker.places.take(claimed(world, child.ref))
        world.services.handle(children[2].ref)
        world.clock.move(11 * MINUTE)

        world.services.swept()

        assert world.task(children[2].ref).cancel is None

    def test_a_paused_task_is_looked_at_no_more(self, world: World) -> None:
        task = errand(world)
        world.services.tasks.pause("main", OPERATOR, task.ref.id)
        world.clock.move(60 * 24 * MINUTE)

        assert sum(world.services.swept().values()) == 0


@pytest.mark.usefixtures("kind")
class TestConclusions:
    """Who ends a task without holding it may die before that is concluded."""

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("number", range(1, 6))
    def test_a_death_at_any_call_of_a_failing_is_made_good_by_the_next_sweeps(
        self, world: World, number: int, *, after: bool
    ) -> None:
        task = errand(world, max_attempts=1)
        held = abandoned(world, task.ref)
        worker = world.services.worker

        with suppress(Crash), crash(number, after=after):
            failed = worker.work.fail(held, "dead", world.clock.now())
            worker.aftermath.follow(failed)
        world.services.swept()
        world.clock.move(MINUTE)
        world.services.swept()

        assert world.task(task.ref).state is State.FAILED
        assert world.task(task.ref).wake_at is None
        assert len(world.events("task.finished")) == 1

    def test_an_end_that_was_concluded_leaves_the_index(self, world: World) -> None:
        task = errand(world)

        world.services.tasks.cancel("main", OPERATOR, task.ref.id, "no")

        assert world.task(task.ref).wake_at is None

    def test_a_task_that_lives_again_is_not_taken_out_of_the_index(self, world: World) -> None:
        task = errand(world)
        ended = world.services.worker.work.cancel(task, world.clock.now(), "no")
        world.services.tasks.retry("main", OPERATOR, task.ref.id)

        world.services.worker.aftermath.follow(ended)

        assert world.task(task.ref).wake_at is not None
