"""`/v1/routines` and `/v1/jobs`: routines and their ledgers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Conflict, Invalid, PreconditionFailed
from chalicelib.functions.http import body, cursor, etag, job_views, render, routines, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.idempotency import IDEMPOTENCY_KEY, request_key
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.job_terms import JobTerms, terms
from chalicelib.functions.http.models import JobChange, JobPause, NewJob, Nothing
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.http.routines import both
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.ranges import is_range, slots_of
from chalicelib.scheduler.service import Change, Draft, JobService, MadeJob
from chalicelib.schedules import InvalidSchedule, Schedule, normalize_schedule

_IF_MATCH = Parameter(
    "If-Match",
    "The ETag of the job as it was seen; refused where its version is another one by now.",
    {"type": "string"},
)
_SHOWN = Operation(answers={HTTPStatus.OK: "The job."}, has_version=True)
_MOVED = Operation(
    answers={HTTPStatus.OK: "The job as it is then."},
    body=Nothing,
    may_be_empty=True,
    errors=(Conflict,),
    has_version=True,
)

jobs = Blueprint(__name__)


def _request() -> Request:
    return jobs.current_request


@both(jobs, "POST")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.CREATED: "The job was made.",
            HTTPStatus.OK: "The job that was made with this Idempotency-Key before.",
        },
        body=NewJob,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
        has_version=True,
    ),
)
def create_job(principal: Principal) -> Answer[job_views.Job]:
    """Make a job; its first slots are handed over at once."""
    new = routines.read(_request(), NewJob)
    when = _when(new)
    service, now = api.jobs(container()), container().clock.now()
    key = request_key(principal, _request(), "POST /v1/jobs", routines.order(_request()))
    # Asked before the schedule is read: an instant that was to come then may have passed.
    if key and (first := service.requests.made(key, now)):
        return _made(MadeJob(service.get(principal.owner, first), is_new=False))
    draft = Draft(
        name=new.name,
        schedule=_schedule(*when),
        prompt=new.prompt,
        tools=new.tools,
        concurrency=new.concurrency,
        terms=terms(new, service.max_attempts),
    )
    return _made(service.create(principal.owner, principal.actor, draft, key))


@both(jobs, "GET")
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of jobs."}, query=cursor.PAGE))
def list_jobs(principal: Principal) -> views.Page[job_views.Job]:
    """Return a page of the owner's jobs, newest first."""
    query = cursor.read(_request().query_params)
    found = api.jobs(container()).list(principal.owner, query.after, query.limit)
    now = container().clock.now()
    return render.page([_view(job, now) for job in found.items], found.next)


@both(jobs, "GET", "/{job_id}")
@answers
@owners(_request)
@operation(_request, _SHOWN)
def get_job(principal: Principal, job_id: str) -> Answer[job_views.Job]:
    """Return a job; one that was deleted can still be looked at."""
    return _shown(_found(principal, job_id))


@both(jobs, "PATCH", "/{job_id}")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The job as it is then."},
        body=JobChange,
        headers=(_IF_MATCH,),
        errors=(Conflict, PreconditionFailed),
        has_version=True,
    ),
)
def change_job(principal: Principal, job_id: str) -> Answer[job_views.Job]:
    """Change a job; a changed schedule begins now."""
    new = routines.read(_request(), JobChange)
    own = new.model_fields_set - JobTerms.model_fields.keys() - {"trigger"}
    given: dict[str, Any] = {name: getattr(new, name) for name in own}
    given["terms"] = terms(new, api.jobs(container()).max_attempts)
    if (when := routines.scheduled(new)) is not None:
        given["schedule"] = _schedule(*when)
    expected = _expected(principal, job_id)
    job = api.jobs(container()).edit(
        principal.owner, principal.actor, identifier(job_id, "job"), Change(**given), expected
    )
    return _shown(job)


@both(jobs, "DELETE", "/{job_id}")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.OK: "The job, deleted; its firings and runs stay readable."},
        headers=(_IF_MATCH,),
        errors=(PreconditionFailed,),
        has_version=True,
    ),
)
def delete_job(principal: Principal, job_id: str) -> Answer[job_views.Job]:
    """Delete a job; deleting it again changes nothing."""
    expected = _expected(principal, job_id)
    job = api.jobs(container()).delete(
        principal.owner, principal.actor, identifier(job_id, "job"), expected
    )
    return _shown(job)


@both(jobs, "POST", "/{job_id}/pause")
@answers
@owners(_request)
@operation(_request, replace(_MOVED, body=JobPause))
def pause_job(principal: Principal, job_id: str) -> Answer[job_views.Job]:
    """Let no more slots of a job fire, for good or until an instant."""
    until = body.read(_request().raw_body or b"{}", JobPause).until
    job_id = identifier(job_id, "job")
    service = api.jobs(container())
    return _shown(service.pause(principal.owner, principal.actor, job_id, until))


