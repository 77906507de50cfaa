"""The shapes of answers about tasks and their signs of life."""

from typing import Annotated, Any, NotRequired, TypedDict

from pydantic import WithJsonSchema

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.task import Lane, Outcome, State
from chalicelib.functions.http.views import Instant

TASK_STATES = (*State, "cancel_requested")
_ATTEMPT_STATES = (*State, "lost")
TaskState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*TASK_STATES]})]
AttemptState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*_ATTEMPT_STATES]})]


class Attempt(TypedDict):
    """An attempt at a task; `lost` where its worker died without a word."""

    number: int
    started_at: Instant | None
    ended_at: Instant | None
    state: AttemptState
    reason: str | None


class CancelRequest(TypedDict):
    """When somebody asked a task to stop, and why."""

    requested_at: Instant
    reason: str


class Task(TypedDict):
    """One unit of durable work; `outcome` is of a firing's slot."""

    id: str
    kind: str
    state: TaskState
    outcome: NotRequired[Outcome]
    reason: str | None
    lane: Lane
    priority: int
    created_at: Instant | None
    not_before: Instant | None
    expires_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    max_attempts: int
    attempts: list[Attempt]
    hops: int
    depth: int
    parent: str | None
    group: str | None
    serial: bool | None
    children: int
    payload: Any
    run_id: str | None
    cancel: CancelRequest | None
    links: dict[str, str]


class Heartbeat(TypedDict):
    """The last sign of life of a piece of work."""

    kind: WorkHeartbeatKind
    object_id: str
    key: str
    summary: str
    updated_at: Instant
    age_seconds: int
    task: str | None
