"""The shapes of answers about jobs, routines and what became of their slots."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import WithJsonSchema

from chalicelib.background.task import Origin, Outcome, State
from chalicelib.functions.http.views import Instant
from chalicelib.scheduler.job import CronConcurrencyPolicy, Hold, JobState
from chalicelib.scheduler.snapshot import JobHealth
from chalicelib.scheduler.terms import CronMisfirePolicy

Schedule = Annotated[
    dict[str, str],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [
                {"every": "60s"},
                {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"},
                {"at": "2026-11-22T13:00:00Z", "timezone": "Europe/Berlin"},
            ],
        }
    ),
]


class SlotRange(TypedDict):
    """Slots from a first to a last one."""

    first: Instant
    last: Instant


class PreviewedSlot(TypedDict):
    """A slot to come, in UTC and as the clocks of its job show it."""

    slot: Instant
    local: Instant
    note: str | None


class Preview(TypedDict):
    """When a job fires next; it has no slots while it does not fire."""

    timezone: str | None
    slots: list[PreviewedSlot]


class JobTerms(TypedDict):
    """How the slots of a job are run."""

    misfire: CronMisfirePolicy
    jitter_seconds: int
    max_attempts: int
    backoff_seconds: int | None
    backoff_cap_seconds: int | None
    backoff_jitter_percent: int | None
    max_runs: int | None
    pause_after_failures: int | None


class Job(JobTerms):
    """What is to be done, and when.

    `next_slot` is the slot that fires next; one that has passed is late. `active` is the task of
    the slot that is live and holds the job's lock, and `waiting` that of the slot that waits for
    its end.
    """

    id: str
    name: str
    schedule: Schedule | None
    explanation: str
    prompt: str
    tools: list[str]
    concurrency: CronConcurrencyPolicy
    state: JobState
    paused_for: Hold | None
    paused_until: Instant | None
    runs: int
    failures: int
    review_required: SlotRange | None
    version: int
    next_slot: Instant | None
    active: str | None
    waiting: str | None
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str


class Trigger(TypedDict):
    """What makes a routine run; its schedule is null where this version cannot read it."""

    type: Literal["schedule"]
    schedule: Schedule | None


class Routine(Job):
    """What is to be done, and what makes it run; a job is a routine with a schedule."""

    trigger: Trigger


class JobSnapshot(TypedDict):
    """How a job is doing; `reasons` says why it is not `healthy`.

    `due` slots have come and have not begun, and `oldest_unfired_slot` is the first of them.
    `missed` counts those since `counted_since` that nobody handed over in time.
    """

    state: JobState
    health: JobHealth
    reasons: list[str]
    due: int
    oldest_unfired_slot: Instant | None
    active: str | None
    waiting: str | None
    missed: int
    counted_since: Instant
    review_required: SlotRange | None
    failures: int
    paused_with_everything: bool


class Firing(TypedDict):
    """What became of a slot of a job; of all slots up to `last`, where it says so.

    `slots` is how many these are, or at least are where `slots_exact` is false; it is missing where
    the job's schedule may have been another one then.
    """

    slot: Instant
    outcome: Outcome
    task_id: str
    last: NotRequired[Instant]
    slots: NotRequired[int]
    slots_exact: NotRequired[bool]
    reason: NotRequired[str]
    origin: NotRequired[Origin]
    stands_for: NotRequired[Instant]
    requested_by: NotRequired[str]
    run_id: NotRequired[str]
    state: NotRequired[State]
    attempt: NotRequired[int]


class MadeUp(TypedDict):
    """The firings that make up for slots of the past; `continue_from` where there are more."""

    firings: list[Firing]
    continue_from: Instant | None
