"""The tools that runs may be granted, and the health probes of the rooms."""

from functools import cache

from chalicelib.background.health import BackgroundHealth
from chalicelib.functions.wiring.container import Container, courier, work
from chalicelib.runs.tools import Toolbox, system_health
from chalicelib.scheduler.health import SchedulerHealth
from chalicelib.scheduler.store import JobStore, TickLog


@cache
def toolbox(of: Container) -> Toolbox:
    """Return the tools that exist."""
    shards = of.settings.shards
    background = BackgroundHealth(
        work=work(of), queues=courier(of).lanes, clock=of.clock, shards=shards
    )
    scheduler = SchedulerHealth(jobs=JobStore(), ticks=TickLog(), clock=of.clock, shards=shards)
    probes = {"background": background.health, "scheduler": scheduler.health}
    return Toolbox([system_health(probes)])
