"""What operators see of jobs, firings, runs, heartbeats and settings; for tasks: `render_task`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatRecord
from chalicelib.background.task import Origin, Outcome, Task, slot_instant
from chalicelib.clock import rfc3339
from chalicelib.functions.http import job_views, run_views, status_views, task_views, views
from chalicelib.functions.http.cursor import encode
from chalicelib.providers import Answer, ToolCall
from chalicelib.runs.step import Step
from chalicelib.runs.store import RunHeader
from chalicelib.runs.transcripts import RunView
from chalicelib.scheduler.job import Job, Review
from chalicelib.scheduler.ranges import is_range
from chalicelib.scheduler.terms import Terms
from chalicelib.schedules import Counted
from chalicelib.settings.report import Reported

_SECOND = timedelta(seconds=1)


def page[T](items: Sequence[T], following: str | None) -> views.Page[T]:
    """Return a page of a list."""
    return {"items": list(items), "next": encode(following)}


def job(job: Job, now: datetime) -> job_views.Job:
    """Return a job."""
    definition, following, standing = job.definition, job.awaits(now), job.standing
    return {
        "id": job.id,
        "name": definition.name,
        "schedule": job.schedule.spec() if job.schedule else None,
        "explanation": job.schedule.explain() if job.schedule else "cannot be read",
        "prompt": definition.prompt,
        "tools": list(definition.tools),
        "concurrency": definition.concurrency,
        **_terms(job.terms),
        "state": job.state,
        "paused_for": standing.hold,
        "paused_until": rfc3339(standing.until) if standing.until else None,
        "runs": standing.runs,
        "failures": standing.failures,
        "review_required": _range(standing.review),
        "version": job.ver,
        "next_slot": rfc3339(following) if following else None,
        "active": job.active or None,
        "waiting": job.waiting or None,
        "created_at": rfc3339(definition.created_at),
        "created_by": definition.created_by,
        "updated_at": rfc3339(job.updated_at),
        "updated_by": job.updated_by,
    }


def routine(made: Job, now: datetime) -> job_views.Routine:
    """Return a job as the routine that it is."""
    shown = job(made, now)
    return {**shown, "trigger": {"type": "schedule", "schedule": shown["schedule"]}}


def firing(task: Task, counted: Counted | None = None) -> job_views.Firing:
    """Return a ledger row.

    Args:
        task: the row.
        counted: how many slots it stands for, or None where it is one, or nobody knows.
    """
    shown: job_views.Firing = {
        "slot": rfc3339(task.ref.slot),
        "outcome": task.outcome,
        "task_id": task.ref.id,
    }
    if is_range(task):
        _add_range(shown, task, counted)
    if task.reason:
        shown["reason"] = task.reason
    if task.origin is not Origin.SCHEDULE:
        shown["origin"] = task.origin
    if task.stands_for:
        shown["stands_for"] = rfc3339(slot_instant(task.stands_for))
    if task.requested_by:
        shown["requested_by"] = task.requested_by
    if task.has_fired:
        shown["run_id"] = task.ref.run_id
        shown["attempt"] = task.attempt + 1
    if task.has_fired or (task.outcome is Outcome.HANDED and task.state.is_terminal):
        shown["state"] = task.state
    return shown


def _add_range(shown: job_views.Firing, task: Task, counted: Counted | None) -> None:
    shown["last"] = rfc3339(slot_instant(task.last))
    if counted is not None:
        shown["slots"], shown["slots_exact"] = counted


def _terms(terms: Terms) -> job_views.JobTerms:
    backoff = terms.backoff
    return {
        "misfire": terms.misfire,
        "jitter_seconds": terms.jitter // _SECOND,
        "max_attempts": terms.max_attempts,
        "backoff_seconds": backoff.base // _SECOND if backoff else None,
        "backoff_cap_seconds": backoff.cap // _SECOND if backoff else None,
        "backoff_jitter_percent": backoff.jitter_percent if backoff else None,
        "max_runs": terms.max_runs,
        "pause_after_failures": terms.pause_after,
    }


def _range(review: Review | None) -> job_views.SlotRange | None:
    if review is None:
        return None
    return {"first": rfc3339(review.first), "last": rfc3339(review.last)}


def run(header: RunHeader) -> run_views.Run:
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


def run_detail(view: RunView) -> run_views.RunDetail:
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


def heartbeat(record: WorkHeartbeatRecord, now: datetime) -> task_views.Heartbeat:
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


def setting(reported: Reported) -> status_views.Setting:
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


def _step(step: Step) -> run_views.Step:
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
