"""What the tick does."""

from chalicelib.functions.wiring.container import container
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.incidents.store import IncidentStore
from chalicelib.scheduler.job import Change, JobState
from chalicelib.scheduler.rows import HotRow
from tests.functions.invoke import cron_tick
from tests.permissions.recorder import Recorder
from tests.support.world import MINUTE, NOON, World


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


def resuming_a_job(world: World, record: Recorder) -> None:
    job = world.job("10m")
    world.services.jobs.pause("main", "token:test", job.id, NOON + 20 * MINUTE)
    world.at(21)
    with record():
        cron_tick()
    assert world.services.jobs.get("main", job.id).state is JobState.ENABLED


def pausing_what_cannot_be_read(world: World, record: Recorder) -> None:
    jobs = [world.job("10m"), world.job("10m")]
    for job in jobs:
        pk = world.ref(job).pk
        HotRow.change(pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    world.at(10)
    with record():
        cron_tick()
    for job in jobs:  # An operator mends it, and it breaks again.
        incident = (IncidentDomain.SCHEDULER, f"job-unreadable:{job.id}")
        IncidentStore().resolve("main", incident, "it was mended", world.clock.now())
        world.services.jobs.edit("main", "token:test", job.id, Change(schedule=job.schedule))
        world.services.jobs.resume("main", "token:test", job.id)
        pk = world.ref(job).pk
        HotRow.change(pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    world.at(30)
    with record():
        cron_tick()
    assert {world.services.jobs.get("main", job.id).state for job in jobs} == {JobState.PAUSED}


FLOWS = (
    handing_slots_over,
    missing_slots,
    marking_a_gap,
    resuming_a_job,
    pausing_what_cannot_be_read,
)
