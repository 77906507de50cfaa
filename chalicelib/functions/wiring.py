"""Which room is handed what: the one place where the parts are put together.

Everything here is made once per container, on first use; nothing talks to AWS before it must. What
would have to point upward between rooms is a registry filled here: kinds of tasks, tools and
health probes.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from chalicelib.access.store import AccessStore
from chalicelib.background.health import BackgroundHealth
from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import WorkStore
from chalicelib.background.sweep import Sweep
from chalicelib.background.worker import Worker
from chalicelib.clock import Clock, SystemClock
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.policy import PolicyEngine
from chalicelib.providers import OfflineProvider
from chalicelib.runs.service import RunService
from chalicelib.runs.store import RunStore
from chalicelib.runs.tools import Toolbox, system_health
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.health import SchedulerHealth
from chalicelib.scheduler.job import KIND, LANE
from chalicelib.scheduler.service import JobService
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.scheduler.tick import Tick
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases that triggers call."""

    tick: Tick
    sweep: Sweep
    worker: Worker
    jobs: JobService
    runs: RunService
    access: AccessStore


@cache
def services() -> Services:
    """Return the services of this container."""
    return build(Settings.read(), SystemClock(), Ids())


def build(
    settings: Settings, clock: Clock, ids: Ids, policy: PolicyEngine | None = None
) -> Services:
    """Put the rooms together."""
    policy = policy or PolicyEngine()
    work = WorkStore(settings.lease, timedelta(days=settings.ledger_retention_days))
    jobs, ticks, journal = JobStore(), TickLog(), JournalStore()
    queues = {LANE: LaneQueue(LANE)}
    probes = {
        "background": BackgroundHealth(
            work=work, queues=queues, clock=clock, shards=settings.shards
        ).health,
        "scheduler": SchedulerHealth(
            jobs=jobs, ticks=ticks, clock=clock, shards=settings.shards
        ).health,
    }
    tools = Toolbox([system_health(probes)])
    runs = RunService(
        runs=RunStore(timedelta(days=settings.runs_retention_days)),
        work=work,
        provider=OfflineProvider(),
        tools=tools,
        policy=policy,
        clock=clock,
        max_steps=settings.max_steps,
    )
    kinds = {
        KIND: Dispatch(jobs=jobs, work=work, runs=runs, journal=journal, policy=policy, clock=clock)
    }
    handover = Handover(
        jobs=jobs,
        work=work,
        queue=queues[LANE],
        horizon=settings.horizon,
        grace=settings.misfire_grace,
        lease=settings.lease,
        shards=settings.shards,
    )
    return Services(
        tick=Tick(jobs=jobs, handover=handover, ticks=ticks, clock=clock),
        sweep=Sweep(work=work, queues=queues, kinds=kinds, clock=clock, shards=settings.shards),
        worker=Worker(
            work=work,
            queue=queues[LANE],
            journal=journal,
            kinds=kinds,
            clock=clock,
            ids=ids,
            retry_base=timedelta(seconds=settings.retry_base_seconds),
        ),
        jobs=JobService(
            jobs=jobs,
            work=work,
            journal=journal,
            handover=handover,
            tools=tools,
            clock=clock,
            ids=ids,
            max_attempts=settings.max_attempts,
        ),
        runs=runs,
        access=AccessStore(),
    )
