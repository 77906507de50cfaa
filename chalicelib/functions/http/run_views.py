"""The shapes of answers about runs and their steps."""

from typing import Annotated, Any, Literal, TypedDict

from pydantic import WithJsonSchema

from chalicelib.background.task import State
from chalicelib.functions.http.views import Instant

RunState = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": [s for s in State if s.is_terminal] + ["running"]}),
]


class Run(TypedDict):
    """What a firing or task did, at a glance."""

    id: str
    job_id: str | None
    task_id: str
    slot: Instant | None
    state: RunState
    reason: str | None
    provider: str
    started_at: Instant
    ended_at: Instant | None


class AnswerStep(TypedDict):
    """The model answered, and the run is over."""

    seq: int
    at: Instant
    link: str
    kind: Literal["model"]
    answer: str


class CallStep(TypedDict):
    """The model asked for a tool."""

    seq: int
    at: Instant
    link: str
    kind: Literal["model"]
    tool: str
    arguments: dict[str, Any]


class ResultStep(TypedDict):
    """A tool answered, or was refused."""

    seq: int
    at: Instant
    link: str
    kind: Literal["tool"]
    tool: str
    ok: bool
    content: dict[str, Any]


type Step = AnswerStep | CallStep | ResultStep


class RunDetail(Run):
    """A run with its steps; each one's `link` holds the chain together."""

    policies: list[str]
    policy_set: str
    prompt: str
    steps: list[Step]
    result: str | None
