"""What operators see of policies."""

from collections.abc import Sequence

from chalicelib.clock import rfc3339
from chalicelib.functions.http import policy_views
from chalicelib.policy.draft import Summary
from chalicelib.policy.dry_run import Changed, ChangedAccess, DryRun
from chalicelib.policy.request import Decision
from chalicelib.policy.service import Explanation
from chalicelib.policy.versions import Activation, PolicyVersion


def version(of: PolicyVersion) -> policy_views.PolicyVersion:
    """Return a version at a glance."""
    return {
        "version": of.version,
        "note": of.note,
        "author": of.author,
        "created_at": rfc3339(of.at),
        "sha256": of.sha256,
        "bytes": len(of.text.encode()),
    }


def version_detail(of: PolicyVersion) -> policy_views.PolicyVersionDetail:
    """Return a version with its text."""
    return {**version(of), "text": of.text}


def active(
    of: Activation, stored: PolicyVersion | None, policy_set: str, defaults: str
) -> policy_views.ActivePolicies:
    """Return what decides."""
    return {
        "version": of.version,
        "number": of.number,
        "previous": of.previous if of.number else None,
        "activated_at": rfc3339(of.at) if of.at else None,
        "activated_by": of.by or None,
        "policy_set": policy_set,
        "text": stored.text if stored else "",
        "defaults": defaults,
    }


def summaries(of: Sequence[Summary]) -> policy_views.PolicyDraft:
    """Return what is in a draft."""
    return {
        "policies": [
            {"id": each.id, "effect": each.effect, "line": each.line, "hint": each.hint or None}
            for each in of
        ]
    }


def decision(of: Decision) -> policy_views.PolicyDecision:
    """Return an answer."""
    return {"allowed": of.allowed, "reason": str(of.reason), "policies": list(of.policies)}


def dry_run(of: DryRun) -> policy_views.PolicyDryRun:
    """Return what would be different."""
    return {
        "policy_set": of.policy_set,
        "compared_with": of.compared_with,
        "looked_at": of.looked_at,
        "differing": of.differing,
        "changed": [_changed(each) for each in of.changed],
        "access": [_access(each) for each in of.access],
    }


def explanation(of: Explanation, asked_version: int) -> policy_views.PolicyExplanation:
    """Return an answer with its reasons."""
    return {
        "allowed": of.decision.allowed,
        "reason": str(of.decision.reason),
        "told": of.decision.reason.told,
        "missing": list(of.decision.missing),
        "version": asked_version,
        "policy_set": of.decision.policy_set,
        "policies": [
            {"id": name, "effect": effect, "hint": hint or None}
            for name, effect, hint in of.policies
        ],
    }


def _changed(of: Changed) -> policy_views.PolicyChange:
    return {
        "at": rfc3339(of.recorded.at),
        "task_id": of.recorded.task_id,
        "action": of.recorded.question.action,
        "tool": of.recorded.tool or None,
        "before": decision(of.before),
        "after": decision(of.after),
    }


def _access(of: ChangedAccess) -> policy_views.PolicyAccessChange:
    return {
        "role": of.role,
        "action": of.action,
        "before": decision(of.before),
        "after": decision(of.after),
    }
