"""What healing does about one incident: the rule."""

from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.healing.modes import Mode
from chalicelib.incidents.incident import FLAPPING, RuntimeIncidentRecord
from chalicelib.incidents.kind import IncidentKind

MOST_TRIES = 3
_FIRST_PAUSE = timedelta(minutes=2)


class Cause(StrEnum):
    """What is known of a fault's cause."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """What is done about an incident."""

    NOTHING = "nothing"
    RESOLVE = "resolve"
    REMEDY = "remedy"
    SKIP = "skip"
    ESCALATE = "escalate"


def decide(
    record: RuntimeIncidentRecord, kind: IncidentKind, mode: Mode, cause: Cause, now: datetime
) -> Step:
    """Return the next step.

    What flaps, or was tried in vain, is remedied no more; it can still be over, once it was quiet
    for as long as flapping is judged by. A remedy is tried again after longer and longer pauses.
    """
    if mode is Mode.DISABLED or cause is Cause.UNKNOWN:
        return Step.NOTHING
    if cause is Cause.GONE:
        return Step.RESOLVE if _was_quiet(record, kind, now) else Step.NOTHING
    if not kind.remediation.may_run_alone or record.is_escalated:
        return Step.NOTHING
    if mode is Mode.OBSERVE_ONLY:
        return Step.NOTHING if record.tries else Step.SKIP
    return _try(record, now)


def _try(record: RuntimeIncidentRecord, now: datetime) -> Step:
    if record.tried_at and now - record.tried_at < _FIRST_PAUSE * 2 ** max(record.tries - 1, 0):
        return Step.NOTHING
    return Step.ESCALATE if record.tries >= MOST_TRIES else Step.REMEDY


def _was_quiet(record: RuntimeIncidentRecord, kind: IncidentKind, now: datetime) -> bool:
    quiet = max(kind.quiet, FLAPPING) if record.is_escalated else kind.quiet
    # Who saw it may have had a clock that is ahead: what need not be quiet does not wait for that.
    return not quiet or now - record.last_seen >= quiet
