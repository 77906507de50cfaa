"""What operators see of jobs, firings, runs, heartbeats and settings; for tasks: `render_task`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatRecord
from chalicelib.background.task import Task, slot_instant
from chalicelib.clock import rfc3339
from chalicelib.functions.http import views
from chalicelib.functions.http.cursor import encode
from chalicelib.providers import Answer, ToolCall
from chalicelib.runs.step import Step
from chalicelib.runs.store import RunHeader
from chalicelib.runs.transcripts import RunView
from chalicelib.scheduler.job import Job
from chalicelib.settings.report import Reported


def page[T](items: Sequence[T], following: str | None) -> views.Page[T]:
    """Return a page of a list."""
    return {"items": list(items), "next": encode(following)}


def job(job: Job, now: datetime) -> views.Job:
    """Return a job."""
    definition, following = job.definition, job.awaits(now)
    return {
        "id": job.id,
        "name": definition.name,
        "schedule": job.schedule.spec() if job.schedule else None,
        "explanation": job.schedule.explain() if job.schedule else "cannot be read",
        "prompt": definition.prompt,
        "tools": list(definition.tools),
        "state": job.state,
        "version": job.ver,
        "next_slot": rfc3339(following) if following else None,
        "created_at": rfc3339(definition.created_at),
        "created_by": definition.created_by,
        "updated_at": rfc3339(job.updated_at),
        "updated_by": job.updated_by,
    }


def firing(task: Task) -> views.Firing:
    """Return a ledger row; `last` where it stands for several slots."""
    shown: views.Firing = {
        "slot": rfc3339(task.ref.slot),
        "outcome": task.outcome,
        "task_id": task.ref.id,
    }
    if task.last != task.ref.sk:
        shown["last"] = rfc3339(slot_instant(task.last))
    if task.reason:
        shown["reason"] = task.reason
    if task.requested_by:
        shown["requested_by"] = task.requested_by
    if task.has_fired:
        shown["run_id"] = task.ref.run_id
        shown["state"] = task.state
        shown["attempt"] = task.attempt + 1
    return shown


def run(header: RunHeader) -> views.Run:
    """Return a run at a glance."""
    task = header.task
    return {
        "id": header.run_id,
        "job_id": task.subject if task.is_slot else None,
        "task_id": task.id,
        "slot": rfc3339(task.slot) if task.is_slot else None,
        "state": header.state or "running",
        "reason": header.reason or None,
        "provider": header.provider,
        "started_at": rfc3339(header.started_at),
        "ended_at": rfc3339(header.ended_at) if header.ended_at else None,
    }


def run_detail(view: RunView) -> views.RunDetail:
    """Return a run with its steps and result."""
    header = view.header
    return {
        **run(header),
        "policies": header.policies.split(","),
        "policy_set": header.policy_set,
        "prompt": header.prompt,
        "steps": [_step(step) for step in view.steps],
        "result": view.result,
    }


def heartbeat(record: WorkHeartbeatRecord, now: datetime) -> views.Heartbeat:
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


def setting(reported: Reported) -> views.Setting:
    """Return a setting as it is in effect."""
    return {
        "key": reported.key,
        "variable": reported.variable,
        "value": reported.value,
        "default": reported.default,
        "source": reported.source,
        "secret": reported.secret,
        "range": reported.range,
        "help": reported.help,
    }


def _step(step: Step) -> views.Step:
    seq, at, link, turn = step.checkpoint.seq, step.at, step.link, step.turn
    if isinstance(turn, Answer):
        return {"seq": seq, "at": at, "link": link, "kind": "model", "answer": turn.text}
    if isinstance(turn, ToolCall):
        return {
            "seq": seq,
            "at": at,
            "link": link,
            "kind": "model",
            "tool": turn.tool,
            "arguments": dict(turn.arguments),
        }
    return {
        "seq": seq,
        "at": at,
        "link": link,
        "kind": "tool",
        "tool": turn.tool,
        "ok": turn.ok,
        "content": dict(turn.content),
    }
