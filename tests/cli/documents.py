"""What the API shows, for a stub to tell; `test_contract` holds it against the real API."""

from typing import Any

JOB_ID = "01M81J18G00000000000000000"
RUN_ID = f"{JOB_ID}-001795348800"
TASK_ID = "01M81J18G0AAAAAAAAAAAAAAAA"


def a_page(*items: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next": following}


def a_job(**fields: Any) -> dict[str, Any]:
    return {
        "id": JOB_ID,
        "name": "health",
        "schedule": {"every": "60s"},
        "explanation": "every minute",
        "prompt": "Summarize health",
        "tools": ["system.health"],
        "concurrency": "forbid",
        "misfire": "skip",
        "jitter_seconds": 0,
        "max_attempts": 3,
        "backoff_seconds": None,
        "backoff_cap_seconds": None,
        "backoff_jitter_percent": None,
        "max_runs": None,
        "pause_after_failures": None,
        "state": "enabled",
        "paused_for": None,
        "paused_until": None,
        "runs": 0,
        "failures": 0,
        "review_required": None,
        "version": 3,
        "next_slot": "2026-11-22T12:01:00Z",
        "active": None,
        "waiting": None,
        "created_at": "2026-11-22T10:00:00.250Z",
        "created_by": "token:laptop",
        "updated_at": "2026-11-22T11:30:00Z",
        "updated_by": "token:phone",
    } | fields


def a_snapshot(**fields: Any) -> dict[str, Any]:
    return {
        "state": "enabled",
        "health": "healthy",
        "reasons": [],
        "due": 0,
        "oldest_unfired_slot": None,
        "active": None,
        "waiting": None,
        "missed": 0,
        "counted_since": "2026-11-21T12:00:00Z",
        "review_required": None,
        "failures": 0,
        "paused_with_everything": False,
    } | fields


def a_firing(**fields: Any) -> dict[str, Any]:
    return {
        "slot": "2026-11-22T11:59:00Z",
        "outcome": "fired",
        "task_id": RUN_ID,
        "run_id": RUN_ID,
        "state": "succeeded",
        "attempt": 1,
    } | fields


def a_handed_firing(**fields: Any) -> dict[str, Any]:
    return {"slot": "2026-11-22T12:01:00Z", "outcome": "handed", "task_id": RUN_ID} | fields


def a_header(**fields: Any) -> dict[str, Any]:
    return {
        "id": RUN_ID,
        "job_id": JOB_ID,
        "task_id": RUN_ID,
        "slot": "2026-11-22T11:59:00Z",
        "state": "succeeded",
        "reason": None,
        "provider": "offline",
        "started_at": "2026-11-22T11:59:00.250Z",
        "ended_at": "2026-11-22T11:59:01.750Z",
    } | fields


def a_call(seq: int = 1) -> dict[str, Any]:
    shown = {"seq": seq, "at": "2026-11-22T11:59:00.500Z", "link": f"link{seq}", "kind": "model"}
    return shown | {"tool": "system.health", "arguments": {}}


def a_return(seq: int = 2, *, ok: bool = True) -> dict[str, Any]:
    shown = {"seq": seq, "at": "2026-11-22T11:59:01Z", "link": f"link{seq}", "kind": "tool"}
    return shown | {"tool": "system.health", "ok": ok, "content": {"healthy": ok}}


def an_answer(seq: int = 3) -> dict[str, Any]:
    shown = {"seq": seq, "at": "2026-11-22T11:59:01.500Z", "link": f"link{seq}", "kind": "model"}
    return shown | {"answer": "All is well.\nNothing waits."}


def a_run(**fields: Any) -> dict[str, Any]:
    more = {
        "policies": ["default-dispatch-read-only"],
        "policy_set": "fe764ec40e119c10",
        "prompt": "Summarize health",
        "steps": [a_call(), a_return(), an_answer()],
        "result": "All is well.\nNothing waits.",
    }
    return a_header() | more | fields


def a_live_run(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    live = {"state": "running", "ended_at": None, "steps": list(steps), "result": None}
    return a_run(**live | fields)


def an_entry(**fields: Any) -> dict[str, Any]:
    return {
        "stream": 3,
        "seq": 17,
        "id": f"{JOB_ID}/3",
        "kind": "job.paused",
        "actor": "token:laptop",
        "subject": JOB_ID,
        "at": "2026-11-22T11:58:00.250Z",
        "details": {"from": "enabled"},
        "personal": {"name": "health"},
        "previous": "0" * 64,
        "link": "1" * 64,
    } | fields


def an_export(**fields: Any) -> dict[str, Any]:
    return {
        "task_id": TASK_ID,
        "state": "queued",
        "reason": None,
        "created_at": "2026-11-22T12:00:00Z",
        "finished_at": None,
        "entries": None,
        "bytes": None,
        "hash": None,
        "link": None,
        "link_expires_at": None,
    } | fields


def a_verification(**fields: Any) -> dict[str, Any]:
    return {
        "task_id": TASK_ID,
        "complete": True,
        "holds": True,
        "begun_at": "2026-11-22T11:59:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
        "events": 1_204,
        "seals": 12,
        "payloads": 2,
        "runs": 40,
        "expired_runs": 0,
        "archived_events": 0,
        "segments": 0,
        "erased_runs": 0,
        "personal": 0,
        "erased": 0,
        "sealed_at": "2026-11-22T11:58:00Z",
        "unsealed": 3,
        "trouble_count": 0,
        "troubles": [],
    } | fields


def a_trouble(**fields: Any) -> dict[str, Any]:
    return {"stream": "main#audit#3", "seq": 17, "proven": 12, "what": "the link"} | fields


def an_open_gate() -> dict[str, Any]:
    return dict.fromkeys(("since", "by", "reason")) | {
        "paused": False,
        "owner": False,
        "everything": False,
    }


def a_closed_gate(**fields: Any) -> dict[str, Any]:
    closed = {"paused": True, "since": "2026-11-22T11:30:00Z", "by": "token:phone"}
    why = {"reason": "all work of this owner is paused", "owner": True}
    return an_open_gate() | closed | why | fields


def a_preview(*slots: dict[str, Any], timezone: str | None = "utc") -> dict[str, Any]:
    return {"timezone": timezone, "slots": list(slots)}


def a_coming(**fields: Any) -> dict[str, Any]:
    at = {"slot": "2026-11-22T12:01:00Z", "local": "2026-11-22T12:01:00+00:00"}
    return at | {"note": None} | fields


def some_made_up(*firings: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"firings": list(firings), "continue_from": following}


def a_status(**fields: Any) -> dict[str, Any]:
    return {
        "status": "ok",
        "reasons": [],
        "stage": "local",
        "version": "0.1.0",
        "time": "2026-11-22T12:00:00Z",
        "gate": an_open_gate(),
        "self_healing_active_incidents": 0,
        "self_healing_resolved_incidents": 2,
        "self_healing_heartbeat_count": 1,
        "last_sweep": None,
        "scheduler": {
            "last_tick": "2026-11-22T11:59:30Z",
            "last_counts": {
                "due": 4,
                "gated": 0,
                "handed": 3,
                "missed": 0,
                "reviews": 0,
                "failed": 0,
                "disabled": 0,
                "oldest_due_seconds": 0,
            },
            "oldest_due_slot": None,
            "next_slot": "2026-11-22T12:01:00Z",
        },
        "background": {
            "lanes": {
                "high": {"waiting": 0, "delayed": 0, "in_flight": 0},
                "normal": {"waiting": 3, "delayed": 1, "in_flight": 2},
                "low": {"waiting": 0, "delayed": 0, "in_flight": 0},
            },
            "active_runs": 2,
        },
    } | fields


def a_setting(**fields: Any) -> dict[str, Any]:
    return {
        "key": "tasks.lease_seconds",
        "variable": "PALYRA_TASKS_LEASE_SECONDS",
        "value": 120,
        "default": 120,
        "source": "default",
        "secret": False,
        "range": "1 to 900",
        "help": "How long a worker holds a task without a sign of life.",
    } | fields


def a_version(**fields: Any) -> dict[str, Any]:
    return {
        "version": 3,
        "note": "an outage",
        "author": "token:laptop",
        "created_at": "2026-11-22T11:58:00Z",
        "sha256": "7" * 64,
        "bytes": 71,
    } | fields


def an_active_version(**fields: Any) -> dict[str, Any]:
    return {
        "version": 3,
        "number": 2,
        "previous": 0,
        "activated_at": "2026-11-22T11:59:00Z",
        "activated_by": "token:laptop",
        "policy_set": "774ee458560d50e9",
        "text": '@id("stop") forbid (principal, action, resource);\n',
        "defaults": "// ..",
    } | fields


def a_dry_run(**fields: Any) -> dict[str, Any]:
    allowed = {"allowed": True, "reason": "policy.allow", "policies": ["default-operate"]}
    refused = {"allowed": False, "reason": "policy.forbidden", "policies": ["stop"]}
    change = {"before": allowed, "after": refused}
    return {
        "policy_set": "fe764ec40e119c10",
        "compared_with": "774ee458560d50e9",
        "looked_at": 42,
        "differing": 1,
        "changed": [
            {
                "at": "2026-11-22T11:58:00Z",
                "task_id": TASK_ID,
                "action": "dispatch",
                "tool": None,
                **change,
            }
        ],
        "access": [{"role": "operator", "action": "delete_job", **change}],
    } | fields


def an_explanation(**fields: Any) -> dict[str, Any]:
    return {
        "allowed": False,
        "reason": "policy.default_deny",
        "told": "no policy permits it",
        "missing": ["role:operator", "role:admin"],
        "version": 3,
        "policy_set": "774ee458560d50e9",
        "policies": [{"id": "stop", "effect": "forbid", "hint": "ask in #ops"}],
    } | fields


APPROVAL_ID = "FCAQDQU2QZDZFHXK46WOM7H5SE"


def an_approval(**fields: Any) -> dict[str, Any]:
    return {
        "id": APPROVAL_ID,
        "kind": "tool_call",
        "state": "pending",
        "action": "webhook.post",
        "title": "call webhook.post",
        "text": 'for health\narguments {"to":"the team"}',
        "risk": "high",
        "subject": TASK_ID,
        "job_id": None,
        "run_id": TASK_ID,
        "arguments_sha256": "7" * 64,
        "asked_by": ["token:laptop"],
        "policies": ["ask-before-posting"],
        "policy_set": "774ee458560d50e9",
        "scopes": ["once", "run"],
        "asked_at": "2026-11-22T11:58:00Z",
        "expires_at": "2026-11-22T12:58:00Z",
        "decided_at": None,
        "decided_by": None,
        "scope": None,
        "reason": None,
        "code": None,
        "links": {"self": f"/v1/approvals/{APPROVAL_ID}", "task": f"/v1/tasks/{TASK_ID}"},
    } | fields


def a_finding(**fields: Any) -> dict[str, Any]:
    return {
        "key": "functions.recursion",
        "severity": "critical",
        "verdict": "failed",
        "seen": "it is bad",
        "evidence": [],
        "means": "It is bad.",
        "fix": "do this",
    } | fields


def a_change(**fields: Any) -> dict[str, Any]:
    return {
        "check": "functions.recursion",
        "mender": "functions.recursion",
        "target": "worker_low",
        "change": "set RecursiveLoop of worker_low to Allow",
        "before": "Terminate",
        "can_undo": True,
        "outcome": "planned",
        "told": None,
    } | fields


def an_examination(**fields: Any) -> dict[str, Any]:
    return {
        "task_id": TASK_ID,
        "mode": "look",
        "run": None,
        "by": "token:laptop",
        "complete": True,
        "verdict": "ok",
        "since": "2026-11-22T11:00:00Z",
        "begun_at": "2026-11-22T11:59:58Z",
        "updated_at": "2026-11-22T12:00:00Z",
        "checks": 1,
        "counts": {"ok": 1, "unknown": 0, "warning": 0, "failed": 0},
        "findings": [],
        "changes": [],
    } | fields
