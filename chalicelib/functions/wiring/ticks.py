"""What the tick is made of."""

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.functions.wiring.container import Container, handover
from chalicelib.scheduler.gap import Gap
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.scheduler.tick import Tick

if TYPE_CHECKING:
    from chalicelib.scheduler.upkeep import Upkeep


@cache
def tick(of: Container) -> Tick:
    """Return the tick."""

    def mark(gap: Gap) -> bool:
        # Rarely needed, and the journal loads what no tick does.
        from chalicelib.functions.wiring.sweeps import journal  # noqa: PLC0415
        from chalicelib.scheduler.gap_marker import GapMarker  # noqa: PLC0415

        return GapMarker(journal=journal(of), ticks=ticks).mark(gap)

    def keep_up() -> "Upkeep":
        # As rarely needed.
        from chalicelib.functions.wiring.sweeps import upkeep  # noqa: PLC0415

        return upkeep(of)

    ticks = TickLog()
    return Tick(
        jobs=JobStore(),
        handover=handover(of),
        ticks=ticks,
        mark=mark,
        upkeep=keep_up,
        clock=of.clock,
    )
