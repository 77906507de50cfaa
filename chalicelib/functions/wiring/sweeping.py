"""What the sweep is made of; workers, which load what ends tasks, need none of it."""

from functools import cache

from chalicelib.background.gate.store import GateStore
from chalicelib.background.sweep import Sweep
from chalicelib.functions.wiring import seals
from chalicelib.functions.wiring.container import Container, courier, pace, work
from chalicelib.functions.wiring.sweeps import aftermath, cancellation, incidents
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.seals.watch import SealWatch


@cache
def sweep(of: Container) -> Sweep:
    """Return the sweep."""
    return Sweep(
        work=work(of),
        courier=courier(of),
        aftermath=aftermath(of),
        cancellation=cancellation(of),
        incidents=incidents(of),
        gates=GateStore(),
        clock=of.clock,
        pace=pace(of),
        shards=of.settings.shards,
    )


@cache
def seal_watch(of: Container) -> SealWatch:
    """Return what sees whether seals come in time."""
    return SealWatch(seals=SealStore(), alarm=seals.alarm(of), clock=of.clock)
