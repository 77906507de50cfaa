"""What asking and deciding leave in the journal; ids are derived.

What would be done, and why somebody agreed to it or not, may be about somebody. The one stands in
the run's own chain, which the event names by its step; the other is sealed.
"""

from chalicelib.approvals.prompt import DAEMON, ApprovalPromptRecord
from chalicelib.clock import rfc3339
from chalicelib.journal.event import Event


def asked(record: ApprovalPromptRecord) -> Event:
    """Return the event of a prompt's making."""
    prompt = record.prompt
    return Event(
        id=f"{prompt.id}/asked",
        owner=prompt.owner,
        kind="approval.asked",
        actor=DAEMON,
        subject=prompt.subject,
        at=record.asked_at,
        details={
            "approval": prompt.id,
            "kind": prompt.kind,
            "task": prompt.task,
            "step": prompt.step,
            "action": prompt.action,
            "risk": prompt.risk,
            "expires_at": rfc3339(record.expires_at),
            "policies": list(prompt.policies),
            "policy_set": prompt.policy_set,
        },
    )


def ended(record: ApprovalPromptRecord) -> Event:
    """Return the event of a prompt's decision, or of its end without one; there is only one."""
    prompt = record.prompt
    details = {
        "approval": prompt.id,
        "task": prompt.task,
        "action": prompt.action,
        "code": record.code,
    }
    if record.scope is not None:
        details["scope"] = record.scope
    return Event(
        id=f"{prompt.id}/ended",
        owner=prompt.owner,
        kind=f"approval.{record.state}",
        actor=record.decided_by,
        subject=prompt.subject,
        at=record.decided_at or record.asked_at,
        details=details,
        personal={"reason": record.reason} if record.reason else {},
    )
