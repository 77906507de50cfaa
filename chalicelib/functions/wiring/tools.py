"""The tools that runs may be granted, and the health probes of the rooms."""

from functools import cache, partial

from chalicelib.background.gate.store import GateStore
from chalicelib.background.health import BackgroundHealth
from chalicelib.functions.wiring.container import Container, courier, work
from chalicelib.runs.late_tools import JOURNAL_SEARCH, NODE_INVOKE, Call, late
from chalicelib.runs.tools import Toolbox, system_health
from chalicelib.scheduler.health import SchedulerHealth
from chalicelib.scheduler.store import JobStore, TickLog


@cache
def toolbox(of: Container) -> Toolbox:
    """Return the tools that exist."""
    probes = {"background": background_health(of).health, "scheduler": scheduler_health(of).health}
    return Toolbox(
        [
            system_health(probes),
            late(JOURNAL_SEARCH, partial(_journal_search, of)),
            late(NODE_INVOKE, partial(_node_invoke, of)),
        ]
    )


@cache
def _journal_search(of: Container) -> Call:
    from chalicelib.functions.wiring.searching import journal_search  # noqa: PLC0415  if called
    from chalicelib.runs.journal_search import journal_search as tool  # noqa: PLC0415  as above

    return tool(journal_search(of))


@cache
def _node_invoke(of: Container) -> Call:
    from chalicelib.functions.wiring.capabilities import invoker  # noqa: PLC0415  as above
    from chalicelib.runs.node_invoke import node_invoke  # noqa: PLC0415  as above

    return node_invoke(invoker(of))


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
