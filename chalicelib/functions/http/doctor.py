"""`/v1/doctor`: what is wrong with a stage, what it means, and what is done about it."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict, NotFound
from chalicelib.functions.http import (
    body,
    cursor,
    doctor_views,
    render,
    render_doctor,
    render_task,
    task_views,
    views,
)
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import NewExamination, Nothing
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.healing.doctor.catalogue import CHECKS

_AGAIN = "The task that was made with this Idempotency-Key before."
_CHANGES = Operation(
    answers={
        HTTPStatus.ACCEPTED: "The changes were asked for; a worker carries out this task.",
        HTTPStatus.OK: _AGAIN,
    },
    body=Nothing,
    may_be_empty=True,
    headers=(IDEMPOTENCY_KEY,),
    has_location=True,
    errors=(Conflict, NotFound),
)

doctor = Blueprint(__name__)


def _request() -> Request:
    return doctor.current_request


@doctor.route("/v1/doctor", methods=["POST"])
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.ACCEPTED: "The examination was asked for; a worker carries out this task.",
            HTTPStatus.OK: _AGAIN,
        },
        body=NewExamination,
        may_be_empty=True,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
    ),
)
def examine(principal: Principal) -> Answer[task_views.Task]:
    """Ask the doctor to look at the stage, and at what is the owner's; nothing is changed."""
    wanted = body.read(_request().raw_body or b"{}", NewExamination)
    key = request_key(principal, _request(), "POST /v1/doctor")
    fields = wanted.model_dump(mode="json", exclude_defaults=True)
    made = api.doctor(container()).ask(principal.owner, principal.actor, fields, key)
    return render_task.made(made, HTTPStatus.ACCEPTED)


@doctor.route("/v1/doctor", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request, Operation(answers={HTTPStatus.OK: "A page of examinations."}, query=cursor.PAGE)
)
def list_examinations(principal: Principal) -> views.Page[doctor_views.Examination]:
    """Return a page of the owner's examinations, the latest asked for first."""
    query = cursor.read(_request().query_params)
    found = api.doctor(container()).list(principal.owner, query.after, query.limit)
    return render.page([render_doctor.examination(each) for each in found.items], found.next)


@doctor.route("/v1/doctor/checks", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The checks, in their order."}))
def list_checks(_principal: Principal) -> views.Page[doctor_views.DoctorCheck]:
    """Return every check that the doctor knows, on one page."""
    return render.page([render_doctor.check(each) for each in CHECKS], None)


@doctor.route("/v1/doctor/{task_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The examination."}))
def get_examination(principal: Principal, task_id: str) -> doctor_views.Examination:
    """Return how far an examination has come and what it saw, once a worker has begun it."""
    found = api.doctor(container()).get(principal.owner, identifier(task_id, "examination"))
    return render_doctor.examination(found)


@doctor.route("/v1/doctor/{task_id}/fix", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _CHANGES)
def fix_by_doctor(principal: Principal, task_id: str) -> Answer[task_views.Task]:
    """Ask for the changes that an examination has planned, each while its target is as it was.

    For admins of the owner main, who look after the stage.
    """
    run = identifier(task_id, "examination")
    body.read(_request().raw_body or b"{}", Nothing)
    key = request_key(principal, _request(), f"POST /v1/doctor/{run}/fix")
    made = api.doctor(container()).fix(principal.owner, principal.actor, run, key)
    return render_task.made(made, HTTPStatus.ACCEPTED)


@doctor.route("/v1/doctor/{task_id}/undo", methods=["POST"])
@answers
@owners(_request)
@operation(_request, _CHANGES)
def undo_by_doctor(principal: Principal, task_id: str) -> Answer[task_views.Task]:
    """Ask for what a fix has changed to be put back, as far as it can be and is still so.

    For admins of the owner main, who look after the stage.
    """
    run = identifier(task_id, "examination")
    body.read(_request().raw_body or b"{}", Nothing)
    key = request_key(principal, _request(), f"POST /v1/doctor/{run}/undo")
    made = api.doctor(container()).undo(principal.owner, principal.actor, run, key)
    return render_task.made(made, HTTPStatus.ACCEPTED)
