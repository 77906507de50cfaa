"""`/v1/runs`: what a firing did."""

from typing import Any

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.functions.http import render
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.api import transcripts
from chalicelib.functions.wiring.container import container

runs = Blueprint(__name__)


def _request() -> Request:
    return runs.current_request


@runs.route("/v1/runs/{run_id}", methods=["GET"])
@answers
@owners(_request)
def get_run(principal: Principal, run_id: str) -> dict[str, Any]:
    """Return a run with its steps and result."""
    return render.run(transcripts(container()).view(principal.owner, identifier(run_id, "run")))
