"""`/v1/jobs/{job_id}/health`: how a job is doing.

It is a resource of its own and no part of the job: it reads the job's ledger, which whoever lists
jobs need not pay for.
"""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.functions.http import job_views, render_slots
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.routines import both
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container

job_health = Blueprint(__name__)


def _request() -> Request:
    return job_health.current_request


@both(job_health, "GET", "/{job_id}/health")
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "Whether all is well with it."}))
def get_job_health(principal: Principal, job_id: str) -> job_views.JobSnapshot:
    """Say how a job is doing: what is due, missed or unfired, and what waits for an operator."""
    checkup = api.checkup(container())
    return render_slots.snapshot(checkup.look_at(principal.owner, identifier(job_id, "job")))
