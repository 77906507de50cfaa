"""WorkHeartbeat: a sign of life of one piece of work.

For work that has a lease it is evidence only: the lease decides who lives. For work that has none,
approvals and channel workers, it is all there is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.redaction import redact_text

SUMMARY_CHARACTERS = 200
# How long what has no lease may be silent before it counts as gone.
SILENCE = timedelta(minutes=10)
_CUT = "…"


class WorkHeartbeatKind(StrEnum):
    """What kind of work beats."""

    BACKGROUND_TASK = "background_task"
    RUN = "run"
    APPROVAL = "approval"
    CHANNEL_WORKER = "channel_worker"


class HeartbeatKey(NamedTuple):
    """Which piece of work a heartbeat is of."""

    owner: str
    kind: WorkHeartbeatKind
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkHeartbeatUpdate:
    """What a worker reports: it is working on this.

    Attributes:
        summary: what it is doing; redacted, and cut to 200 characters.
        token: the one it holds the work under; 0 for work that nobody can take away.
        may_sleep: whether silence is none of anybody's concern, as that of a laptop.
    """

    owner: str
    kind: WorkHeartbeatKind
    object_id: str
    summary: str = ""
    token: int = 0
    may_sleep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkHeartbeatRecord:
    """The last sign of life of a piece of work.

    Attributes:
        summary: what its worker was doing, in at most 200 characters.
        token: the one that its worker held it under.
    """

    owner: str
    kind: WorkHeartbeatKind
    object_id: str
    summary: str
    updated_at: datetime
    token: int

    @property
    def heartbeat_key(self) -> str:
        """Return what it is of, as `kind:object_id`."""
        return f"{self.kind}:{self.object_id}"


def beat(update: WorkHeartbeatUpdate, now: datetime) -> WorkHeartbeatRecord:
    """Return the record that an update makes."""
    return WorkHeartbeatRecord(
        owner=update.owner,
        kind=update.kind,
        object_id=update.object_id,
        summary=_cut(update.summary),
        updated_at=now,
        token=update.token,
    )


def is_stale(record: WorkHeartbeatRecord, now: datetime, after: timedelta) -> bool:
    """Return whether work has been silent for longer than a time."""
    return now - record.updated_at > after


def _cut(summary: str) -> str:
    # A lone surrogate, as from a broken file name, cannot be written as UTF-8.
    whole = redact_text(summary.encode("utf-8", "backslashreplace").decode())
    if len(whole) <= SUMMARY_CHARACTERS:
        return whole
    return whole[: SUMMARY_CHARACTERS - len(_CUT)] + _CUT
