"""What operators see of incidents."""

from datetime import datetime

from chalicelib.clock import rfc3339
from chalicelib.functions.http import incident_views
from chalicelib.healing.service import Detail, RemedyPlan
from chalicelib.incidents.attempt import RuntimeRemediationAttemptRecord
from chalicelib.incidents.incident import RuntimeIncidentHistoryEntry, RuntimeIncidentRecord
from chalicelib.incidents.kind import RuntimeRemediationDescriptor


def incident(of: RuntimeIncidentRecord) -> incident_views.Incident:
    """Return an incident, with what its kind says."""
    kind = of.known
    return {
        "id": of.id,
        "owner": of.owner,
        "kind": of.kind,
        "domain": of.domain,
        "severity": of.severity,
        "state": of.state,
        "summary": of.summary,
        "subject": of.subject,
        "first_seen": rfc3339(of.first_seen),
        "last_seen": rfc3339(of.last_seen),
        "opened_at": rfc3339(of.opened_at),
        "resolved_at": _instant(of.resolved_at),
        "count": of.count,
        "reopened": of.reopened,
        "escalated": of.is_escalated,
        "acknowledged_at": _instant(of.acknowledged_at),
        "acknowledged_by": of.acknowledged_by or None,
        "version": of.version,
        "dedupe_key": of.dedupe_key,
        "detail": of.detail,
        "evidence": dict(of.evidence),
        "related": list(of.related),
        "meaning": kind.meaning if kind else None,
        "system": kind.system if kind else None,
        "operator": kind.operator if kind else None,
        "remediation": remediation(kind.remediation) if kind else None,
    }


def detail(of: Detail) -> incident_views.IncidentDetail:
    """Return an incident with its history and attempts."""
    return {
        **incident(of.record),
        "history": [_entry(each) for each in of.history],
        "attempts": [attempt(each) for each in of.attempts],
    }


def plan(of: RemedyPlan) -> incident_views.RemediationPlan:
    """Return what a remedy would do."""
    kind = of.record.known
    return {
        "incident_id": of.record.id,
        "version": of.record.version,
        "remediation": remediation(kind.remediation) if kind else None,
        "mode": of.mode,
        "cause": of.cause,
        "refusal": of.refusal or None,
    }


def remediation(of: RuntimeRemediationDescriptor) -> incident_views.Remediation:
    """Return what can be done about a sort of fault."""
    return {
        "id": of.id,
        "label": of.label,
        "risk_level": of.risk_level,
        "blast_radius": of.blast_radius,
        "requires_approval": of.requires_approval,
        "auto_executable": of.auto_executable,
        "by_hand": of.by_hand,
    }


def attempt(of: RuntimeRemediationAttemptRecord) -> incident_views.RemediationAttempt:
    """Return an attempt at a remedy."""
    return {
        "id": of.id,
        "remediation": of.remediation,
        "by": of.by,
        "status": of.status,
        "detail": of.detail,
        "recorded_at": rfc3339(of.recorded_at),
        "ended_at": _instant(of.ended_at),
    }


def _entry(of: RuntimeIncidentHistoryEntry) -> incident_views.IncidentEntry:
    return {
        "at": rfc3339(of.at),
        "change": of.change,
        "state": of.state,
        "severity": of.severity,
        "count": of.count,
        "reason": of.reason,
        "by": of.by or None,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
