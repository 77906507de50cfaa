"""What the scheduler writes into the journal. Ids are derived, so that a repeat is known as one."""

import hashlib
from datetime import datetime
from typing import Any

from chalicelib.background.store import NewTask
from chalicelib.background.task import Task
from chalicelib.clock import rfc3339
from chalicelib.journal.event import Event
from chalicelib.policy.request import Decision
from chalicelib.scheduler.changes import Closed, Plan, Request
from chalicelib.scheduler.job import Definition, Job, Seen

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
        details={"schedule": schedule, **_facts(definition)},
    )


def changed(seen: Seen, plan: Plan, closed: Closed | None, request: Request) -> Event:
    """Return the event of an operator's write: what is different, and which slots it closed."""
    owner, _, job_id = seen.pk.partition("#")
    before, after = _state(seen), _state(plan.after)
    details = {name: value for name, value in after.items() if value != before[name]}
    if closed is not None:
        slots = {"from": rfc3339(closed.first), "to": rfc3339(closed.last)}
        details["closed"] = {"outcome": closed.why.outcome, **slots}
    return Event(
        id=f"{job_id}/{request.op}",
        owner=owner,
        kind=f"job.{plan.verb}",
        actor=request.actor,
        subject=job_id,
        at=request.now,
        details=details,
    )


def run(firing: NewTask, op: str) -> Event:
    """Return the event of a firing that an operator asked for beside the schedule."""
    return Event(
        id=f"{firing.ref.subject}/{op}",
        owner=firing.ref.owner,
        kind="job.run",
        actor=firing.requested_by,
        subject=firing.ref.subject,
        at=firing.created_at,
        details={"task": firing.ref.id, "slot": rfc3339(firing.ref.slot), "ver": firing.ver},
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


def _state(seen: Seen) -> dict[str, Any]:
    hot = seen.hot
    facts = {"ver": hot.ver, "state": hot.state, "schedule": hot.schedule}
    return facts | _facts(seen.definition)


def _facts(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "prompt_sha256": hashlib.sha256(definition.prompt.encode()).hexdigest(),
        "tools": list(definition.tools),
    }
