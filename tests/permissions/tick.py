"""What the tick does."""

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


FLOWS = (handing_slots_over, missing_slots)
