"""The tools that runs may be granted, and the health probes of the rooms."""

from functools import cache

from chalicelib.background.gate.store import GateStore
from chalicelib.background.health import BackgroundHealth
from chalicelib.functions.wiring.capabilities import invoker
from chalicelib.functions.wiring.container import Container, courier, work
from chalicelib.functions.wiring.sweeps import journal
from chalicelib.journal.search import JournalSearch
from chalicelib.runs.journal_search import journal_search as journal_tool
from chalicelib.runs.node_invoke import node_invoke
from chalicelib.runs.tools import Toolbox, system_health
from chalicelib.scheduler.health import SchedulerHealth
from chalicelib.scheduler.store import JobStore, TickLog


@cache
def toolbox(of: Container) -> Toolbox:
    """Return the tools that exist."""
    probes = {"background": background_health(of).health, "scheduler": scheduler_health(of).health}
    found = journal_tool(journal_search(of))
    return Toolbox([system_health(probes), found, node_invoke(invoker(of))])


@cache
def journal_search(of: Container) -> JournalSearch:
    """Return what reads journals."""
    return JournalSearch(journal=journal(of))


@cache
def background_health(of: Container) -> BackgroundHealth:
    """Return the probe of queues and workers."""
    return BackgroundHealth(
        work=work(of), queues=courier(of).lanes, clock=of.clock, shards=of.settings.shards
    )


@cache
def scheduler_health(of: Container) -> SchedulerHealth:
    """Return the probe of the scheduler."""
    return SchedulerHealth(
        jobs=JobStore(),
        ticks=TickLog(),
        gates=GateStore(),
        clock=of.clock,
        shards=of.settings.shards,
    )
