"""Jobs: what an operator wants done, and when.

A job is two items. The hot row is what ticks and workers compare and set; it stays small. The
definition is what a run reads once: name, prompt and tools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.background.task import Task
from chalicelib.scheduler.terms import CronMisfirePolicy, Terms
from chalicelib.schedules import InvalidSchedule, Schedule, read_schedule

KIND = "firing"
LANE = "normal"


class JobState(StrEnum):
    """Whether a job's slots fire."""

    ENABLED = "enabled"
    PAUSED = "paused"
    COMPLETED = "completed"
    DELETED = "deleted"


class CronConcurrencyPolicy(StrEnum):
    """What becomes of a slot that is due while another one of its job is live."""

    FORBID = "forbid"
    REPLACE = "replace"
    QUEUE_ONE = "queue_one"


class Hold(StrEnum):
    """Why a job is paused."""

    OPERATOR = "operator"
    FAILURES = "failures"
    UNREADABLE = "unreadable"


class Review(NamedTuple):
    """Slots that were missed too long ago to catch up: an operator decides about them.

    Attributes:
        first: the first of them.
        last: the last of them; other slots, which have rows of their own, may lie between.
    """

    first: datetime
    last: datetime

    def joined(self, other: "Review | None") -> "Review":
        """Return what is to be decided together with another one."""
        if other is None:
            return self
        return Review(min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What has come of a job so far, as far as its slots depend on it.

    Attributes:
        runs: how many slots have run; one that an operator retried ran again.
        failures: how many runs in a row have failed by now.
        hold: why it is paused; None while it is not.
        until: when a paused job resumes by itself, or None for never.
        review: missed slots that an operator must decide about, or None.
    """

    runs: int = 0
    failures: int = 0
    hold: Hold | None = None
    until: datetime | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a job does.

    Attributes:
        ver: the version of the job that this belongs to.
        updated_at: instant of the last operator's write, at first of its making.
        updated_by: who made that write.
        schedule_kind: `cron`, `every` or `at`, for policies; empty in rows that do not say it.
    """

    name: str
    prompt: str
    tools: Sequence[str]
    created_at: datetime
    created_by: str
    ver: int
    updated_at: datetime
    updated_by: str
    concurrency: CronConcurrencyPolicy = CronConcurrencyPolicy.FORBID
    schedule_kind: str = ""


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
    misfire: CronMisfirePolicy = CronMisfirePolicy.SKIP
    jitter: timedelta = timedelta()

    @property
    def owner(self) -> str:
        """Return the workspace that the job belongs to."""
        return self.pk.partition("#")[0]


class Waking(NamedTuple):
    """A paused job, as the due index shows it when it resumes by itself.

    Attributes:
        at: the instant.
        ver: the version that it was paused by.
    """

    pk: str
    at: datetime
    ver: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hot:
    """A job's hot row.

    Attributes:
        since: instant of the last edit or resume; no slot at or before it fires.
        active: sort key of the row that holds the job's lock, or empty.
        active_token: the token under which it took the lock; 0 where it was handed over to it.
        pending: sort key of the row that waits for the lock, or empty.
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
    pending: str = ""
    terms: Terms = field(default_factory=Terms)
    standing: Standing = field(default_factory=Standing)

    @property
    def is_exhausted(self) -> bool:
        """Return whether the job has made all the runs that it may make."""
        return self.terms.max_runs is not None and self.standing.runs >= self.terms.max_runs

    @property
    def has_failed_too_often(self) -> bool:
        """Return whether so many runs failed in a row that the job is to be paused."""
        most = self.terms.pause_after
        return most is not None and self.standing.failures >= most


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
            misfire=hot.terms.misfire,
            jitter=hot.terms.jitter,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as operators see it.

    Attributes:
        ver: raised by each operator's write.
        schedule: None where this version cannot read what is stored.
        next: the first slot that was not handed over yet; None where there is none.
        active: id of the task that holds the job's lock, or empty; `waiting` of the one that waits
            for it. Either may have ended: who shows them asks.
    """

    id: str
    definition: Definition
    state: JobState
    ver: int
    schedule: Schedule | None
    next: datetime | None
    terms: Terms = field(default_factory=Terms)
    standing: Standing = field(default_factory=Standing)
    active: str = ""
    waiting: str = ""

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
    """A job that is to be made.

    Attributes:
        terms: those of its terms that are not the default, by the names of their fields.
    """

    name: str
    schedule: Schedule
    prompt: str
    tools: Sequence[str]
    concurrency: CronConcurrencyPolicy = CronConcurrencyPolicy.FORBID
    terms: Mapping[str, Any] | None = None


class Change(NamedTuple):
    """What an edit makes different; None for what stays as it is.

    Attributes:
        terms: those of the terms that become different, by the names of their fields.
    """

    name: str | None = None
    schedule: Schedule | None = None
    prompt: str | None = None
    tools: Sequence[str] | None = None
    concurrency: CronConcurrencyPolicy | None = None
    terms: Mapping[str, Any] | None = None


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
