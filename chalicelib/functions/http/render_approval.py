"""What operators see of approvals."""

from datetime import datetime

from chalicelib.approvals.prompt import ApprovalPromptRecord
from chalicelib.clock import rfc3339
from chalicelib.functions.http import approval_views


def approval(of: ApprovalPromptRecord, now: datetime) -> approval_views.Approval:
    """Return a prompt; one whose time is over is shown as expired, written down or not."""
    prompt = of.prompt
    return {
        "id": of.id,
        "kind": prompt.kind,
        "state": of.shown_state(now),
        "action": prompt.action,
        "title": prompt.title,
        "text": prompt.text or None,
        "risk": prompt.risk,
        "subject": prompt.task,
        "job_id": prompt.job_id or None,
        "run_id": prompt.run_id,
        "arguments_sha256": prompt.digest or None,
        "asked_by": list(prompt.askers),
        "policies": list(prompt.policies),
        "policy_set": prompt.policy_set,
        "scopes": [*prompt.scopes],
        "asked_at": rfc3339(of.asked_at),
        "expires_at": rfc3339(of.expires_at),
        "decided_at": rfc3339(of.decided_at) if of.decided_at else None,
        "decided_by": of.decided_by or None,
        "scope": of.scope,
        "reason": of.reason or None,
        "code": of.code or None,
        "links": _links(of),
    }


def _links(of: ApprovalPromptRecord) -> dict[str, str]:
    links = {"self": f"/v1/approvals/{of.id}", "task": f"/v1/tasks/{of.prompt.task}"}
    if of.prompt.step:
        links["run"] = f"/v1/runs/{of.prompt.run_id}"
    return links
