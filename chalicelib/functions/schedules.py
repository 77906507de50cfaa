"""What EventBridge calls, once a minute each."""

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring import services

schedules = Blueprint(__name__)


@schedules.schedule(Rate(1, unit=Rate.MINUTES))
@traced
def cron_tick(_event: CloudWatchEvent) -> dict[str, int]:
    """Hand over every slot that is due within the horizon."""
    counts = services().tick.run()
    logger.info("ticked", extra=counts)
    return counts


@schedules.schedule(Rate(1, unit=Rate.MINUTES))
@traced
def sweep(_event: CloudWatchEvent) -> dict[str, int]:
    """Send again, rescue or fail the open tasks that nobody looked at in time."""
    counts = services().sweep.run()
    logger.info("swept", extra=counts)
    return counts
