"""What decisions about tasks, of operators and of policies, write into the journal."""

from datetime import datetime

from chalicelib.background.store import NewTask
from chalicelib.background.task import Task
from chalicelib.journal.event import Event
from chalicelib.policy.request import Decision

UNSAID = "cancelled by an operator"


def created(new: NewTask, actor: str) -> Event:
    """Return the event of a task's making."""
    return Event(
        id=f"{new.ref.id}/created",
        owner=new.ref.owner,
        kind="task.created",
        actor=actor,
        subject=new.ref.id,
        at=new.created_at,
        details={"kind": new.kind, "lane": new.lane},
        # Who guesses what a task was told could prove it by its digest.
        personal={"payload_sha256": new.payload_sha256} if new.payload_sha256 else {},
    )


def moved(task: Task, how: str, actor: str, now: datetime, reason: str = "") -> Event:
    """Return the event of a task that an operator paused, resumed, retried or cancelled.

    A reason that somebody wrote is personal; where nobody did, no key is needed to cancel a task.
    """
    is_theirs = reason not in {"", UNSAID}
    return Event(
        id=f"{task.ref.id}/{task.token}/{how}",
        owner=task.ref.owner,
        kind=f"task.{how}",
        actor=actor,
        subject=task.ref.id,
        at=now,
        details={"from": task.state, "attempts": task.attempt + 1},
        personal={"reason": reason} if is_theirs else {},
    )


def denied(task: Task, decision: Decision, now: datetime) -> Event:
    """Return the event of a task that the policies refused."""
    return Event(
        id=f"{task.ref.id}/denied",
        owner=task.ref.owner,
        kind="task.denied",
        actor="system:daemon",
        subject=task.ref.id,
        at=now,
        details={"kind": task.kind, **decision.facts()},
    )
