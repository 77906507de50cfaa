"""The sweep: what EventBridge calls once a minute to look after open tasks.

It is a module of its own, so that the tick does not import what only the sweep needs.
"""

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.sweeps import sweep as make_sweep

sweeps = Blueprint(__name__)


@sweeps.schedule(Rate(1, unit=Rate.MINUTES))
@traced
def sweep(_event: CloudWatchEvent) -> dict[str, int]:
    """Send again, rescue or fail the open tasks that nobody looked at in time."""
    counts = make_sweep(container()).run()
    logger.info("swept", extra=counts)
    return counts
