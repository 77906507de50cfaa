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
        details={"slot": rfc3339(task.ref.slot), **decision.facts()},
    )
