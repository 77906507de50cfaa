"""What the scheduler writes into the journal. Ids are derived, so that a repeat is known as one."""

import hashlib
from datetime import datetime

from chalicelib.background.task import Task
from chalicelib.clock import rfc3339
from chalicelib.journal.event import Event
from chalicelib.policy.request import Decision
from chalicelib.scheduler.job import Job

_DAEMON = "system:daemon"


def created(owner: str, job: Job, schedule: str) -> Event:
    """Return the event of a job's making, with its schedule as it is stored."""
    definition = job.definition
    return Event(
        id=f"{job.id}/created",
        owner=owner,
        kind="job.created",
        actor=definition.created_by,
        subject=job.id,
        at=definition.created_at,
        details={
            "name": definition.name,
            "schedule": schedule,
            "prompt_sha256": hashlib.sha256(definition.prompt.encode()).hexdigest(),
            "tools": list(definition.tools),
        },
    )


def denied(task: Task, decision: Decision, now: datetime) -> Event:
    """Return the event of a slot that the policies refused."""
    return Event(
        id=f"{task.ref.run_id}/denied",
        owner=task.ref.owner,
        kind="slot.denied",
        actor=_DAEMON,
        subject=task.ref.subject,
        at=now,
        details={
            "slot": rfc3339(task.ref.slot),
            "reason": decision.reason,
            "policies": list(decision.policies),
            "policy_set": decision.policy_set,
        },
    )


def finished(task: Task, at: datetime) -> Event:
    """Return the terminal event of a slot's task: it anchors the chain of the run's steps."""
    return Event(
        id=f"{task.ref.run_id}/{task.token}/finished",
        owner=task.ref.owner,
        kind="run.finished",
        actor=_DAEMON,
        subject=task.ref.subject,
        at=at,
        details={
            "run_id": task.ref.run_id,
            "slot": rfc3339(task.ref.slot),
            "state": task.state,
            "reason": task.reason,
            "steps": task.checkpoint.seq if task.checkpoint else 0,
            "head": task.head,
        },
    )
