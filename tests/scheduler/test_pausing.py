import pytest

from chalicelib.background.task import slot_instant
from chalicelib.errors import Conflict
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Draft
from tests.scheduler.operating import ACTOR, Operator
from tests.support.faults import before, every_transaction_repeated, replies_of_transactions_lost
from tests.support.world import MINUTE, NOON, World


def one_shot(operator: Operator, at: str = "2026-11-22T12:05:00Z") -> Job:
    draft = Draft(name="once", schedule=operator.schedule(at=at), prompt="Look", tools=[])
    return operator.jobs.create("main", ACTOR, draft).job


class TestPause:
    def test_a_slot_that_was_handed_over_does_not_run(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job()
        world.at(0.5)

        paused = operator.pause(job)

        assert (paused.state, paused.ver, paused.updated_by) == (JobState.PAUSED, 2, ACTOR)
        assert operator.work(job, 1) == "paused"

    def test_ticks_do_not_see_a_paused_job(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)
        before_it = world.ledger(job)
        world.at(5)

        assert world.services.tick.run()["due"] == 0
        assert world.ledger(job) == before_it
        assert operator.seen(job).hot.next == NOON + 3 * MINUTE

    def test_pausing_a_paused_job_writes_nothing(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)

        assert operator.pause(job).ver == 2
        assert len(world.events("job.paused")) == 1

    def test_a_tick_between_read_and_write_keeps_its_slots(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job()
        world.at(2)

        with before("TransactWriteItems", "", world.services.tick.run):
            paused = operator.pause(job)

        assert paused.state is JobState.PAUSED
        assert world.ledger(job)["12:04:00"] == "handed"
        assert paused.next == NOON + 5 * MINUTE

    @pytest.mark.parametrize("fault", [every_transaction_repeated, replies_of_transactions_lost])
    def test_a_lost_reply_pauses_once(
        self, world: World, operator: Operator, fault: object
    ) -> None:
        job = world.job()

        with fault():  # type: ignore[operator]
            paused = operator.pause(job)

        assert (paused.state, paused.ver) == (JobState.PAUSED, 2)
        assert len(world.events("job.paused")) == 1


class TestResume:
    def test_what_passed_meanwhile_is_ledgered_paused(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job()
        operator.pause(job)
        world.at(10)

        operator.resume(job)

        row = world.task(world.ref(job, 3))
        assert (row.outcome, slot_instant(row.last)) == ("paused", NOON + 10 * MINUTE)

    def test_the_next_slot_is_handed_over_at_once(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)
        world.at(10)

        resumed = operator.resume(job)

        assert resumed.state is JobState.ENABLED
        assert world.ledger(job)["12:11:00"] == "handed"
        assert resumed.next == NOON + 13 * MINUTE
        assert operator.work(job, 11) == "fired"

    def test_no_slot_at_or_before_it_fires(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)
        world.at(2)
        operator.resume(job)

        assert [operator.take(job, minutes) for minutes in (1, 2)] == ["superseded"] * 2
        assert operator.work(job, 3) == "fired"

    def test_a_slot_in_between_but_not_passed_still_fires(
        self, world: World, operator: Operator
    ) -> None:
        job = world.job()
        operator.pause(job)
        operator.resume(job)

        assert operator.work(job, 1) == "fired"

    def test_a_slot_is_not_handed_over_twice(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)
        sent = world.messages()

        assert operator.resume(job).next == NOON + 3 * MINUTE
        assert world.messages() == sent

    def test_resuming_an_enabled_job_writes_nothing(self, world: World, operator: Operator) -> None:
        job = world.job()

        assert operator.resume(job).ver == 1
        assert world.events("job.resumed") == []

    @pytest.mark.parametrize("fault", [every_transaction_repeated, replies_of_transactions_lost])
    def test_a_lost_reply_resumes_once(
        self, world: World, operator: Operator, fault: object
    ) -> None:
        job = world.job()
        operator.pause(job)
        world.at(10)

        with fault():  # type: ignore[operator]
            resumed = operator.resume(job)

        assert (resumed.state, resumed.ver) == (JobState.ENABLED, 3)
        assert world.ledger(job)["12:11:00"] == "handed"

    def test_a_schedule_that_cannot_be_read_is_said(self, world: World, operator: Operator) -> None:
        job = world.job()
        operator.pause(job)
        unreadable = [HotRow.schedule.set("moon/9 full")]
        HotRow.change(world.ref(job).pk, "hot", unreadable, HotRow.pk.exists())

        with pytest.raises(Conflict, match="cannot be read"):
            operator.resume(job)
        edited = operator.edit(job, schedule=operator.schedule(every="60s"))
        assert operator.resume(edited).state is JobState.ENABLED


def test_a_deleted_job_is_neither_paused_nor_resumed(world: World, operator: Operator) -> None:
    job = world.job()
    operator.delete(job)

    for change in (operator.pause, operator.resume):
        with pytest.raises(Conflict, match="deleted"):
            change(job)


class TestOneInstant:
    def test_it_fires_once_and_has_no_next_slot(self, world: World, operator: Operator) -> None:
        job = one_shot(operator)
        world.at(3)
        world.services.tick.run()

        assert operator.work(job, 5) == "fired"
        shown = operator.jobs.get("main", job.id)
        assert (shown.state, shown.next) == (JobState.ENABLED, None)
        assert not operator.is_due(job)

    def test_one_that_has_passed_can_be_paused_resumed_edited_and_deleted(
        self, world: World, operator: Operator
    ) -> None:
        job = one_shot(operator, "2026-11-22T12:01:00Z")
        world.at(2)

        assert operator.pause(job).next is None
        assert operator.resume(job).next is None
        assert operator.edit(job, name="was once").next is None
        assert world.ledger(job) == {"12:01:00": "handed"}
        assert not operator.is_due(job)
        assert operator.delete(job).state is JobState.DELETED

    def test_one_that_has_passed_can_be_given_another(
        self, world: World, operator: Operator
    ) -> None:
        job = one_shot(operator, "2026-11-22T12:01:00Z")
        world.at(2)

        again = operator.edit(job, schedule=operator.schedule(at="2026-11-22T13:00:00Z"))

        assert again.next == NOON + 60 * MINUTE
        assert operator.is_due(job)

    def test_one_inside_a_pause_is_ledgered_paused(self, world: World, operator: Operator) -> None:
        job = one_shot(operator)
        operator.pause(job)
        world.at(10)

        resumed = operator.resume(job)

        assert (resumed.state, resumed.next) == (JobState.ENABLED, None)
        assert world.ledger(job) == {"12:05:00": "paused"}
        assert not operator.is_due(job)
