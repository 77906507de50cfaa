"""What operators see of jobs, firings, runs and heartbeats; of tasks, see `render_task`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatRecord
from chalicelib.background.task import Task, slot_instant
from chalicelib.clock import rfc3339
from chalicelib.functions.http.cursor import encode
from chalicelib.providers import Answer, ToolCall
from chalicelib.runs.step import Step
from chalicelib.runs.transcripts import RunView
from chalicelib.scheduler.job import Job


def page(items: Sequence[dict[str, Any]], following: str | None) -> dict[str, Any]:
    """Return a page of a list."""
    return {"items": list(items), "next": encode(following)}


def job(job: Job) -> dict[str, Any]:
    """Return a job."""
    definition = job.definition
    return {
        "id": job.id,
        "name": definition.name,
        "schedule": job.schedule.spec() if job.schedule else None,
        "explanation": job.schedule.explain() if job.schedule else "cannot be read",
        "prompt": definition.prompt,
        "tools": list(definition.tools),
        "state": job.state,
        "next_slot": rfc3339(job.next) if job.next else None,
        "created_at": rfc3339(definition.created_at),
    }


def firing(task: Task) -> dict[str, Any]:
    """Return a ledger row; `last` where it stands for several slots."""
    shown: dict[str, Any] = {"slot": rfc3339(task.ref.slot), "outcome": task.outcome}
    if task.last != task.ref.sk:
        shown["last"] = rfc3339(slot_instant(task.last))
    if task.reason:
        shown["reason"] = task.reason
    if task.has_fired:
        shown |= {"run_id": task.ref.run_id, "state": task.state, "attempt": task.attempt + 1}
    return shown


def run(view: RunView) -> dict[str, Any]:
    """Return a run with its steps and result."""
    header = view.header
    return {
        "id": header.run_id,
        "job_id": header.task.subject if header.task.is_slot else None,
        "slot": rfc3339(header.task.slot) if header.task.is_slot else None,
        "state": header.state or "running",
        "reason": header.reason or None,
        "provider": header.provider,
        "policies": header.policies.split(","),
        "policy_set": header.policy_set,
        "started_at": rfc3339(header.started_at),
        "ended_at": rfc3339(header.ended_at) if header.ended_at else None,
        "prompt": header.prompt,
        "steps": [_step(step) for step in view.steps],
        "result": view.result,
    }


def heartbeat(record: WorkHeartbeatRecord, now: datetime) -> dict[str, Any]:
    """Return the last sign of life of a piece of work."""
    age = max(now - record.updated_at, timedelta())
    is_task = record.kind in {WorkHeartbeatKind.BACKGROUND_TASK, WorkHeartbeatKind.RUN}
    return {
        "kind": record.kind,
        "object_id": record.object_id,
        "key": record.heartbeat_key,
        "summary": record.summary,
        "updated_at": rfc3339(record.updated_at),
        "age_seconds": age // timedelta(seconds=1),
        "task": record.object_id if is_task else None,
    }


def _step(step: Step) -> dict[str, Any]:
    shown: dict[str, Any] = {"seq": step.checkpoint.seq, "at": step.at, "link": step.link}
    turn = step.turn
    if isinstance(turn, Answer):
        return shown | {"kind": "model", "answer": turn.text}
    if isinstance(turn, ToolCall):
        return shown | {"kind": "model", "tool": turn.tool, "arguments": dict(turn.arguments)}
    return shown | {"kind": "tool", "tool": turn.tool, "ok": turn.ok, "content": turn.content}
