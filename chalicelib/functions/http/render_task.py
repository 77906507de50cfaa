"""What operators see of a task."""

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from chalicelib.background.service import Made
from chalicelib.background.task import Lane, Task
from chalicelib.clock import rfc3339
from chalicelib.functions.http import task_views
from chalicelib.functions.http.attempts import attempts
from chalicelib.functions.http.operation import Answer


def made(made: Made, status: HTTPStatus) -> Answer[task_views.Task]:
    """Return the answer to who asked for a task.

    Args:
        made: the task, and whether it was made now.
        status: what is answered if it was; else it is 200.
    """
    return Answer(
        task(made.task),
        status=status if made.is_new else HTTPStatus.OK,
        location=f"/v1/tasks/{made.task.ref.id}",
    )


def task(task: Task) -> task_views.Task:
    """Return a task of any kind; a slot's says what became of the slot, too."""
    ref = task.ref
    parent, membership = ref.parent, task.membership
    shown: task_views.Task = {
        "id": ref.id,
        "kind": task.kind,
        "state": task.shown_state,
        "reason": task.reason or None,
        "lane": Lane(task.lane),
        "priority": task.priority,
        "created_at": _shown(task.created_at),
        "not_before": _shown(task.due),
        "expires_at": _shown(task.expires_at),
        "started_at": _shown(task.started_at),
        "finished_at": _shown(task.finished_at),
        "max_attempts": task.last_attempt + 1,
        "attempts": _attempts(task),
        "hops": task.hops,
        "depth": task.depth,
        "parent": parent.id if parent else None,
        "group": membership.group if membership else None,
        "serial": membership.serial if membership else None,
        "children": task.children,
        "payload": _payload(task),
        "run_id": ref.run_id if _has_run(task) else None,
        "cancel": _cancel(task),
        "links": _links(task),
    }
    if ref.is_slot:
        shown["outcome"] = task.outcome
    return shown


def _attempts(task: Task) -> list[task_views.Attempt]:
    return [
        {
            "number": each.number,
            "started_at": _shown(each.started_at),
            "ended_at": _shown(each.ended_at),
            "state": each.state,
            "reason": each.reason or None,
        }
        for each in attempts(task)
    ]


def _payload(task: Task) -> Any:
    """Return what a task was told; of a large payload, where it is and what it must be."""
    if task.payload_key:
        return {"in": "s3", "sha256": task.payload_sha256}
    return json.loads(task.payload) if task.payload else None


def _has_run(task: Task) -> bool:
    """Return whether a run has begun: its first step was accepted, in this life or an earlier."""
    return task.checkpoint is not None or task.has_fired


def _cancel(task: Task) -> task_views.CancelRequest | None:
    if task.cancel is None:
        return None
    return {"requested_at": rfc3339(task.cancel.at), "reason": task.cancel.reason}


def _links(task: Task) -> dict[str, str]:
    ref = task.ref
    links = {"self": f"/v1/tasks/{ref.id}", "children": f"/v1/tasks?parent={ref.id}"}
    if ref.parent:
        links["parent"] = f"/v1/tasks/{ref.parent.id}"
    if ref.is_slot:
        links["job"] = f"/v1/jobs/{ref.subject}"
    if _has_run(task):
        links["run"] = f"/v1/runs/{ref.run_id}"
    return links


def _shown(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None
