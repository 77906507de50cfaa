"""`/v1/erasures`: what was known of jobs and tasks, and is to be known no more."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict, NotFound
from chalicelib.functions.http import (
    body,
    cursor,
    journal_views,
    render,
    render_journal,
    render_task,
    task_views,
    views,
)
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.models import NewErasure
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container

erasures = Blueprint(__name__)


def _request() -> Request:
    return erasures.current_request


@erasures.route("/v1/erasures", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.ACCEPTED: "The erasure was asked for; a worker carries out this task.",
            HTTPStatus.OK: "The task that was made with this Idempotency-Key before.",
        },
        body=NewErasure,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
        errors=(Conflict, NotFound),
    ),
)
def erase_subject(principal: Principal) -> Answer[task_views.Task]:
    """Ask for what is known of a job or task to be erased, with all that came of it.

    So is what was written on a node, and why an incident was resolved. It cannot be undone. The job
    must be deleted, the task have ended, the node be thrown out. The task of the erasure succeeds
    when nothing of it can be read anywhere, a quarter of an hour after its key was erased at least.
    """
    wanted = body.read(_request().raw_body, NewErasure)
    key = request_key(principal, _request(), "POST /v1/erasures")
    made = api.erasures(container()).ask(principal.owner, principal.actor, wanted.model_dump(), key)
    return render_task.made(made, HTTPStatus.ACCEPTED)


@erasures.route("/v1/erasures", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of erasures."}, query=cursor.PAGE))
def list_erasures(principal: Principal) -> views.Page[journal_views.Erasure]:
    """Return a page of the owner's erasures, the latest asked for first, once a key is erased."""
    query = cursor.read(_request().query_params)
    found = api.erasures(container()).list(principal.owner, query.after, query.limit)
    return render.page([render_journal.erasure(each) for each in found.items], found.next)
