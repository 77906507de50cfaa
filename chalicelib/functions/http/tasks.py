"""`/v1/tasks`: background work of any kind, and what operators do with it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.service import Principal
from chalicelib.background.service import Filter, TaskDraft, TaskService
from chalicelib.background.task import Lane, Membership, State, Task
from chalicelib.errors import Invalid, NotFound
from chalicelib.functions.http import body, cursor, render, render_task
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.identifier import identifier, is_identifier
from chalicelib.functions.http.models import Cancel, NewTask, Nothing
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container

_STATES = (*State, "cancel_requested")

tasks = Blueprint(__name__)


def _request() -> Request:
    return tasks.current_request


@tasks.route("/v1/tasks", methods=["POST"])
@answers
@owners(_request)
def create_task(principal: Principal) -> Response:
    """Make a task, or return the first one that was made with its dedupe key."""
    new = body.read(_request().raw_body, NewTask)
    try:
        made = api.tasks(container()).create(principal.owner, principal.actor, _draft(new))
    except NotFound as error:
        fix = "send the id of a task that exists"
        raise NotFound(error.detail, field="parent", fix=fix) from error
    return Response(
        body=render_task.task(made.task),
        status_code=HTTPStatus.CREATED if made.is_new else HTTPStatus.OK,
        headers={"Location": f"/v1/tasks/{made.task.ref.id}"},
    )


@tasks.route("/v1/tasks", methods=["GET"])
@answers
@owners(_request)
def list_tasks(principal: Principal) -> dict[str, Any]:
    """Return a page of the owner's tasks, or of those that came from another, newest first."""
    query = cursor.read(_request().query_params, ("state", "lane", "parent"))
    wanted = Filter(
        state=one_of(query.filters, "state", _STATES), lane=one_of(query.filters, "lane", Lane)
    )
    parent = query.filters.get("parent")
    if parent is not None and not is_identifier(parent):
        raise Invalid("it is not the id of a task", field="parent", fix="send the id of a task")
    found = api.tasks(container()).list(principal.owner, parent, wanted, query.after, query.limit)
    return render.page([render_task.task(task) for task in found.items], found.next)


@tasks.route("/v1/tasks/{task_id}", methods=["GET"])
@answers
@owners(_request)
def get_task(principal: Principal, task_id: str) -> dict[str, Any]:
    """Return a task with its attempts."""
    task = api.tasks(container()).get(principal.owner, identifier(task_id, "task"))
    return render_task.task(task)


@tasks.route("/v1/tasks/{task_id}/pause", methods=["POST"])
@answers
@owners(_request)
def pause_task(principal: Principal, task_id: str) -> dict[str, Any]:
    """Pause a task that has not begun."""
    return _moved(principal, task_id, TaskService.pause)


@tasks.route("/v1/tasks/{task_id}/resume", methods=["POST"])
@answers
@owners(_request)
def resume_task(principal: Principal, task_id: str) -> dict[str, Any]:
    """Let a paused task go on."""
    return _moved(principal, task_id, TaskService.resume)


@tasks.route("/v1/tasks/{task_id}/retry", methods=["POST"])
@answers
@owners(_request)
def retry_task(principal: Principal, task_id: str) -> dict[str, Any]:
    """Give a task that ended without success a new life."""
    return _moved(principal, task_id, TaskService.retry)


@tasks.route("/v1/tasks/{task_id}/cancel", methods=["POST"])
@answers
@owners(_request)
def cancel_task(principal: Principal, task_id: str) -> Response:
    """Ask a task to stop."""
    asked = body.read(_sent(), Cancel)
    task = api.tasks(container()).cancel(
        principal.owner, principal.actor, identifier(task_id, "task"), asked.reason
    )
    return Response(body=render_task.task(task), status_code=HTTPStatus.ACCEPTED)


def _moved(
    principal: Principal, task_id: str, move: Callable[[TaskService, str, str, str], Task]
) -> dict[str, Any]:
    """Move a task by an order that says nothing more, and return it."""
    body.read(_sent(), Nothing)
    task_id = identifier(task_id, "task")
    task = move(api.tasks(container()), principal.owner, principal.actor, task_id)
    return render_task.task(task)


def _sent() -> bytes | str:
    """Return the request's body, where one that is left out is an empty object."""
    return _request().raw_body or b"{}"


def _draft(new: NewTask) -> TaskDraft:
    return TaskDraft(
        kind=new.kind,
        payload=new.payload,
        priority=new.priority,
        max_attempts=new.max_attempts,
        not_before=new.not_before,
        expires_at=new.expires_at,
        dedupe_key=new.dedupe_key,
        parent=new.parent,
        membership=_membership(new),
    )


def _membership(new: NewTask) -> Membership | None:
    if new.serial and not new.group:
        raise Invalid("serial orders a group", field="serial", fix="name a parent and a group")
    return Membership(new.group, new.serial) if new.group else None
