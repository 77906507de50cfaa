"""The tick: what EventBridge calls once a minute to hand slots over."""

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.functions.failures import telling
from chalicelib.functions.observability import idle_under_bad_settings, logger, measure, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.ticks import tick

schedules = Blueprint(__name__)


@schedules.schedule(Rate(1, unit=Rate.MINUTES))
@traced
@telling
@idle_under_bad_settings
def cron_tick(_event: CloudWatchEvent) -> dict[str, int]:
    """Hand over every slot that is due within the horizon."""
    counts = tick(container()).run()
    logger.info("ticked", extra=counts)
    measure(
        {
            "TicksFailedJobs": counts["failed"],
            "TicksDisabledJobs": counts["disabled"],
            "SlotsHanded": counts["handed"],
            "SlotsMissed": counts["missed"],
            "ReviewsRequired": counts["reviews"],
            "OldestDueSlotAgeSeconds": counts["oldest_due_seconds"],
        }
    )
    return counts
