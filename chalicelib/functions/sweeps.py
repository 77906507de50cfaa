"""The sweep: what EventBridge calls once a minute to look after open tasks.

It is a module of its own, so that the tick does not import what only the sweep needs.
"""

from datetime import timedelta

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.background.looking import SweepAction
from chalicelib.background.sweep import OLDEST
from chalicelib.functions.deadline import stop_at
from chalicelib.functions.failures import telling
from chalicelib.functions.observability import idle_under_bad_settings, logger, measure, traced
from chalicelib.functions.stages import Stages
from chalicelib.functions.wiring.approvals import watch as approval_watch
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.healing import healer, watch
from chalicelib.functions.wiring.healing import sweep as make_sweep
from chalicelib.functions.wiring.node_upkeep import (
    authority_upkeep,
    certificate_watch,
    collector,
    pairing_upkeep,
    request_upkeep,
)
from chalicelib.functions.wiring.sweeping import seal_watch

sweeps = Blueprint(__name__)

_TIMEOUT = timedelta(seconds=55)  # As .chalice/config.json says.
_MARGIN = timedelta(seconds=10)
_HEALING = timedelta(seconds=10)  # What is kept for what comes after the tasks.


@sweeps.schedule(Rate(1, unit=Rate.MINUTES))
@traced
@telling
@idle_under_bad_settings
def sweep(event: CloudWatchEvent) -> dict[str, int]:
    """Send again, rescue or end the open tasks that nobody looked at in time; heal what is told."""
    of = container()
    until = stop_at(event.context, of.clock, _TIMEOUT, _MARGIN)
    stages = Stages()
    nothing: dict[str, int] = dict.fromkeys([*SweepAction, "broken", OLDEST], 0)
    counts = dict(stages.made(lambda: make_sweep(of).run(until - _HEALING), nothing))
    counts["approvals"] = stages.made(lambda: approval_watch(of).run(until - _HEALING), 0)
    counts["heartbeats"] = stages.made(collector(of).run, 0)
    counts["pairings"] = stages.made(lambda: pairing_upkeep(of).run(until - _HEALING), 0)
    counts["node_requests"] = stages.made(lambda: request_upkeep(of).run(until - _HEALING), 0)
    counts["ending_certificates"] = stages.made(certificate_watch(of).run, 0)
    counts["authorities"] = stages.made(authority_upkeep(of).run, 0)
    counts["late_seals"] = stages.made(seal_watch(of).run, 0)
    counts["faults"] = stages.made(watch(of).run, 0)
    counts |= stages.made(lambda: healer(of).run(until), dict[str, int]())
    logger.info("swept", extra=counts)
    measure(
        {
            "SweptBroken": counts["broken"],
            "SweptFailed": counts["fail"],
            "LateSeals": counts["late_seals"],
            "OldestUnbegunSlotAgeSeconds": counts[OLDEST],
        }
    )
    stages.raise_first()
    return counts
