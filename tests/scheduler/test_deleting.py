import pytest

from chalicelib.background.gate.gate import Gate
from chalicelib.background.task import slot_instant
from chalicelib.errors import NotFound, PreconditionFailed
from chalicelib.scheduler.job import JobState
from chalicelib.scheduler.rows import DefinitionRow, HotRow
from tests.scheduler.operating import ACTOR, Operator
from tests.support.faults import before, every_transaction_repeated, replies_of_transactions_lost
from tests.support.world import MINUTE, NOON, World


def test_a_deleted_job_is_shown_but_not_listed(world: World, operator: Operator) -> None:
    kept, job = world.job(), world.job()

    deleted = operator.delete(job)

    assert (deleted.state, deleted.next, deleted.ver) == (JobState.DELETED, None, 2)
    assert (deleted.definition.name, deleted.updated_by) == ("health", ACTOR)
    assert operator.jobs.get("main", job.id) == deleted
    assert [each.id for each in operator.jobs.list("main", None, 10).items] == [kept.id]


def test_an_index_that_lags_does_not_list_it_either(world: World, operator: Operator) -> None:
    job = world.job()
    operator.delete(job)
    lagging = [DefinitionRow.listed_owner.set("main"), DefinitionRow.listed_at.set(job.id)]
    DefinitionRow.change(world.ref(job).pk, "def", lagging, DefinitionRow.pk.exists())

    assert operator.jobs.list("main", None, 10).items == []


def test_its_ledger_and_runs_stay(world: World, operator: Operator) -> None:
    job = world.job()
    operator.work(job, 1)

    operator.delete(job)

    assert world.ledger(job)["12:01:00"] == "fired"
    assert world.services.transcripts.view("main", world.ref(job).run_id).result


def test_a_slot_that_was_handed_over_ends_superseded(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(0.5)
    operator.delete(job)

    assert operator.work(job, 1) == "superseded"
    assert world.task(world.ref(job)).state == "closed"


def test_slots_that_nobody_handed_over_are_ledgered_superseded(
    world: World, operator: Operator
) -> None:
    job = world.job()
    world.at(10)

    operator.delete(job)

    row = world.task(world.ref(job, 3))
    assert (row.outcome, row.reason) == ("superseded", "the job was deleted")
    assert slot_instant(row.last) == NOON + 10 * MINUTE


def test_ticks_do_not_see_it(world: World, operator: Operator) -> None:
    job = world.job()
    operator.delete(job)
    before_it = world.ledger(job)
    world.at(5)

    assert world.services.tick.run()["due"] == 0
    assert world.ledger(job) == before_it


def test_a_stale_tick_makes_no_ghost_of_it(world: World, operator: Operator) -> None:
    job = world.job()
    due = operator.seen(job).due
    assert due is not None
    operator.delete(job)
    now = world.at(1)

    world.services.tick.handover.hand_over(due, now, Gate())

    assert operator.seen(job).hot.next is None
    assert not operator.is_due(job)
    assert operator.work(job, 3) == "superseded"
    assert HotRow.get(due.pk, "hot").active is None


def test_deleting_again_writes_nothing(world: World, operator: Operator) -> None:
    job = world.job()
    first = operator.delete(job)
    world.at(1)

    assert operator.delete(job, 1) == first
    assert len(world.events("job.deleted")) == 1


def test_another_version_than_was_seen_is_not_deleted(world: World, operator: Operator) -> None:
    job = world.job()
    operator.edit(job, name="renamed")

    with pytest.raises(PreconditionFailed):
        operator.delete(job, 1)
    assert operator.delete(job, 2).state is JobState.DELETED


def test_a_paused_job_can_be_deleted(world: World, operator: Operator) -> None:
    job = world.job()
    operator.pause(job)
    world.at(10)

    assert operator.delete(job).state is JobState.DELETED
    assert world.ledger(job)["12:03:00"] == "superseded"


@pytest.mark.parametrize("fault", [every_transaction_repeated, replies_of_transactions_lost])
def test_a_lost_reply_deletes_once(world: World, operator: Operator, fault: object) -> None:
    job = world.job()
    world.at(10)

    with fault():  # type: ignore[operator]
        deleted = operator.delete(job)

    assert (deleted.state, deleted.ver) == (JobState.DELETED, 2)
    assert len(world.events("job.deleted")) == 1


def test_a_tick_between_read_and_write_keeps_its_slots(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(3)

    with before("TransactWriteItems", "", world.services.tick.run):
        operator.delete(job)

    assert world.ledger(job)["12:03:00"] == "handed"
    assert operator.take(job, 3) == "superseded"


def test_what_is_not_there_cannot_be_deleted(operator: Operator) -> None:
    with pytest.raises(NotFound):
        operator.jobs.delete("main", ACTOR, "01M81J18G068RKEJVNQ9RFVHWP")