@both(jobs, "POST", "/{job_id}/resume")
@answers
@owners(_request)
@operation(_request, _MOVED)
def resume_job(principal: Principal, job_id: str) -> Answer[job_views.Job]:
    """Let a job's slots fire again, from now on."""
    return _moved(principal, job_id, JobService.resume)


@both(jobs, "POST", "/{job_id}/run")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={
            HTTPStatus.ACCEPTED: "The firing was asked for, and runs as soon as a worker is free.",
            HTTPStatus.OK: "The firing that was asked for with this Idempotency-Key before.",
        },
        body=Nothing,
        may_be_empty=True,
        headers=(IDEMPOTENCY_KEY,),
        has_location=True,
        errors=(Conflict,),
    ),
)
def run_job(principal: Principal, job_id: str) -> Answer[job_views.Firing]:
    """Run a job now, at a slot of its own."""
    body.read(_request().raw_body or b"{}", Nothing)
    job_id = identifier(job_id, "job")
    key = request_key(principal, _request(), f"POST /v1/jobs/{job_id}/run")
    made = api.jobs(container()).run_now(principal.owner, principal.actor, job_id, key)
    return Answer(
        render.firing(made.task),
        status=HTTPStatus.ACCEPTED if made.is_new else HTTPStatus.OK,
        location=f"/v1/tasks/{made.task.ref.id}",
    )


@both(jobs, "GET", "/{job_id}/firings")
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "A page of firings."}, query=cursor.PAGE))
def list_firings(principal: Principal, job_id: str) -> views.Page[job_views.Firing]:
    """Return a page of a job's ledger, newest slot first."""
    query = cursor.read(_request().query_params)
    job_id = identifier(job_id, "job")
    found = api.jobs(container()).firings(principal.owner, job_id, query.after, query.limit)
    if not any(map(is_range, found.items)):
        return render.page([render.firing(task) for task in found.items], found.next)
    job = _found(principal, job_id)
    shown = [render.firing(task, slots_of(task, job)) for task in found.items]
    return render.page(shown, found.next)


def _found(principal: Principal, job_id: str) -> Job:
    return api.jobs(container()).get(principal.owner, identifier(job_id, "job"))


def _made(made: MadeJob) -> Answer[job_views.Job]:
    return Answer(
        _view(made.job, container().clock.now()),
        status=HTTPStatus.CREATED if made.is_new else HTTPStatus.OK,
        location=f"{routines.family(_request())}/{made.job.id}",
        version=made.job.ver,
    )


def _shown(job: Job) -> Answer[job_views.Job]:
    return Answer(_view(job, container().clock.now()), version=job.ver)


def _view(job: Job, now: datetime) -> job_views.Job:
    """Return a job in the shape of the family that is asked."""
    is_routine = routines.family(_request()) == routines.ROUTINES
    return render.routine(job, now) if is_routine else render.job(job, now)


def _moved(
    principal: Principal, job_id: str, move: Callable[[JobService, str, str, str], Job]
) -> Answer[job_views.Job]:
    """Move a job by an order that says nothing more, and return it."""
    body.read(_request().raw_body or b"{}", Nothing)
    job_id = identifier(job_id, "job")
    return _shown(move(api.jobs(container()), principal.owner, principal.actor, job_id))


def _when(new: NewJob) -> tuple[str, dict[str, Any]]:
    when = routines.scheduled(new)
    if when is None:
        raise Invalid("it is missing", field="trigger", fix=f"add it, as {routines.EXAMPLE}")
    return when


def _schedule(field: str, spec: dict[str, Any]) -> Schedule:
    """Return the schedule that a field says.

    Raises:
        InvalidSchedule: it says none; names what is wrong below that field.
    """
    of = container()
    try:
        return normalize_schedule(spec, now=of.clock.now(), default_timezone=of.settings.timezone)
    except InvalidSchedule as error:
        raise routines.blamed(error, field) from error


def _expected(principal: Principal, job_id: str) -> int | None:
    """Return the version that a change is made for, or None where any will do.

    Raises:
        Malformed: `If-Match` cannot be read.
        NotFound: the owner has no such job.
        PreconditionFailed: the job has another version.
    """
    allowed = etag.versions(_request().headers.get(_IF_MATCH.name))
    if allowed is None:
        return None
    job = _found(principal, job_id)
    if job.state is JobState.DELETED:
        return None  # Nothing can be changed of it: what was asked decides what that means.
    if job.ver not in allowed:
        raise PreconditionFailed(
            f"the job has version {job.ver} by now", fix="look at it again, then decide again"
        )
    return job.ver
