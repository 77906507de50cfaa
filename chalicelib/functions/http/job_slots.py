"""`/v1/routines/{job_id}/..`, and of jobs: slots to come, and what of the past is made up for."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.clock import rfc3339
from chalicelib.errors import Conflict, Invalid
from chalicelib.functions.http import body, job_views, render, render_slots
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.models import NewBackfill, ReviewDecision
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.routines import both
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.scheduler.making_up import MadeUp

job_slots = Blueprint(__name__)


def _request() -> Request:
    return job_slots.current_request


@both(job_slots, "GET", "/{job_id}/preview")
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "Its next five slots."}))
def preview_job(principal: Principal, job_id: str) -> job_views.Preview:
    """Say when a job fires next, by its own clocks and in UTC."""
    of = container()
    job = api.jobs(of).get(principal.owner, identifier(job_id, "job"))
    return render_slots.preview(job, of.clock.now())


@both(job_slots, "POST", "/{job_id}/review")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "It is decided; what is replayed runs in lane low."},
        body=ReviewDecision,
        errors=(Conflict,),
    ),
)
def review_job(principal: Principal, job_id: str) -> Answer[job_views.MadeUp]:
    """Replay or dismiss slots that were missed too long ago to catch up."""
    decision = body.read(_request().raw_body, ReviewDecision)
    job_id, service = identifier(job_id, "job"), api.making_up(container())
    who = (principal.owner, principal.actor, job_id)
    if decision.action == "dismiss":
        service.dismiss(*who)
        return _made(MadeUp([]))
    return _made(service.replay(*who, decision.limit))


@both(job_slots, "POST", "/{job_id}/backfill")
@answers
@owners(_request)
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "The firings were made, or had been; they run in lane low."},
        body=NewBackfill,
        errors=(Conflict,),
    ),
)
def backfill_job(principal: Principal, job_id: str) -> Answer[job_views.MadeUp]:
    """Fire the slots of a past range that have not fired, each at most once."""
    new = body.read(_request().raw_body, NewBackfill)
    if new.since is None or new.until is None:
        field = "from" if new.since is None else "to"
        raise Invalid("it is missing", field=field, fix="send an instant of the past")
    made = api.making_up(container()).backfill(
        principal.owner,
        principal.actor,
        identifier(job_id, "job"),
        new.since,
        new.until,
        new.limit,
    )
    return _made(made)


def _made(made: MadeUp) -> Answer[job_views.MadeUp]:
    return Answer(
        {
            "firings": [render.firing(task) for task in made.firings],
            "continue_from": rfc3339(made.following) if made.following else None,
        },
        status=HTTPStatus.ACCEPTED,
    )
