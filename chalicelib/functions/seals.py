"""The sealer: what EventBridge calls every five minutes to vouch for the journal.

It is a function of its own, since it alone may sign, and may delete from the journal's table what
it has moved to S3. That comes after the seal, and whatever becomes of it, the seal stands.
"""

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.errors import Unavailable
from chalicelib.functions.failures import telling
from chalicelib.functions.observability import idle_under_bad_settings, logger, measure, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.seals import mover, sealer

seals = Blueprint(__name__)


@seals.schedule(Rate(5, unit=Rate.MINUTES))
@traced
@telling
@idle_under_bad_settings
def journal_seal(_event: CloudWatchEvent) -> dict[str, int]:
    """Put the next seal, whether anything happened since the last one or not; move what is old."""
    counts = sealer(container()).run()
    logger.info("sealed", extra=counts)
    moved = _moved()
    measure(
        {
            "JournalFaults": counts["broken"] + moved["broken"],
            "JournalMoveFailed": moved["failed"],
        }
    )
    return counts | {"moved": moved["events"], "deleted": moved["deleted"]}


def _moved() -> dict[str, int]:
    try:
        counts = mover(container()).run() | {"failed": 0}
    except Unavailable as error:
        logger.warning("what is old was not moved", extra={"reason": error.detail})
        return {"segments": 0, "events": 0, "deleted": 0, "broken": 0, "failed": 1}
    if counts["segments"] or counts["deleted"] or counts["broken"]:
        logger.info("moved", extra=counts)
    return counts
