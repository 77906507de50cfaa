"""Reasons: why a slot did not run; all that a ledger knows."""

from enum import StrEnum

from chalicelib.background.gate import gate


class Reason(StrEnum):
    """What a ledger row says beside its outcome."""

    # Judged by a worker.
    GONE = "the job is gone"
    PAUSED = "the job is paused"
    DELETED = "the job was deleted"
    CHANGED = "the job was changed after this slot"
    NO_SLOT = "the job's schedule no longer has this slot"
    OVERLAP = "overlap"
    NEWER_RUNNING = "newer running"
    ANOTHER_WAITS = "another slot waits already"
    REPLACED = "replaced"
    MAKES_WAY = "asked to make way for a newer slot"
    FAILURES = "the job failed too often in a row"
    MAX_RUNS = "the job has made all its runs"
    # Planned by a tick.
    MISSED = "missed"
    COLLAPSED = "collapsed into the newest missed slot"
    REVIEW = "missed too long ago to catch up: an operator decides"
    GATE = gate.REASON
    # Closed with an operator's write, or by the job itself.
    WAS_PAUSED = "the job was paused"
    EDITED = "the job was edited"
