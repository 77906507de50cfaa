"""What a job's snapshot says, of the real rooms."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.gate.store import GateStore
from chalicelib.background.rows import WorkRow
from chalicelib.clock import to_ms
from chalicelib.errors import NotFound
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import Container
from chalicelib.scheduler.checkup import MOST_ROWS
from chalicelib.scheduler.job import CronConcurrencyPolicy, Job
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Draft
from chalicelib.scheduler.snapshot import Snapshot
from chalicelib.scheduler.terms import CronMisfirePolicy
from tests.scheduler.operating import ACTOR, Operator
from tests.support.faults import recorded
from tests.support.tasks import claimed
from tests.support.world import MINUTE, NOON, World

DAY = 24 * 60


def container(world: World) -> Container:
    return Container(settings=world.settings, clock=world.clock, random_bytes=lambda n: b"x" * n)


def look(world: World, job: Job) -> Snapshot:
    return api.checkup(container(world)).look_at("main", job.id)


def catching_up(operator: Operator, every: str) -> Job:
    terms: dict[str, Any] = {"misfire": CronMisfirePolicy.CATCH_UP}
    draft = Draft("health", operator.schedule(every=every), "Summarize", [], terms=terms)
    return operator.jobs.create("main", ACTOR, draft).job


def told(seen: Snapshot) -> tuple[str, list[str]]:
    return str(seen.health), list(seen.reasons)


def test_a_new_job_is_well(world: World) -> None:
    seen = look(world, world.job())

    assert told(seen) == ("healthy", [])
    assert (seen.state, seen.due, seen.oldest_unfired, seen.missed) == ("enabled", 0, None, 0)
    assert (seen.active, seen.waiting, seen.review) == ("", "", None)
    assert seen.counted_since == NOON - timedelta(hours=24)


def test_a_slot_that_has_come_is_due_until_it_is_taken(operator: Operator, world: World) -> None:
    job = world.job()
    world.at(2)
    seen = look(world, job)
    assert (seen.due, seen.oldest_unfired) == (2, NOON + MINUTE)
    assert told(seen) == ("healthy", [])

    operator.take(job, 1)
    operator.take(job, 2)

    assert (look(world, job).due, look(world, job).oldest_unfired) == (0, None)


def test_a_slot_that_no_worker_takes_is_told_after_the_grace(world: World) -> None:
    job = world.job("10m")
    world.at(9)
    world.services.tick.run()
    world.at(13)
    assert told(look(world, job)) == ("healthy", [])
    world.clock.move(timedelta(seconds=1))

    assert told(look(world, job)) == (
        "degraded",
        ["the slot of 2026-11-22T12:10:00Z was not begun"],
    )


def test_slots_that_no_tick_hands_over_are_counted_without_being_walked(world: World) -> None:
    job = world.job()
    world.at(10 * 366 * DAY)

    seen = look(world, job)

    assert seen.due == 10 * 366 * DAY
    assert seen.oldest_unfired == NOON + MINUTE
    assert "the slot of 2026-11-22T12:03:00Z was not handed over" in seen.reasons


def test_a_slot_whose_row_was_put_before_a_crash_counts_once(world: World) -> None:
    job = world.job()
    pk = world.ref(job).pk
    world.at(2)
    HotRow.change(pk, "hot", [HotRow.next.set(to_ms(world.clock.now()))], HotRow.pk.exists())

    assert look(world, job).due == 2


def test_missed_slots_of_the_last_day_are_counted(world: World) -> None:
    job = world.job("1h")
    world.at(30 * 60)
    world.services.tick.run()

    seen = look(world, job)

    # From 18:00 to 17:00; the slot of this very minute is handed over.
    assert (seen.missed, seen.review) == (24, None)
    assert told(seen) == ("degraded", ["24 slots were missed"])
    world.at(DAY + 30 * 60)
    assert look(world, job).missed == 0


@pytest.mark.parametrize("later", [{"every": "7m"}, {"cron": "* * * * *"}])
def test_what_was_missed_by_another_schedule_is_one_to_say_the_least(
    operator: Operator, world: World, later: dict[str, str]
) -> None:
    job = operator.edit(world.job(), schedule=operator.schedule(cron="0 * * * *"))
    world.at(10 * 60)
    world.services.tick.run()
    assert look(world, job).missed == 9
    operator.edit(job, schedule=operator.schedule(**later))

    assert look(world, job).missed == 1


def test_a_review_blocks_until_it_is_decided(operator: Operator, world: World) -> None:
    job = catching_up(operator, "1h")
    world.at(30 * 60)
    world.services.tick.run()
    seen = look(world, job)
    assert seen.health == "blocked"
    assert seen.reasons[0] == "missed slots wait for a decision: replay or dismiss them"
    assert seen.review is not None

    api.making_up(container(world)).dismiss("main", ACTOR, job.id)

    assert (look(world, job).health, look(world, job).review) == ("degraded", None)


def test_a_slot_that_is_caught_up_may_wait_for_the_others(operator: Operator, world: World) -> None:
    job = catching_up(operator, "1h")
    world.at(90)
    world.services.tick.run()

    seen = look(world, job)

    assert (seen.due, seen.oldest_unfired) == (1, NOON + 60 * MINUTE)
    assert told(seen) == ("healthy", [])


def test_a_job_that_cannot_be_read_is_blocked(world: World) -> None:
    job = world.job()
    HotRow.change(world.ref(job).pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    world.at(4)
    reason = "its schedule cannot be read: give it a new one, then resume it"
    assert told(look(world, job)) == ("blocked", [reason])

    world.services.tick.run()

    assert told(look(world, job)) == ("blocked", [reason])
    assert (look(world, job).state, look(world, job).due) == ("paused", 0)


def test_failures_in_a_row_are_told_and_block_once_the_job_is_paused(
    operator: Operator, world: World
) -> None:
    terms: dict[str, Any] = {"max_attempts": 1, "pause_after": 2}
    draft = Draft("health", operator.schedule(every="60s"), "Summarize", [], terms=terms)
    job = operator.jobs.create("main", ACTOR, draft).job
    dispatch: Any = world.services.worker.kinds["firing"]
    dispatch.runs.execute = _break
    operator.work(job, 1)
    assert told(look(world, job)) == ("degraded", ["the last run failed"])

    operator.work(job, 2)

    reason = "it was paused, since its runs kept failing: mend it, then resume it"
    assert told(look(world, job)) == ("blocked", [reason])


def _break(*_: object) -> None:
    raise RuntimeError("no")


def test_a_worker_that_is_not_heard_of_any_more_is_told(world: World) -> None:
    job = world.job()
    world.at(1)
    task = claimed(world, world.ref(job))
    world.services.jobs.jobs.lock(task, 1)
    assert look(world, job).active == task.ref.id
    world.at(3.1)

    assert "its run is not heard of any more: the sweep sends it again" in look(world, job).reasons


def test_who_waits_for_another_slot_is_named_and_is_not_late(world: World) -> None:
    job = world.job("2m", concurrency=CronConcurrencyPolicy.QUEUE_ONE)
    world.at(2)
    task = claimed(world, world.ref(job, 2))
    world.services.jobs.jobs.lock(task, 1)
    world.services.tick.run()
    world.at(4)
    world.services.handle(world.ref(job, 4))
    lease = [WorkRow.lease_until.set(to_ms(NOON + 60 * MINUTE))]
    WorkRow.change(*world.ref(job, 2), lease, WorkRow.pk.exists())
    world.at(5.9)
    seen = look(world, job)

    assert (seen.active, seen.waiting) == (world.ref(job, 2).id, world.ref(job, 4).id)
    assert (seen.due, told(seen)) == (1, ("healthy", []))
    # The grace is long over, and the next slot was handed over in time.
    world.at(7.5)
    assert not [reason for reason in look(world, job).reasons if "12:04:00" in reason]


def test_what_is_paused_with_everything_is_due_and_not_late(world: World) -> None:
    gate = api.gate(container(world))
    job = world.job("10m")
    world.at(5)
    gate.close("main", ACTOR)
    world.at(30)
    seen = look(world, job)
    assert (seen.is_gated, seen.due, told(seen)) == (True, 3, ("healthy", []))

    gate.open("main", ACTOR)

    assert (look(world, job).is_gated, told(look(world, job))) == (False, ("healthy", []))
    assert not GateStore().read().closed("main")


@pytest.mark.parametrize("move", ["pause", "delete"])
def test_a_job_that_does_not_fire_has_nothing_due(
    operator: Operator, world: World, move: str
) -> None:
    job = world.job()
    world.at(1)
    getattr(operator, move)(job)
    world.at(10)

    seen = look(world, job)

    assert (seen.due, seen.oldest_unfired, told(seen)) == (0, None, ("healthy", []))


def test_no_slot_at_or_before_an_edit_is_due(operator: Operator, world: World) -> None:
    job = world.job()
    world.at(2)
    operator.edit(job, schedule=operator.schedule(every="5m"))

    assert look(world, job).due == 0


def test_of_many_rows_the_newest_are_looked_at_and_it_is_said_since_when(world: World) -> None:
    job = world.job("10s")
    minutes = MOST_ROWS * 10 // 60 + 10
    for minute in range(minutes):
        world.at(minute)
        world.services.tick.run()

    seen = look(world, job)

    assert seen.counted_since == world.clock.now() - timedelta(seconds=10 * (MOST_ROWS - 1))
    assert seen.due == MOST_ROWS


def test_it_costs_the_same_few_calls_whatever_there_is(world: World) -> None:
    job = world.job()
    world.at(10 * DAY)
    world.services.tick.run()
    with recorded() as few:
        look(world, job)
    for _ in range(5):
        world.job()
    with recorded() as more:
        look(world, job)

    assert few.made == more.made == ["GetItem jobs", "Query work", "GetItem system"]


def test_another_owners_job_is_none(world: World) -> None:
    job = world.job(owner="other")

    with pytest.raises(NotFound):
        look(world, job)
