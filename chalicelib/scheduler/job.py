"""Jobs: what an operator wants done, and when.

A job is two items. The hot row is what ticks and workers compare and set; it stays small. The
definition is what a run reads once: name, prompt and tools.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.schedules import Schedule

KIND = "firing"
LANE = "normal"


class JobState(StrEnum):
    """Whether a job's slots fire."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a job does."""

    name: str
    prompt: str
    tools: Sequence[str]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job as the due index shows it: all of one read, so that schedule and version match.

    Attributes:
        slot: the first slot that was not handed over yet.
        schedule: the stored text, read when it is needed: one that cannot be read is one job's
            trouble, not the tick's.
    """

    pk: str
    slot: datetime
    ver: int
    schedule: str
    lane: str
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hot:
    """A job's hot row.

    Attributes:
        since: instant of the last edit or resume; no slot at or before it fires.
        active: sort key of the row that holds the job's lock, or empty.
        active_token: the token under which it took the lock.
    """

    state: JobState
    ver: int
    since: datetime
    schedule: str
    next: datetime | None
    active: str
    active_token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as operators see it.

    Attributes:
        schedule: None where this version cannot read what is stored.
    """

    id: str
    definition: Definition
    state: JobState
    schedule: Schedule | None
    next: datetime | None
