from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.background.gate.gate import Gate
from chalicelib.background.queue import LaneQueue
from chalicelib.background.task import TaskRef
from chalicelib.scheduler.job import Due
from chalicelib.scheduler.rows import HotRow
from tests.support.faults import Crash, crash, every_write_retried, recorded
from tests.support.world import MINUTE, NOON, World

LATER = NOON + timedelta(days=400)


class Delays(LaneQueue):
    """A queue that notes the delays that it is asked for."""

    def __init__(self, delays: list[timedelta]) -> None:
        super().__init__("normal")
        self.delays = delays

    def send(self, ref: TaskRef, delay: timedelta = timedelta()) -> None:
        self.delays.append(delay)
        super().send(ref, delay)


def due(world: World, pk: str) -> Due:
    found = world.services.jobs.jobs.due(shard=int(HotRow.get(pk, "hot").due_shard), until=LATER)
    return next(job for job in found if job.pk == pk and isinstance(job, Due))


def test_the_row_comes_before_the_advance_and_the_message_last(world: World) -> None:
    job = world.job(every="5m")
    world.at(3)

    with recorded() as calls:
        handover = world.services.tick.handover
        handover.hand_over(due(world, world.ref(job).pk), world.clock.now(), Gate())

    writes = [call for call in calls.made if call.startswith(("Put", "Update", "Send"))]
    assert writes == ["PutItem work", "UpdateItem jobs", "SendMessage"]


def test_slots_up_to_the_horizon_are_handed_over(world: World) -> None:
    job = world.job(every="60s")

    assert world.ledger(job) == {"12:01:00": "handed", "12:02:00": "handed"}


def test_the_same_slot_handed_over_again_changes_nothing(world: World) -> None:
    job = world.job(every="2m")
    world.at(2)
    stale = due(world, world.ref(job).pk)
    world.services.tick.run()
    before = world.ledger(job), HotRow.get(stale.pk, "hot").next

    world.services.tick.handover.hand_over(stale, world.clock.now(), Gate())

    assert (world.ledger(job), HotRow.get(stale.pk, "hot").next) == before


def test_a_message_is_sent_even_where_somebody_else_advanced(world: World) -> None:
    job = world.job(every="2m")
    world.at(2)
    stale = due(world, world.ref(job).pk)
    world.services.tick.run()
    sent = world.messages()

    world.services.tick.handover.hand_over(stale, world.clock.now(), Gate())

    assert world.messages() == sent + 1


def test_the_job_advances_behind_the_existing_row_not_behind_a_new_plan(world: World) -> None:
    job = world.job(every="5m")
    world.at(5)
    seen = due(world, world.ref(job).pk)
    with pytest.raises(Crash), crash(2, after=False):  # the row exists, the job did not advance
        world.services.tick.handover.hand_over(seen, world.clock.now(), Gate())
    world.at(60)

    world.services.tick.run()

    assert world.ledger(job)["12:05:00"] == "handed"
    assert world.ledger(job)["12:10:00"] == "misfired"


def test_missed_slots_are_one_row_and_the_next_is_handed_over(world: World) -> None:
    job = world.job()
    world.at(60)

    world.services.tick.run()

    ledger = world.ledger(job)
    assert ledger["12:03:00"] == "misfired"
    assert [slot for slot, outcome in ledger.items() if outcome == "handed"][-1] == "13:02:00"
    assert "12:04:00" not in ledger


def test_no_slot_is_without_a_row_wherever_a_tick_dies(world: World) -> None:
    job = world.job()
    for number in range(1, 12):
        world.clock.move(MINUTE)
        for after in (False, True):
            with suppress(Crash), crash(number, after=after):
                world.container().tick.run()
    world.services.tick.run()

    slots = list(world.ledger(job))
    assert slots == [f"12:{minute:02}:00" for minute in range(1, len(slots) + 1)]


def test_lost_replies_hand_each_slot_over_once(world: World) -> None:
    with every_write_retried():
        job = world.job()
        world.at(1)
        world.services.tick.run()
    world.services.tick.run()

    assert world.ledger(job) == dict.fromkeys(("12:01:00", "12:02:00", "12:03:00"), "handed")


def test_a_delay_is_counted_from_the_sending_not_from_the_ticks_beginning(world: World) -> None:
    job = world.job(every="10m")
    world.at(8)
    seen, began = due(world, world.ref(job).pk), world.clock.now()
    delays: list[timedelta] = []
    handover = world.services.tick.handover
    handover.courier.lanes = {"normal": Delays(delays)}
    world.clock.move(timedelta(seconds=30))

    handover.hand_over(seen, began, Gate())

    assert delays == [timedelta(seconds=90)]
