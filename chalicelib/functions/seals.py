"""The sealer: what EventBridge calls every five minutes to vouch for the journal.

It is a function of its own, since it alone may sign.
"""

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.functions.observability import idle_under_bad_settings, logger, measure, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.seals import sealer

seals = Blueprint(__name__)


@seals.schedule(Rate(5, unit=Rate.MINUTES))
@traced
@idle_under_bad_settings
def journal_seal(_event: CloudWatchEvent) -> dict[str, int]:
    """Put the next seal, whether anything happened since the last one or not."""
    counts = sealer(container()).run()
    logger.info("sealed", extra=counts)
    measure({"JournalFaults": counts["broken"]})
    return counts
