from datetime import timedelta

import boto3
import pytest

from chalicelib.background.task import Outcome, State
from chalicelib.errors import Conflict, NotFound
from tests.scheduler.operating import ACTOR, Operator, request_key
from tests.support.faults import before, every_transaction_repeated
from tests.support.world import MINUTE, NOON, World

SECOND = timedelta(seconds=1)


def perform(world: World, task_ref: object) -> Outcome:
    """Let a worker take the message of a firing at its second."""
    world.clock.move(SECOND)
    world.services.handle(task_ref)  # type: ignore[arg-type]
    return world.task(task_ref).outcome  # type: ignore[arg-type]


def test_it_fires_beside_the_schedule_in_lane_high(world: World, operator: Operator) -> None:
    job = world.job("1h")

    task, is_new = operator.run(job)

    assert is_new
    assert (task.ref.slot, task.lane, task.requested_by) == (NOON + SECOND, "high", ACTOR)
    assert (task.kind, task.state, task.outcome) == ("firing", State.QUEUED, Outcome.HANDED)
    assert world.services.worker.courier.lanes["high"].depths()["delayed"] == 1
    assert operator.jobs.get("main", job.id).next == job.next
    assert perform(world, task.ref) is Outcome.FIRED
    assert world.services.transcripts.view("main", task.ref.run_id).result


def test_its_second_is_none_of_the_schedules(world: World, operator: Operator) -> None:
    job = world.job()
    world.clock.move(59 * SECOND)

    assert operator.run(job).task.ref.slot == NOON + MINUTE + SECOND


def test_two_in_one_second_have_a_slot_each(world: World, operator: Operator) -> None:
    job = world.job("1h")

    slots = [operator.run(job).task.ref.slot for _ in range(3)]

    assert slots == [NOON + number * SECOND for number in (1, 2, 3)]


def test_two_at_once_have_a_slot_each(world: World, operator: Operator) -> None:
    job = world.job("1h")
    made = []

    with before("TransactWriteItems", "", lambda: made.append(operator.run(job))):
        made.append(operator.run(job))

    assert [each.task.ref.slot for each in made] == [NOON + SECOND, NOON + 2 * SECOND]
    assert len(world.events("job.run")) == 2


def test_a_paused_job_says_what_to_do(world: World, operator: Operator) -> None:
    job = world.job()
    operator.pause(job)

    with pytest.raises(Conflict, match="paused") as conflict:
        operator.run(job)
    assert conflict.value.fix == "resume it first"


def test_a_deleted_job_does_not_run(world: World, operator: Operator) -> None:
    job = world.job()
    operator.delete(job)

    with pytest.raises(Conflict, match="deleted"):
        operator.run(job)


def test_another_owners_job_does_not_run(world: World, operator: Operator) -> None:
    with pytest.raises(NotFound):
        operator.run(world.job(owner="other"))


def test_a_job_paused_meanwhile_does_not_run(world: World, operator: Operator) -> None:
    job = world.job("1h")
    task = operator.run(job).task
    operator.pause(job)

    assert perform(world, task.ref) is Outcome.PAUSED


def test_an_edit_before_its_second_lets_it_run(world: World, operator: Operator) -> None:
    job = world.job("1h")
    task = operator.run(job).task
    operator.edit(job, prompt="Look again", schedule=operator.schedule(every="2h"))

    assert perform(world, task.ref) is Outcome.FIRED


def test_another_schedule_after_its_second_supersedes_it(world: World, operator: Operator) -> None:
    job = world.job("1h")
    task = operator.run(job).task
    world.clock.move(5 * SECOND)
    operator.edit(job, schedule=operator.schedule(every="2h"))

    assert perform(world, task.ref) is Outcome.SUPERSEDED


def test_it_runs_right_after_a_resume(world: World, operator: Operator) -> None:
    job = world.job("1h")
    operator.pause(job)
    operator.resume(job)

    assert perform(world, operator.run(job).task.ref) is Outcome.FIRED


def test_a_lagging_clock_finds_a_second_after_the_last_change(
    world: World, operator: Operator
) -> None:
    job = world.job("1h")
    world.at(5)
    operator.edit(job, schedule=operator.schedule(every="2h"))
    world.at(3)

    assert operator.run(job).task.ref.slot == NOON + 5 * MINUTE + SECOND


def test_it_is_skipped_while_another_slot_is_live(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(1)
    holder = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.services.jobs.jobs.lock(holder, holder.ver)

    assert perform(world, operator.run(job).task.ref) is Outcome.SKIPPED


def test_an_instant_that_has_passed_can_run_again(world: World, operator: Operator) -> None:
    job = world.job()
    operator.edit(job, schedule=operator.schedule(at="2026-11-22T12:00:30Z"))
    world.at(5)

    assert perform(world, operator.run(job).task.ref) is Outcome.FIRED


def test_a_lost_message_is_sent_by_the_sweep(world: World, operator: Operator) -> None:
    job = world.job("1h")
    lane = world.services.worker.courier.lanes["high"]
    boto3.client("sqs").delete_queue(QueueUrl=lane._url)
    operator.run(job)
    boto3.client("sqs").create_queue(QueueName=lane._url.rpartition("/")[2])
    world.at(2)

    assert world.services.swept()["send"] == 1
    assert lane.depths()["waiting"] == 1


def test_the_same_request_fires_once(world: World, operator: Operator) -> None:
    job = world.job("1h")
    first = operator.run(job, request_key())
    world.at(1)

    again = operator.run(job, request_key())

    assert (first.is_new, again.is_new) == (True, False)
    assert again.task.ref == first.task.ref
    assert len(world.ledger(job)) == 1


def test_the_same_request_is_answered_after_a_pause(world: World, operator: Operator) -> None:
    job = world.job("1h")
    first = operator.run(job, request_key())
    operator.pause(job)

    assert operator.run(job, request_key()).task == first.task


@pytest.mark.parametrize("has_key", [True, False])
def test_a_lost_reply_fires_once(world: World, operator: Operator, *, has_key: bool) -> None:
    job = world.job("1h")

    with every_transaction_repeated():
        made = operator.run(job, request_key() if has_key else None)

    assert made.is_new
    assert world.ledger(job) == {"12:00:01": "handed"}
    assert len(world.events("job.run")) == 1


def test_the_journal_says_who_asked_and_which_task_it_is(world: World, operator: Operator) -> None:
    task = operator.run(world.job("1h")).task

    (event,) = world.events("job.run")
    assert f'"actor":"{ACTOR}"' in event.content
    assert task.ref.id in event.content


class TestLastFirings:
    def test_a_slot_to_come_is_not_the_last_one(self, world: World, operator: Operator) -> None:
        job = world.job()

        assert operator.jobs.last_firings("main", [job.id]) == {}

    def test_the_newest_slot_that_has_come_is_returned(
        self, world: World, operator: Operator
    ) -> None:
        fired, waiting, hourly = world.job(), world.job(), world.job("1h")
        operator.work(fired, 1)

        last = operator.jobs.last_firings("main", [fired.id, waiting.id, hourly.id])

        assert {job_id: task.outcome for job_id, task in last.items()} == {
            fired.id: Outcome.FIRED,
            waiting.id: Outcome.HANDED,
        }
        assert last[fired.id].ref == world.ref(fired)

    def test_a_firing_that_was_asked_for_counts(self, world: World, operator: Operator) -> None:
        job = world.job("1h")
        task = operator.run(job).task
        world.clock.move(SECOND)

        assert operator.jobs.last_firings("main", [job.id])[job.id].ref == task.ref
