"""Jobs: what an operator wants done, and when.

A job is two items. The hot row is what ticks and workers compare and set; it stays small. The
definition is what a run reads once: name, prompt and tools.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.task import Task
from chalicelib.schedules import InvalidSchedule, Schedule, read_schedule

KIND = "firing"
LANE = "normal"


class JobState(StrEnum):
    """Whether a job's slots fire."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a job does.

    Attributes:
        ver: the version of the job that this belongs to.
        updated_at: instant of the last operator's write, at first of its making.
        updated_by: who made that write.
    """

    name: str
    prompt: str
    tools: Sequence[str]
    created_at: datetime
    created_by: str
    ver: int
    updated_at: datetime
    updated_by: str


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
        op: id of the last operator's write, or empty before the first.
    """

    state: JobState
    ver: int
    since: datetime
    schedule: str
    next: datetime | None
    lane: str
    max_attempts: int
    active: str
    active_token: int
    op: str = ""


class Seen(NamedTuple):
    """Both rows of a job, as they were read or are to be.

    Attributes:
        pk: their partition.
    """

    pk: str
    hot: Hot
    definition: Definition

    @property
    def due(self) -> Due | None:
        """Return it as the due index shows it, or None where it is not in it."""
        hot = self.hot
        if hot.state is not JobState.ENABLED or hot.next is None:
            return None
        return Due(
            pk=self.pk,
            slot=hot.next,
            ver=hot.ver,
            schedule=hot.schedule,
            lane=hot.lane,
            max_attempts=hot.max_attempts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as operators see it.

    Attributes:
        ver: raised by each operator's write.
        schedule: None where this version cannot read what is stored.
        next: the first slot that was not handed over yet; None where there is none.
    """

    id: str
    definition: Definition
    state: JobState
    ver: int
    schedule: Schedule | None
    next: datetime | None

    def awaits(self, now: datetime) -> datetime | None:
        """Return the slot that fires next, or None where none does.

        Slots are handed over ahead of their time, so what fires next has usually left `next`
        behind; but one that has passed and was not handed over is late.
        """
        if self.state is not JobState.ENABLED or self.schedule is None:
            return None
        if self.next is not None and self.next <= now:
            return self.next
        return self.schedule.next_after(now)

    @property
    def updated_at(self) -> datetime:
        """Return the instant of the last operator's write."""
        return self.definition.updated_at

    @property
    def updated_by(self) -> str:
        """Return who made the last operator's write."""
        return self.definition.updated_by


class Draft(NamedTuple):
    """A job that is to be made."""

    name: str
    schedule: Schedule
    prompt: str
    tools: Sequence[str]


class Change(NamedTuple):
    """What an edit makes different; None for what stays as it is."""

    name: str | None = None
    schedule: Schedule | None = None
    prompt: str | None = None
    tools: Sequence[str] | None = None


class MadeJob(NamedTuple):
    """A job, and whether it was made by this call."""

    job: Job
    is_new: bool


class MadeFiring(NamedTuple):
    """A slot's task, and whether it was made by this call."""

    task: Task
    is_new: bool


def readable(text: str) -> Schedule | None:
    """Return a stored schedule, or None where this version cannot read it."""
    try:
        return read_schedule(text)
    except InvalidSchedule:
        return None
