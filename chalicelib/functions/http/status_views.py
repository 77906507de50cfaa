"""The shapes of answers about the stage: how it is, what it is paused and set to."""

from typing import Annotated, Literal, TypedDict

from pydantic import WithJsonSchema

from chalicelib.functions.http.views import Instant

Source = Annotated[
    str, WithJsonSchema({"type": "string", "enum": ["default", "palyra.toml", "environment"]})
]


class Gate(TypedDict):
    """Whether everything is paused: by the owner, or for everybody."""

    paused: bool
    since: Instant | None
    by: str | None
    reason: str | None
    owner: bool
    everything: bool


class TickCounts(TypedDict):
    """What a tick counted: jobs, or slots where it says `handed` or `missed`.

    `reviews` are ranges of slots that began to wait for an operator, and `disabled` the jobs of
    those `failed` that were paused for it. `gated` jobs were due while everything is paused.
    """

    due: int
    gated: int
    handed: int
    missed: int
    reviews: int
    failed: int
    disabled: int
    oldest_due_seconds: int


class SchedulerHealth(TypedDict):
    """When the scheduler last ran, what it counted then, and what it has to hand over.

    All of it is of the whole stage.
    """

    last_tick: Instant | None
    last_counts: TickCounts | None
    oldest_due_slot: Instant | None
    next_slot: Instant | None


class Depths(TypedDict):
    """About how many messages a lane has."""

    waiting: int
    delayed: int
    in_flight: int


class BackgroundHealth(TypedDict):
    """What the lanes hold, and how many runs are under way."""

    lanes: dict[str, Depths]
    active_runs: int


class Status(TypedDict):
    """Whether all is well; `reasons` says why not."""

    status: Literal["ok", "degraded"]
    reasons: list[str]
    stage: str
    version: str
    time: Instant
    gate: Gate
    self_healing_active_incidents: int
    self_healing_resolved_incidents: int
    self_healing_heartbeat_count: int
    last_sweep: Instant | None
    scheduler: SchedulerHealth
    background: BackgroundHealth


class Setting(TypedDict):
    """A setting as it is in effect; the value of a secret is masked."""

    key: str
    variable: str
    value: str | int | bool | None
    default: str | int | bool | None
    source: Source
    secret: bool
    range: str
    help: str


class Health(TypedDict):
    """The function runs, and its settings are valid."""

    status: Literal["ok"]


class ApiName(TypedDict):
    """The name of the API, and where to go on."""

    name: str
    stage: str
    links: dict[str, str]
