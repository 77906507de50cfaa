"""The sweep: what EventBridge calls once a minute to look after open tasks.

It is a module of its own, so that the tick does not import what only the sweep needs.
"""

from datetime import timedelta

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.functions.deadline import stop_at
from chalicelib.functions.observability import idle_under_bad_settings, logger, measure, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.sweeps import collector, seal_watch
from chalicelib.functions.wiring.sweeps import sweep as make_sweep

sweeps = Blueprint(__name__)

_TIMEOUT = timedelta(seconds=55)  # As .chalice/config.json says.
_MARGIN = timedelta(seconds=10)


@sweeps.schedule(Rate(1, unit=Rate.MINUTES))
@traced
@idle_under_bad_settings
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Send again, rescue or end the open tasks that nobody looked at in time."""
    of = container()
    counts = make_sweep(of).run(stop_at(event.context, of.clock, _TIMEOUT, _MARGIN))
    counts["heartbeats"] = collector(of).run()
    counts["late_seals"] = seal_watch(of).run()
    logger.info("swept", extra=counts)
    measure(
        {
            "SweptBroken": counts["broken"],
            "SweptFailed": counts["fail"],
            "LateSeals": counts["late_seals"],
            "OldestUnbegunSlotAgeSeconds": counts["oldest_unbegun_seconds"],
        }
    )
    return counts
