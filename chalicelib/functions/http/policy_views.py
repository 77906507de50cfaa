"""The shapes of answers about policies, and how they decide."""

from typing import Annotated, TypedDict

from pydantic import WithJsonSchema

from chalicelib.functions.http.views import Instant
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Role

PolicyReason = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Reason]})]
PolicyEffect = Annotated[str, WithJsonSchema({"type": "string", "enum": ["permit", "forbid"]})]
PolicyAction = Annotated[str, WithJsonSchema({"type": "string", "enum": ["dispatch", "invoke"]})]
PolicyRole = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Role]})]


class PolicyVersion(TypedDict):
    """Policies as an operator wrote them, at a glance; a version never changes."""

    version: int
    note: str
    author: str
    created_at: Instant
    sha256: str
    bytes: int


class PolicyVersionDetail(PolicyVersion):
    """Policies as an operator wrote them."""

    text: str


class ActivePolicies(TypedDict):
    """What decides: the defaults, and an operator's version where it is not 0.

    `number` is raised by each activation; `policy_set` is what decisions name the whole by.
    """

    version: int
    number: int
    previous: int | None
    activated_at: Instant | None
    activated_by: str | None
    policy_set: str
    text: str
    defaults: str


class PolicySummary(TypedDict):
    """A policy at a glance, and the line that it begins in."""

    id: str
    effect: PolicyEffect
    line: int
    hint: str | None


class PolicyDraft(TypedDict):
    """What is in a draft that could be kept."""

    policies: list[PolicySummary]


class PolicyDecision(TypedDict):
    """An answer of the policies: why, as a code, and which of them gave it."""

    allowed: bool
    reason: PolicyReason
    policies: list[str]


class PolicyChange(TypedDict):
    """A dispatch, or a call of a tool, that would be decided otherwise."""

    at: Instant
    task_id: str
    action: PolicyAction
    tool: str | None
    before: PolicyDecision
    after: PolicyDecision


class PolicyAccessChange(TypedDict):
    """An operation of the API that a role could do, or could do no more."""

    role: PolicyRole
    action: str
    before: PolicyDecision
    after: PolicyDecision


class PolicyDryRun(TypedDict):
    """What would be decided otherwise; the first 100 of `differing` are shown."""

    policy_set: str
    compared_with: str
    looked_at: int
    differing: int
    changed: list[PolicyChange]
    access: list[PolicyAccessChange]


class DecidingPolicy(TypedDict):
    """A policy that a decision is owed to."""

    id: str
    effect: PolicyEffect
    hint: str | None


class PolicyExplanation(TypedDict):
    """A decision; each of `missing` alone would have allowed it."""

    allowed: bool
    reason: PolicyReason
    told: str
    missing: list[str]
    version: int
    policy_set: str
    policies: list[DecidingPolicy]
