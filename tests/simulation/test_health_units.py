"""What it costs to ask how the scheduler is: as much, however many jobs there are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.background.gate.store import GateStore
from chalicelib.scheduler.checkup import MOST_ROWS, Checkup
from chalicelib.scheduler.health import SchedulerHealth
from chalicelib.scheduler.store import JobStore, TickLog
from tests.bench.simulated import Cloud, Rooms, rooms

SHARDS = 4


@dataclass
class CloudClock:
    cloud: Cloud

    def now(self) -> datetime:
        return self.cloud.now()


def of_stage(made: Rooms) -> float:
    health = SchedulerHealth(
        jobs=JobStore(),
        ticks=TickLog(),
        gates=GateStore(),
        clock=CloudClock(made.cloud),
        shards=SHARDS,
    )
    with made.counted() as units:
        health.health()
    assert not units.writes
    return sum(units.reads.values())


def of_job(made: Rooms, job_id: str) -> float:
    checkup = Checkup(
        jobs=JobStore(),
        work=made.worker.work,
        gates=GateStore(),
        clock=CloudClock(made.cloud),
        grace=timedelta(minutes=3),
    )
    with made.counted() as units:
        assert checkup.look_at("main", job_id).due == MOST_ROWS
    assert not units.writes
    return sum(units.reads.values())


def costs(others: int) -> tuple[float, float]:
    """Return what the stage and a job with a long ledger cost, among so many other jobs."""
    with rooms() as made:
        made.many_jobs(others)
        job = made.job("10s").id
        for minutes in range(20):
            made.at(minutes)
            made.tick.run()
        return of_stage(made), of_job(made, job)


def test_to_ask_costs_as_much_among_a_thousand_jobs_as_among_ten() -> None:
    few = costs(10)

    assert few == costs(1_000)
    # A strong read of the tick's and of the gate's item, and one query a shard.
    assert few[0] <= 2 + SHARDS
    assert few[1] <= 15
