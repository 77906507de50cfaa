"""`/v1/tasks`: background work of any kind, and what operators do with it."""

from collections.abc import Callable
from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.background import erasure
from chalicelib.background.service import Filter, TaskDraft, TaskService
from chalicelib.background.task import Lane, Membership, Task
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.functions.http import body, cursor, render, render_task, task_views, views
from chalicelib.functions.http.auth import owners, require
from chalicelib.functions.http.choice import one_of
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier, is_identifier
from chalicelib.functions.http.models import Cancel, NewTask, Nothing
from chalicelib.functions.http.operation import Answer, Operation, moves, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.healing.doctor import kind as doctor

# What a task of some kinds does is an operation of its own, for those who may do that.
_ALSO = {erasure.KIND: "erase_subject", doctor.KIND: "fix_by_doctor"}
_STATE = Parameter(
    "state", "Only tasks in this state.", {"type": "string", "enum": [*task_views.TASK_STATES]}
)
_LANE = Parameter("lane", "Only tasks of this lane.", {"type": "string", "enum": [*Lane]})
_PARENT = Parameter(
    "parent", "Only tasks that came from the task or job of this id.", {"type": "string"}
)
_MOVED = moves("The task as it is then.", Nothing, (Conflict,))

tasks = Blueprint(__name__)


def _request() -> Request:
    return tasks.current_request


@tasks.route("/v1/tasks", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.CREATED: "The task was made.",
            HTTPStatus.OK: "The task that was made with this dedupe key or Idempotency-Key before.",
        },
        body=NewTask,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
        errors=(NotFound, Conflict),
    ),
)
def create_task(principal: Principal) -> Answer[task_views.Task]:
    """Make a task, or return the first one that was made with its dedupe key."""
    new = body.read(_request().raw_body, NewTask)
    if new.kind in _ALSO:
        require(principal, _ALSO[new.kind])
    key = request_key(principal, _request(), "POST /v1/tasks")
    try:
        made = api.tasks(container()).create(principal.owner, principal.actor, _draft(new), key)
    except NotFound as error:
        fix = "send the id of a task that exists"
        raise NotFound(error.detail, field="parent", fix=fix) from error
    return render_task.made(made, HTTPStatus.CREATED)


@tasks.route("/v1/tasks", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "A page of tasks."}, query=(*cursor.PAGE, _STATE, _LANE, _PARENT)
    ),
)
def list_tasks(principal: Principal) -> views.Page[task_views.Task]:
    """Return a page of the owner's tasks, or of those that came from another, newest first."""
    query = cursor.read(_request().query_params)
    wanted = Filter(state=one_of(query.filters, _STATE), lane=one_of(query.filters, _LANE))
    parent = query.filters.get(_PARENT.name)
    if parent is not None and not is_identifier(parent):
        raise Invalid("it is not the id of a task", field="parent", fix="send the id of a task")
    found = api.tasks(container()).list(principal.owner, parent, wanted, query.after, query.limit)
    return render.page([render_task.task(task) for task in found.items], found.next)


@tasks.route("/v1/tasks/{task_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The task."}))
def get_task(principal: Principal, task_id: str) -> task_views.Task:
    """Return a task with its attempts."""
    task = api.tasks(container()).get(principal.owner, identifier(task_id, "task"))
    return render_task.task(task)


@tasks.route("/v1/tasks/{task_id}/pause", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _MOVED)
def pause_task(principal: Principal, task_id: str) -> task_views.Task:
    """Pause a task that has not begun."""
    return _moved(principal, task_id, TaskService.pause)


@tasks.route("/v1/tasks/{task_id}/resume", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _MOVED)
def resume_task(principal: Principal, task_id: str) -> task_views.Task:
    """Let a paused task go on."""
    return _moved(principal, task_id, TaskService.resume)


@tasks.route("/v1/tasks/{task_id}/retry", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _MOVED)
def retry_task(principal: Principal, task_id: str) -> task_views.Task:
    """Give a task that ended without success a new life."""
    return _moved(principal, task_id, TaskService.retry)


@tasks.route("/v1/tasks/{task_id}/cancel", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "The task as it is then, asked to stop or stopped."},
        body=Cancel,
        may_be_empty=True,
        errors=(Conflict,),
    ),
)
def cancel_task(principal: Principal, task_id: str) -> Answer[task_views.Task]:
    """Ask a task to stop."""
    asked = body.read(_request().raw_body or b"{}", Cancel)
    task = api.tasks(container()).cancel(
        principal.owner, principal.actor, identifier(task_id, "task"), asked.reason
    )
    return Answer(render_task.task(task), status=HTTPStatus.ACCEPTED)


def _moved(
    principal: Principal, task_id: str, move: Callable[[TaskService, str, str, str], Task]
) -> task_views.Task:
    """Move a task by an order that says nothing more, and return it."""
    body.read(_request().raw_body or b"{}", Nothing)
    task_id = identifier(task_id, "task")
    task = move(api.tasks(container()), principal.owner, principal.actor, task_id)
    return render_task.task(task)


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
