"""What the tick is made of."""

from functools import cache

from chalicelib.functions.wiring.container import Container, handover
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.scheduler.tick import Tick


@cache
def tick(of: Container) -> Tick:
    """Return the tick."""
    return Tick(jobs=JobStore(), handover=handover(of), ticks=TickLog(), clock=of.clock)
