"""What each concurrency policy costs: nothing where a slot meets nobody."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task, TaskRef, slot_key
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.service import Change
from chalicelib.settings import resource
from chalicelib.tables import owned
from tests.bench.simulated import Rooms, rooms
from tests.simulation.units import Units

FORBID, REPLACE, QUEUE_ONE = CronConcurrencyPolicy
FIRING, TO_DONE, STEP = 5, 14, 2
STEPS = 3
LONG = timedelta(minutes=4)


@pytest.fixture
def made() -> Iterator[Rooms]:
    with rooms() as made:
        yield made


def a_job(made: Rooms, policy: CronConcurrencyPolicy) -> str:
    job = made.job("5m").id
    made.jobs.edit("main", "token:test", job, Change(concurrency=policy))
    return job


def slot(job: str, now: datetime) -> TaskRef:
    return TaskRef(owned("main", job), slot_key(now))


def cost(made: Rooms, act: Callable[[], object]) -> tuple[int, Units]:
    """Return the write units of something, without the tick's own row, and all that is counted."""
    with made.counted() as units:
        act()
    writes = units.writes
    del writes[resource("system")]
    return writes.total(), units


def handle(made: Rooms, ref: TaskRef) -> int:
    return cost(made, lambda: made.worker.handle(ref, made.cloud.now() + LONG))[0]


def alone(policy: CronConcurrencyPolicy) -> int:
    """Return what a slot costs from its claim on that meets nobody."""
    with rooms() as made:
        job = a_job(made, policy)
        made.at(3)
        made.tick.run()
        return handle(made, slot(job, made.at(5)))


def two_slots(made: Rooms, job: str) -> tuple[Task, TaskRef]:
    """Let the first slot be locked and fired, and the second be due."""
    made.at(3)
    made.tick.run()
    task = made.worker.work.claim(slot(job, made.at(5)), "a", made.cloud.now())
    made.jobs.jobs.lock(task, task.ver)
    task = made.worker.work.checkpoint(task, 1, "link", made.cloud.now())
    made.at(8)
    made.tick.run()
    return task, slot(job, made.at(10))


@pytest.mark.parametrize("policy", CronConcurrencyPolicy)
def test_a_slot_that_meets_nobody_costs_the_same_under_each_policy(
    made: Rooms, policy: CronConcurrencyPolicy
) -> None:
    job = a_job(made, policy)
    made.at(3)

    firing, _ = cost(made, made.tick.run)
    running = handle(made, slot(job, made.at(5)))

    assert firing <= FIRING
    assert firing + running <= TO_DONE + STEP * STEPS


def test_a_slot_that_is_skipped_costs_a_claim_a_refused_lock_and_its_end(made: Rooms) -> None:
    _, ref = two_slots(made, a_job(made, FORBID))

    assert handle(made, ref) == 4


def test_a_waiter_costs_five_units_more(made: Rooms) -> None:
    uncontended = alone(QUEUE_ONE)
    job = a_job(made, QUEUE_ONE)
    holder, ref = two_slots(made, job)

    waiting = handle(made, ref)
    ended = made.worker.work.end(holder, End(State.SUCCEEDED, Outcome.FIRED, ""), made.cloud.now())
    handing_over, _ = cost(made, lambda: made.jobs.jobs.release(ended))

    assert waiting == 4  # Its claim, the refused lock, its name as the waiter, its return.
    assert handing_over == 2  # One is refused; a lock that nobody waits for takes one.
    assert handle(made, ref) == uncontended


def test_replacing_costs_a_transaction_and_the_end_of_another_run(made: Rooms) -> None:
    uncontended = alone(REPLACE)
    _, ref = two_slots(made, a_job(made, REPLACE))

    replacing = handle(made, ref)

    # The lock's refusal; three writes twice and the index twice; the other run's release that is
    # refused, its event, its header's two units and its end; its way out of the index, twice.
    assert replacing - uncontended == 16
