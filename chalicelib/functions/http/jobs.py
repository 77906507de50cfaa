"""`/v1/jobs`: jobs and their ledgers."""

from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.service import Principal
from chalicelib.functions.http import body, cursor, render
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import NewJob
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.scheduler.service import Draft
from chalicelib.schedules import normalize_schedule

jobs = Blueprint(__name__)


def _request() -> Request:
    return jobs.current_request


@jobs.route("/v1/jobs", methods=["POST"])
@answers
@owners(_request)
def create_job(principal: Principal) -> Response:
    """Make a job; its first slots are handed over at once."""
    new = body.read(_request().raw_body, NewJob)
    schedule = normalize_schedule(new.schedule, now=container().clock.now())
    draft = Draft(name=new.name, schedule=schedule, prompt=new.prompt, tools=new.tools)
    job = api.jobs(container()).create(principal.owner, principal.actor, draft)
    return Response(
        body=render.job(job),
        status_code=HTTPStatus.CREATED,
        headers={"Location": f"/v1/jobs/{job.id}"},
    )


@jobs.route("/v1/jobs", methods=["GET"])
@answers
@owners(_request)
def list_jobs(principal: Principal) -> dict[str, Any]:
    """Return a page of the owner's jobs, newest first."""
    query = cursor.read(_request().query_params)
    found = api.jobs(container()).list(principal.owner, query.after, query.limit)
    return render.page([render.job(job) for job in found.items], found.next)


@jobs.route("/v1/jobs/{job_id}", methods=["GET"])
@answers
@owners(_request)
def get_job(principal: Principal, job_id: str) -> dict[str, Any]:
    """Return a job."""
    return render.job(api.jobs(container()).get(principal.owner, identifier(job_id, "job")))


@jobs.route("/v1/jobs/{job_id}/firings", methods=["GET"])
@answers
@owners(_request)
def list_firings(principal: Principal, job_id: str) -> dict[str, Any]:
    """Return a page of a job's ledger, newest slot first."""
    query = cursor.read(_request().query_params)
    job = identifier(job_id, "job")
    found = api.jobs(container()).firings(principal.owner, job, query.after, query.limit)
    return render.page([render.firing(task) for task in found.items], found.next)
