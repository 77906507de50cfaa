"""What the scheduler says of a whole stage, and what it costs to ask."""

from typing import Any

from chalicelib.functions.wiring import api, tools
from chalicelib.functions.wiring.container import Container
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.store import TickLog, TickRow
from tests.scheduler.operating import ACTOR, Operator
from tests.support.faults import recorded
from tests.support.world import MINUTE, NOON, World


def container(world: World) -> Container:
    return Container(settings=world.settings, clock=world.clock, random_bytes=lambda n: b"x" * n)


def health(world: World) -> dict[str, Any]:
    return dict(tools.scheduler_health(container(world)).health())


def test_before_the_first_tick_nothing_is_known(world: World) -> None:
    assert set(health(world).values()) == {None}


def test_a_tick_leaves_what_it_counted(world: World) -> None:
    world.job()
    world.at(3)
    counts = world.services.tick.run()

    assert health(world)["last_counts"] == {name: each for name, each in counts.items() if each}
    assert counts["handed"] == 3


def test_a_tick_after_a_gap_leaves_its_own_counts(world: World) -> None:
    world.job("1h")
    world.services.tick.run()
    world.at(10 * 60)

    world.container().tick.run()

    assert health(world)["last_counts"]["missed"] == 9
    assert health(world)["last_tick"] == "2026-11-22T22:00:00Z"


def test_a_tick_that_died_behind_the_mark_of_a_gap_has_no_counts(world: World) -> None:
    ticks = TickLog()
    ticks.record(NOON, {"due": 7})
    TickRow.transact(ticks.following(NOON, NOON + 60 * MINUTE))

    assert health(world)["last_tick"] == "2026-11-22T13:00:00Z"
    assert health(world)["last_counts"] is None


def test_an_older_tick_says_nothing_any_more(world: World) -> None:
    TickLog().record(NOON + MINUTE, {"due": 2})
    TickLog().record(NOON, {"due": 1})

    assert health(world)["last_counts"] == {"due": 2}


def test_a_disabled_job_is_counted(world: World) -> None:
    job = world.job()
    HotRow.change(world.ref(job).pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    world.at(3)

    counts = world.services.tick.run()

    assert (counts["failed"], counts["disabled"]) == (1, 1)
    assert world.services.tick.run()["disabled"] == 0


def test_the_oldest_slot_that_nobody_handed_over_is_told(world: World) -> None:
    world.job("10m")
    world.job("7m")
    world.at(8)

    assert health(world)["oldest_due_slot"] == "2026-11-22T12:07:00Z"


def test_a_job_that_wakes_by_itself_is_no_slot(operator: Operator, world: World) -> None:
    job = world.job("10m")
    operator.jobs.pause("main", ACTOR, job.id, NOON + MINUTE)
    world.at(5)

    assert health(world)["oldest_due_slot"] is None
    assert health(world)["next_slot"] is None


def test_slots_of_whom_the_gate_is_closed_to_hide_no_other(world: World) -> None:
    gate = api.gate(container(world))
    world.job("10m")
    world.job("20m", owner="other")
    world.at(1)
    gate.close("main", ACTOR)
    world.at(25)
    assert health(world)["oldest_due_slot"] == "2026-11-22T12:20:00Z"

    gate.open("main", ACTOR)

    assert health(world)["oldest_due_slot"] == "2026-11-22T12:20:00Z"


def test_it_asks_each_shard_once_whatever_there_is(world: World) -> None:
    with recorded() as empty:
        health(world)
    for _ in range(30):
        world.job()
    with recorded() as full:
        health(world)

    assert empty.made == full.made == ["GetItem system", "GetItem system", "Query jobs"]
