"""The shapes of answers about approvals."""

from typing import Annotated, TypedDict

from pydantic import WithJsonSchema

from chalicelib.approvals import prompt
from chalicelib.functions.http.views import Instant

ApprovalKind = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Kind]})]
ApprovalState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.State]})]
ApprovalRisk = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Risk]})]
ApprovalScope = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Scope]})]
ApprovalCode = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Code]})]


class Approval(TypedDict):
    """What somebody is asked to approve, and what became of it.

    `subject` is the task that waits, which ends denied at `expires_at` unless this is approved
    before. `arguments_sha256` is of the exact arguments that are approved, and `scopes` are what an
    approval can be good for. `text` and `reason` are null where they were erased or never said.
    """

    id: str
    kind: ApprovalKind
    state: ApprovalState
    action: str
    title: str
    text: str | None
    risk: ApprovalRisk
    subject: str
    job_id: str | None
    run_id: str
    arguments_sha256: str | None
    asked_by: list[str]
    policies: list[str]
    policy_set: str
    scopes: list[ApprovalScope]
    asked_at: Instant
    expires_at: Instant
    decided_at: Instant | None
    decided_by: str | None
    scope: ApprovalScope | None
    reason: str | None
    code: ApprovalCode | None
    links: dict[str, str]
