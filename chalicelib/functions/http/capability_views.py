"""The shapes of answers about capabilities and what nodes are asked to do."""

from typing import Annotated, Any, TypedDict

from pydantic import WithJsonSchema

from chalicelib.functions.http.node_views import Sha256
from chalicelib.functions.http.views import Instant
from chalicelib.nodes.capabilities.capability import Effect
from chalicelib.nodes.capabilities.invocations.request import RequestState

RequestStateName = Annotated[str, WithJsonSchema({"type": "string", "enum": [*RequestState]})]
EffectName = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Effect]})]


class NodeCapability(TypedDict):
    """Something that a node can do; it may where it is granted as it is declared now."""

    name: str
    description: str
    arguments: dict[str, Any]
    effect: EffectName
    idempotent: bool
    local_mediation: bool
    terms_sha256: Sha256
    granted: bool
    granted_at: Instant | None
    granted_by: str | None


class NodeCapabilities(TypedDict):
    """All that a node can do."""

    registered_at: Instant | None
    items: list[NodeCapability]


class NodeInvocation(TypedDict):
    """What a node is asked to do; `uncertain` is that it may have been done, and nobody knows."""

    id: str
    node: str
    capability: str
    arguments: dict[str, Any]
    state: RequestStateName
    reason: str | None
    output: dict[str, Any] | None
    uncertain: bool
    requested_by: str
    task_id: str | None
    dispatches: int
    created_at: Instant
    changed_at: Instant
    deadline: Instant | None


class NodePause(TypedDict):
    """In how many seconds a node asks for its requests again."""

    poll_after_seconds: int


class NodeRequest(TypedDict):
    """A request that a node can take."""

    id: str
    capability: str
    state: RequestStateName
    local_mediation: bool
    created_at: Instant
    take_by: Instant


class NodeRequests(NodePause):
    """What a node can take, oldest first."""

    items: list[NodeRequest]


class TakenRequest(TypedDict):
    """A request that was handed to a node: to be done, or for its person to be asked.

    `terms_sha256` is what was granted. The answer counts until `deadline`.
    """

    id: str
    capability: str
    arguments: dict[str, Any]
    terms_sha256: Sha256
    state: RequestStateName
    idempotency_key: str
    dispatches: int
    timeout_seconds: int
    deadline: Instant


class AnsweredRequest(TypedDict):
    """Where a request stands that a node answered."""

    id: str
    state: RequestStateName
