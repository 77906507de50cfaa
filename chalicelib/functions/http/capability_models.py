"""The shapes of requests about capabilities: those of operators, and those of nodes."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.functions.http.fields import characters, refusal, storable, within
from chalicelib.functions.http.node_models import NodeSays
from chalicelib.nodes.capabilities.capability import MOST, NAME, NAME_FIX
from chalicelib.nodes.capabilities.invocations.request import (
    DEFAULT_ANSWER,
    DEFAULT_WAIT,
    LEAST_ANSWER,
    LEAST_WAIT,
    MOST_ANSWER,
    MOST_WAIT,
)

_DESCRIPTION, _SUMMARY, _ERROR = 500, 200, 2_000
_CLAIM = re.compile(r"[A-Za-z0-9_-]{16,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _whole(of: timedelta) -> int:
    return int(of.total_seconds())


def _capability(value: str) -> str:
    if not NAME.fullmatch(value):
        raise refusal("it is not the name of a capability", NAME_FIX)
    return value


def _claim(value: str) -> str:
    if not _CLAIM.fullmatch(value):
        raise refusal("it is not a claim", "make up 16 to 64 characters of A-Z a-z 0-9 _ and -")
    return value


def _terms(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise refusal("it is no SHA-256", "send the terms_sha256 that the list shows")
    return value


def _few(value: list[Any]) -> list[Any]:
    if len(value) > MOST:
        raise refusal(f"it has {len(value)} items", f"use at most {MOST}")
    return value


CapabilityName = Annotated[
    str,
    AfterValidator(_capability),
    Field(examples=["camera.take"], json_schema_extra={"pattern": f"^{NAME.pattern}$"}),
]
Document = Annotated[dict[str, Any], AfterValidator(storable)]
Claim = Annotated[
    str,
    AfterValidator(_claim),
    Field(
        description="What the node makes up when it takes a request, and says whenever it answers.",
        json_schema_extra={"pattern": f"^{_CLAIM.pattern}$"},
    ),
]


class DeclaredCapability(BaseModel):
    """Something that a node can do."""

    model_config = ConfigDict(extra="forbid")

    name: CapabilityName
    description: Annotated[str, characters(_DESCRIPTION)]
    arguments: Annotated[
        Document,
        Field(
            description="JSON Schema of an object, of the keywords that docs/capabilities.md names."
        ),
    ]
    effect: Literal["read", "write"]
    idempotent: Annotated[
        bool, Field(description="Doing it twice is as good as once: it may be asked for again.")
    ]
    local_mediation: Annotated[
        bool, Field(description="The person at the node has to agree each time.")
    ] = False


class NodeRegistration(NodeSays):
    """All that a node can do."""

    capabilities: Annotated[
        list[DeclaredCapability],
        AfterValidator(_few),
        Field(json_schema_extra={"maxItems": MOST}),
    ]


class NodeHeartbeat(NodeSays):
    """That a node is there, and what it is doing."""

    summary: Annotated[str, characters(_SUMMARY)] = "polling"


class NodeClaim(NodeSays):
    """Which claim a node takes a request under."""

    claim: Claim


class NodeMediation(NodeClaim):
    """What the person at a node decided."""

    agreed: bool


class NodeResult(NodeClaim):
    """What came of a request."""

    state: Literal["succeeded", "failed"]
    output: Annotated[Document | None, Field(description="Of a success: what was found.")] = None
    error: Annotated[
        Annotated[str, characters(_ERROR)] | None,
        Field(description="Of a failure: why; 240 characters of it are kept."),
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.state == "succeeded" and self.error is not None:
            raise refusal("a success has an error", "leave error out, or send the state failed")
        if self.state == "failed" and (self.error is None or self.output is not None):
            raise refusal("a failure says why, and nothing else", "send error, and no output")
        return self


class CapabilityGrant(BaseModel):
    """What exactly is granted."""

    model_config = ConfigDict(extra="forbid")

    terms_sha256: Annotated[
        Annotated[str, AfterValidator(_terms)] | None,
        Field(description="As the list shows it: nothing is granted that was declared since."),
    ] = None


class Invocation(BaseModel):
    """What a node is asked to do."""

    model_config = ConfigDict(extra="forbid")

    capability: CapabilityName
    arguments: Document = {}
    wait_seconds: Annotated[
        int,
        AfterValidator(within(_whole(LEAST_WAIT), _whole(MOST_WAIT))),
        Field(
            description="Until the node has taken it, and the person at it agreed.",
            json_schema_extra={"minimum": _whole(LEAST_WAIT), "maximum": _whole(MOST_WAIT)},
        ),
    ] = _whole(DEFAULT_WAIT)
    timeout_seconds: Annotated[
        int,
        AfterValidator(within(_whole(LEAST_ANSWER), _whole(MOST_ANSWER))),
        Field(
            description="From there until it has answered.",
            json_schema_extra={"minimum": _whole(LEAST_ANSWER), "maximum": _whole(MOST_ANSWER)},
        ),
    ] = _whole(DEFAULT_ANSWER)
