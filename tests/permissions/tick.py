"""What the tick does."""

from chalicelib.functions.wiring.container import container
from tests.functions.invoke import cron_tick
from tests.permissions.recorder import Recorder
from tests.support.world import World


def handing_slots_over(world: World, record: Recorder) -> None:
    world.job()
    world.at(3)
    with record():
        assert cron_tick()["handed"] == 3


def missing_slots(world: World, record: Recorder) -> None:
    job = world.job()
    world.at(30)
    with record():
        cron_tick()
    assert "misfired" in world.ledger(job).values() or "skipped" in world.ledger(job).values()


def marking_a_gap(world: World, record: Recorder) -> None:
    cron_tick()
    container.cache_clear()  # Another container finds it.
    world.at(60)
    with record():
        cron_tick()
    assert len(world.events("scheduler.gap")) == 1


FLOWS = (handing_slots_over, missing_slots, marking_a_gap)
