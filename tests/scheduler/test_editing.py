from datetime import timedelta

import pytest

from chalicelib.background.gate.gate import Gate
from chalicelib.background.task import slot_instant, slot_key
from chalicelib.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unavailable
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Change
from chalicelib.schedules import read_schedule
from tests.scheduler.operating import ACTOR, Operator
from tests.support.faults import (
    before,
    every_transaction_repeated,
    replies_of_transactions_lost,
)
from tests.support.world import MINUTE, NOON, World


def to_every(operator: Operator, job: Job, every: str) -> Job:
    return operator.edit(job, schedule=operator.schedule(every=every))


def test_an_edit_shows_what_is_new_and_who_did_it(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(0.5)

    edited = operator.edit(job, name="renamed", prompt="Look", tools=[])

    definition = edited.definition
    assert (definition.name, definition.prompt, definition.tools) == ("renamed", "Look", [])
    assert (edited.ver, edited.updated_at, edited.updated_by) == (2, NOON + MINUTE / 2, ACTOR)
    assert definition.created_at == NOON


def test_another_schedule_holds_from_now_on(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(0.5)

    edited = to_every(operator, job, "100s")

    assert edited.schedule == operator.schedule(every="100s")
    # The first slot is within the horizon and handed over at once.
    assert world.ledger(job)["12:02:10"] == "handed"
    assert edited.next == NOON + timedelta(minutes=3, seconds=50)
    assert operator.is_due(job)


def test_a_slot_that_was_handed_over_is_superseded_where_it_is_gone(
    world: World, operator: Operator
) -> None:
    job = world.job()
    world.at(0.5)
    to_every(operator, job, "100s")

    assert operator.work(job, 1) == "superseded"


def test_a_slot_that_was_handed_over_fires_where_it_still_is_one(
    world: World, operator: Operator
) -> None:
    job = world.job()
    to_every(operator, job, "30s")

    assert operator.work(job, 1) == "fired"


def test_an_edit_of_the_prompt_loses_no_slot(world: World, operator: Operator) -> None:
    job = world.job()
    before_it = world.ledger(job)
    world.at(0.5)

    edited = operator.edit(job, prompt="Look again")

    assert edited.next == job_next(operator, job)
    assert world.ledger(job).items() >= before_it.items()
    assert operator.work(job, 1) == "fired"


def job_next(operator: Operator, job: Job) -> object:
    return operator.seen(job).hot.next


def test_slots_that_nobody_handed_over_are_ledgered_superseded(
    world: World, operator: Operator
) -> None:
    job = world.job()
    world.at(10)

    to_every(operator, job, "1h")

    assert world.ledger(job) == {
        "12:01:00": "handed",
        "12:02:00": "handed",
        "12:03:00": "superseded",
    }
    row = world.task(world.ref(job, 3))
    assert slot_instant(row.last) == NOON + 10 * MINUTE
    assert (row.state, row.reason) == ("closed", "the job was edited")


def test_an_edit_that_leaves_the_schedule_closes_nothing(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(5)

    operator.edit(job, name="renamed")

    assert world.ledger(job)["12:05:00"] == "handed"
    assert operator.seen(job).hot.since == NOON


def test_a_row_that_was_put_but_not_passed_keeps_its_slot(world: World, operator: Operator) -> None:
    job = world.job()
    due = operator.seen(job).due
    assert due is not None
    now, handover = world.at(5), world.services.tick.handover
    handover.work.put(handover._row(due, read_schedule(due.schedule), now, Gate()))

    to_every(operator, job, "1h")

    assert world.ledger(job)["12:03:00"] == "handed"
    assert world.ledger(job)["12:04:00"] == "superseded"
    assert world.task(world.ref(job, 4)).last == slot_key(now)


def test_an_edit_that_changes_nothing_writes_nothing(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(0.5)

    same = operator.edit(
        job, name=job.definition.name, schedule=operator.schedule(every="60s"), tools=None
    )

    assert (same.ver, same.updated_at, same.schedule) == (1, NOON, job.schedule)
    assert world.events("job.edited") == []


@pytest.mark.parametrize("expected", [None, 1])
def test_an_edit_of_the_version_that_was_seen_is_made(
    world: World, operator: Operator, expected: int | None
) -> None:
    assert operator.edit(world.job(), expected, name="renamed").ver == 2


def test_an_edit_of_an_older_version_is_refused(world: World, operator: Operator) -> None:
    job = world.job()
    operator.edit(job, name="first")

    with pytest.raises(PreconditionFailed):
        operator.edit(job, 1, name="second")

    assert operator.jobs.get("main", job.id).definition.name == "first"


def test_a_deleted_job_cannot_be_edited(world: World, operator: Operator) -> None:
    job = world.job()
    operator.delete(job)

    with pytest.raises(Conflict, match="deleted"):
        operator.edit(job, 1, name="renamed")


def test_an_unknown_tool_is_refused_by_its_place(world: World, operator: Operator) -> None:
    with pytest.raises(Invalid) as invalid:
        operator.edit(world.job(), tools=["system.health", "no.such"])

    assert [fault.field for fault in invalid.value.faults] == ["tools.1"]


def test_a_schedule_without_a_slot_to_come_is_refused(world: World, operator: Operator) -> None:
    job, soon = world.job(), operator.schedule(at="2026-11-22T12:01:00Z")
    world.at(1)

    with pytest.raises(Invalid, match="no slot to come"):
        operator.edit(job, schedule=soon)


def test_another_owners_job_is_not_there(world: World, operator: Operator) -> None:
    job = world.job(owner="other")

    with pytest.raises(NotFound):
        operator.edit(job, name="mine")

    assert operator.jobs.get("other", job.id).ver == 1


@pytest.mark.parametrize("fault", [every_transaction_repeated, replies_of_transactions_lost])
def test_a_lost_reply_makes_one_edit(world: World, operator: Operator, fault: object) -> None:
    job = world.job()
    world.at(5)

    with fault():  # type: ignore[operator]
        edited = to_every(operator, job, "100s")

    assert edited.ver == 2
    assert len(world.events("job.edited")) == 1
    assert world.ledger(job)["12:03:00"] == "superseded"
    assert world.ledger(job)["12:06:40"] == "handed"


def test_a_transaction_that_was_not_made_is_unavailable(world: World, operator: Operator) -> None:
    job = world.job()

    def lose() -> None:
        raise Unavailable

    with before("TransactWriteItems", "", lose), pytest.raises(Unavailable):
        operator.edit(job, name="renamed")

    assert operator.jobs.get("main", job.id).ver == 1


def test_a_tick_between_read_and_write_keeps_its_slots(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(3)

    with before("TransactWriteItems", "", world.services.tick.run):
        edited = to_every(operator, job, "1h")

    assert edited.ver == 2
    assert world.ledger(job) == dict.fromkeys(
        ["12:01:00", "12:02:00", "12:03:00", "12:04:00", "12:05:00"], "handed"
    )
    assert operator.take(job, 3) == "superseded"


def test_two_edits_at_once_are_both_made(world: World, operator: Operator) -> None:
    job = world.job()

    with before("TransactWriteItems", "", lambda: operator.edit(job, prompt="Look")):
        edited = operator.edit(job, name="renamed")

    assert (edited.ver, edited.definition.name, edited.definition.prompt) == (3, "renamed", "Look")


def test_an_edit_makes_no_job_of_what_is_gone(world: World, operator: Operator) -> None:
    job = world.job()
    row = HotRow.get(world.ref(job).pk, "hot")

    with before("TransactWriteItems", "", row.delete), pytest.raises(NotFound):
        to_every(operator, job, "1h")

    assert operator.jobs.jobs.hot(row.pk) is None


def test_a_lagging_clock_reaches_not_behind_an_earlier_write(
    world: World, operator: Operator
) -> None:
    job = world.job()
    world.at(5)
    to_every(operator, job, "30s")
    world.at(3)

    edited = to_every(operator, job, "20s")

    assert operator.seen(job).hot.since == NOON + 5 * MINUTE
    assert edited.updated_at == NOON + 5 * MINUTE


def test_a_paused_job_stays_paused(world: World, operator: Operator) -> None:
    job = world.job()
    operator.pause(job)
    world.at(10)

    edited = to_every(operator, job, "1h")

    assert (edited.state, edited.next) == (JobState.PAUSED, NOON + 70 * MINUTE)
    assert not operator.is_due(job)
    assert world.ledger(job)["12:03:00"] == "paused"


def test_the_journal_says_what_was_different(world: World, operator: Operator) -> None:
    job = world.job()
    world.at(5)

    operator.edit(job, name="renamed", schedule=operator.schedule(every="1h"))

    (event,) = world.events("job.edited")
    assert world.personal("job.edited") == [{"name": "renamed"}]
    assert '"outcome":"superseded"' in event.content
    assert "prompt_sha256" not in event.content


def test_no_field_makes_the_hot_row_large(world: World, operator: Operator) -> None:
    job = world.job()
    zone = "America/Argentina/ComodRivadavia"
    operator.edit(
        job,
        schedule=operator.schedule(at="8999-12-31T23:59:59Z", timezone=zone),
        prompt="x" * 9_000,
    )

    row = HotRow.get(world.ref(job).pk, "hot").serialize()
    size = sum(len(name) + len(next(iter(value.values()))) for name, value in row.items())
    assert size < 512


def test_an_unknown_job_cannot_be_edited(operator: Operator) -> None:
    with pytest.raises(NotFound):
        operator.jobs.edit("main", ACTOR, "01M81J18G068RKEJVNQ9RFVHWP", Change(name="x"))


def test_both_rows_are_read_of_one_version(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, store = world.job(), operator.jobs.jobs
    read = store.definition

    def edited_first(pk: str) -> object:
        monkeypatch.undo()
        operator.edit(job, name="renamed")
        return read(pk)

    monkeypatch.setattr(store, "definition", edited_first)
    shown = operator.jobs.get("main", job.id)

    assert (shown.ver, shown.definition.name, shown.definition.ver) == (2, "renamed", 2)
