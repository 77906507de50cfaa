import json
import re
from datetime import timedelta

import pytest

from chalicelib.errors import Unavailable
from chalicelib.journal.store import JournalRow
from chalicelib.scheduler.gap import Gap
from chalicelib.scheduler.store import TickLog
from chalicelib.scheduler.tick import Tick
from tests.support.faults import Crash, before, crash, every_write_retried, recorded
from tests.support.world import NOON, World

READ_SYSTEM = "GetItem system"
GATE = 1
SECOND = timedelta(seconds=1)


def gaps(world: World) -> list[JournalRow]:
    return world.events("scheduler.gap")


def fresh(world: World) -> Tick:
    """Return the tick of a container that remembers nothing."""
    return world.container().tick


def test_the_first_tick_ever_marks_no_gap(world: World) -> None:
    world.services.tick.run()

    assert gaps(world) == []
    assert TickLog().last() == NOON


@pytest.mark.parametrize("minutes", [1, 2, 2.5])
def test_ticks_within_the_horizon_mark_no_gap(world: World, minutes: float) -> None:
    fresh(world).run()
    now = world.at(minutes)

    fresh(world).run()

    assert gaps(world) == []
    assert TickLog().last() == now


def test_a_gap_is_marked_with_its_instants_and_its_seconds(world: World) -> None:
    world.services.tick.run()
    world.at(60)

    fresh(world).run()

    (event,) = gaps(world)
    assert re.fullmatch(r"system#audit#[0-7]", event.pk)
    told = json.loads(event.content)
    assert (told["actor"], told["subject"]) == ("system:daemon", "cron_tick")
    assert told["details"] == {
        "last_tick": "2026-11-22T12:00:00Z",
        "from": "2026-11-22T12:02:30Z",
        "until": "2026-11-22T13:00:00Z",
        "seconds": 57 * 60 + 30,
    }


def test_what_was_due_in_a_gap_is_a_misfire(world: World) -> None:
    job = world.job("10m")
    world.services.tick.run()
    world.at(60)

    fresh(world).run()

    assert len(gaps(world)) == 1
    assert "misfired" in world.ledger(job)["12:10:00"]


def test_a_container_that_slept_through_a_gap_marks_it(world: World) -> None:
    world.services.tick.run()
    world.at(10)

    world.services.tick.run()

    assert len(gaps(world)) == 1


def test_a_gap_that_other_containers_filled_is_none(world: World) -> None:
    world.services.tick.run()
    for minutes in (2, 4):
        world.at(minutes)
        fresh(world).run()
    world.at(5)

    world.services.tick.run()

    assert gaps(world) == []


def test_a_gap_is_marked_once(world: World) -> None:
    world.services.tick.run()
    world.at(60)
    for _ in range(3):
        fresh(world).run()

    assert len(gaps(world)) == 1


def test_each_gap_is_marked(world: World) -> None:
    for minutes in (0, 60, 120):
        world.at(minutes)
        fresh(world).run()

    assert [json.loads(event.content)["details"]["from"] for event in gaps(world)] == [
        "2026-11-22T12:02:30Z",
        "2026-11-22T13:02:30Z",
    ]


def test_two_ticks_at_once_mark_a_gap_once(world: World) -> None:
    world.services.tick.run()
    world.at(60)
    first, second = fresh(world), fresh(world)

    with before("TransactWriteItems", "", second.run):
        first.run()

    assert len(gaps(world)) == 1
    assert TickLog().last() == world.clock.now()


def test_a_tick_that_comes_second_records_itself_too(world: World) -> None:
    world.services.tick.run()
    first, second = fresh(world), fresh(world)
    world.at(60)

    def another() -> None:
        first.run()
        world.clock.move(SECOND)

    with before("TransactWriteItems", "", another):
        second.run()

    assert len(gaps(world)) == 1
    assert TickLog().last() == NOON + timedelta(minutes=60)


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_call_leaves_the_gap_to_be_marked_once(world: World, *, after: bool) -> None:
    world.services.tick.run()
    world.at(60)
    with recorded() as calls:
        _marked_elsewhere(world)
    for number in range(1, len(calls.made) + 1):
        world.clock.move(timedelta(hours=1))
        marked = len(gaps(world))
        with pytest.raises(Crash), crash(number, after=after):
            fresh(world).run()

        fresh(world).run()

        assert len(gaps(world)) == marked + 1, calls.made[number - 1]


def _marked_elsewhere(world: World) -> None:
    fresh(world).run()


def test_lost_replies_change_nothing(world: World) -> None:
    with every_write_retried():
        world.services.tick.run()
        world.at(60)
        fresh(world).run()

    assert len(gaps(world)) == 1
    assert TickLog().last() == world.clock.now()


def test_nothing_but_the_gate_is_read_while_ticks_come_steadily(world: World) -> None:
    for minutes in range(3):
        world.at(minutes)
        with recorded() as calls:
            world.services.tick.run()
        assert calls.made.count(READ_SYSTEM) == GATE + (minutes == 0)


def test_a_gap_that_cannot_be_marked_is_left_to_the_next_tick(world: World) -> None:
    job = world.job("60s")
    world.services.tick.run()
    world.at(60)
    tick, refused = fresh(world), fresh(world)

    def unavailable(_gap: Gap) -> bool:
        raise Unavailable

    refused.mark = unavailable
    with pytest.raises(Unavailable):
        refused.run()

    assert world.ledger(job)["13:00:00"] == "handed"
    assert TickLog().last() == NOON
    tick.run()
    assert len(gaps(world)) == 1
