"""What the scheduler writes into the journal. Ids are derived, so that a repeat is known as one."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.background.store import NewTask
from chalicelib.background.task import Task, slot_instant
from chalicelib.clock import rfc3339
from chalicelib.journal.event import Event
from chalicelib.policy.request import Decision
from chalicelib.scheduler.changes import Closed, Plan, Request
from chalicelib.scheduler.job import Definition, Job, Seen, Standing
from chalicelib.scheduler.terms import Terms

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
        personal=_words(definition),
    )


def changed(seen: Seen, plan: Plan, closed: Closed | None, request: Request) -> Event:
    """Return the event of an operator's write: what is different, and which slots it closed."""
    owner, _, job_id = seen.pk.partition("#")
    details = _different(_state(seen), _state(plan.after))
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
        personal=_different(_words(seen.definition), _words(plan.after.definition)),
    )


def run(firing: NewTask, op: str) -> Event:
    """Return the event of a firing that an operator asked for beside the schedule."""
    details = {"task": firing.ref.id, "slot": rfc3339(firing.ref.slot), "ver": firing.ver}
    if firing.stands_for:
        instant = rfc3339(slot_instant(firing.stands_for))
        details |= {"origin": firing.origin, "stands_for": instant}
    return Event(
        id=f"{firing.ref.subject}/{op}",
        owner=firing.ref.owner,
        kind="job.run",
        actor=firing.requested_by,
        subject=firing.ref.subject,
        at=firing.created_at,
        details=details,
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
    return facts | _facts(seen.definition) | told_terms(hot.terms) | _standing(hot.standing)


def told_terms(terms: Terms) -> dict[str, Any]:
    """Return the terms of a job as the journal tells them."""
    backoff = terms.backoff
    return {
        "misfire": terms.misfire,
        "jitter_seconds": int(terms.jitter.total_seconds()),
        "max_attempts": terms.max_attempts,
        "backoff": [int(each.total_seconds()) for each in backoff[:2]] if backoff else None,
        "max_runs": terms.max_runs,
        "pause_after": terms.pause_after,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    review = standing.review
    return {
        "hold": standing.hold,
        "until": rfc3339(standing.until) if standing.until else None,
        "review": [rfc3339(each) for each in review] if review else None,
    }


def _facts(definition: Definition) -> dict[str, Any]:
    return {"tools": list(definition.tools), "concurrency": definition.concurrency}


def _words(definition: Definition) -> dict[str, str]:
    """Return what somebody wrote; who guesses a short prompt could prove it by its digest."""
    digest = hashlib.sha256(definition.prompt.encode()).hexdigest()
    return {"name": definition.name, "prompt_sha256": digest}


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if value != before[name]}
