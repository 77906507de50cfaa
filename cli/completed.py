"""Waiting for what a worker makes bit by bit: a verification, or an examination."""

from typing import Any

from cli.pace import Pace
from cli.problem import Exit, Problem
from cli.session import Session
from cli.watch import UNFINISHED


def completed(
    session: Session,
    where: str,
    timeout: float | None,
    *,
    what: str,
    fix: str,
    unbegun: Problem | None = None,
) -> dict[str, Any]:
    """Return what a worker makes, once it is complete.

    Args:
        session: what the command talks with.
        where: its path, which ends with the id of its task.
        timeout: for how many seconds to wait, or None for ever.
        what: what it is, as `verification`.
        fix: what to do where its task ended otherwise.
        unbegun: what to say where no worker has begun it in time; that it goes on, if nothing.

    Raises:
        Problem: its task ended otherwise, the time is over, or nobody answers.
    """
    pace, etag = Pace(session, timeout), None
    while True:
        try:
            answer = pace.changed(where, etag)
        except Problem as problem:
            # No worker has begun it yet.
            if problem.code is not Exit.NOT_FOUND:
                raise
            answer = None
        if answer is not None:
            etag = answer.etag
            if answer.document["complete"]:
                return answer.document
        _refuse_ended(session, where, what, fix)
        try:
            pace.wait()
        except Problem as late:
            raise unbegun if unbegun and etag is None else late from None


def _refuse_ended(session: Session, where: str, what: str, fix: str) -> None:
    """Refuse to wait for a task that has ended without an answer."""
    task = session.api.get(f"/v1/tasks/{where.rpartition('/')[2]}")
    if task["state"] in UNFINISHED or task["state"] == "succeeded":
        return
    detail = f"the {what} ended {task['state']}: {task['reason'] or 'no reason'}"
    raise Problem.of(Exit.FAILED, detail, fix)
