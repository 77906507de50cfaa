"""`/v1/runs`: what firings and tasks did."""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.errors import Invalid
from chalicelib.functions.http import cursor, render, run_views, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.identifier import identifier, is_identifier
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.query import Parameter
from chalicelib.functions.wiring.api import transcripts
from chalicelib.functions.wiring.container import container

_JOB = Parameter("job", "Only runs of the job of this id.", {"type": "string"})

runs = Blueprint(__name__)


def _request() -> Request:
    return runs.current_request


@runs.route("/v1/runs", methods=["GET"])
@answers
@owners(_request)
@operation(
    _request, Operation(answers={HTTPStatus.OK: "A page of runs."}, query=(*cursor.PAGE, _JOB))
)
def list_runs(principal: Principal) -> views.Page[run_views.Run]:
    """Return a page of the owner's runs, or of those of a job, newest first."""
    query = cursor.read(_request().query_params)
    job = query.filters.get(_JOB.name)
    if job is not None and not is_identifier(job):
        raise Invalid("it is not the id of a job", field=_JOB.name, fix="send the id of a job")
    found = transcripts(container()).list(principal.owner, job, query.after, query.limit)
    return render.page([render.run(header) for header in found.items], found.next)


@runs.route("/v1/runs/{run_id}", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The run."}))
def get_run(principal: Principal, run_id: str) -> run_views.RunDetail:
    """Return a run with its steps and result."""
    view = transcripts(container()).view(principal.owner, identifier(run_id, "run"))
    return render.run_detail(view)
