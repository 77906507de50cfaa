"""The shapes of answers about incidents, and what is done about them."""

from typing import TypedDict

from chalicelib.functions.http.views import Instant
from chalicelib.healing.decision import Cause
from chalicelib.healing.modes import Mode
from chalicelib.incidents.attempt import AttemptStatus
from chalicelib.incidents.incident import Change, IncidentState
from chalicelib.incidents.kind import BlastRadius, IncidentDomain, IncidentSeverity, Risk


class Remediation(TypedDict):
    """What can be done about a sort of fault; `by_hand` where nothing runs it."""

    id: str
    label: str
    risk_level: Risk
    blast_radius: BlastRadius
    requires_approval: bool
    auto_executable: bool
    by_hand: bool


class Incident(TypedDict):
    """A fault that somebody should know of, however often it was seen.

    `kind` is one of docs/operations.md, `subject` the id of what the fault is in. One of the stage
    itself belongs to the owner `system`. `meaning`, `system` and `operator` say what is wrong, what
    Palyra does about it, and what is left to do; null, as `remediation`, for a kind that this
    version does not know.
    """

    id: str
    owner: str
    kind: str
    domain: IncidentDomain
    severity: IncidentSeverity
    state: IncidentState
    summary: str
    subject: str
    first_seen: Instant
    last_seen: Instant
    opened_at: Instant
    resolved_at: Instant | None
    count: int
    reopened: int
    escalated: bool
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    version: int
    dedupe_key: str
    detail: str
    evidence: dict[str, str]
    related: list[str]
    meaning: str | None
    system: str | None
    operator: str | None
    remediation: Remediation | None


class IncidentEntry(TypedDict):
    """Something became of an incident; `by` names the operator where there was one."""

    at: Instant
    change: Change
    state: IncidentState
    severity: IncidentSeverity
    count: int
    reason: str
    by: str | None


class RemediationAttempt(TypedDict):
    """Something was done about an incident, or would have been.

    `by` is an operator, `system:healing` in the mode `auto`, or `system:sweep` for what the sweep
    does in every mode.
    """

    id: str
    remediation: str
    by: str
    status: AttemptStatus
    detail: str
    recorded_at: Instant
    ended_at: Instant | None


class IncidentDetail(Incident):
    """An incident with its history and the attempts at it, the latest first."""

    history: list[IncidentEntry]
    attempts: list[RemediationAttempt]


class RemediationPlan(TypedDict):
    """What a remedy would do now; `refusal` says why it cannot be run, or is null.

    `mode` is what healing does about this kind by itself, `cause` what is known of it now.
    """

    incident_id: str
    version: int
    remediation: Remediation | None
    mode: Mode | None
    cause: Cause
    refusal: str | None


class Remediated(TypedDict):
    """What came of a remedy, and the incident as it is then."""

    attempt: RemediationAttempt
    incident: Incident
