"""`/` and `/healthz`: what anybody may ask."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.container import container
from chalicelib.settings import stage

root = Blueprint(__name__)


@root.route("/", methods=["GET"])
def name_api() -> dict[str, Any]:
    """Name the API and where to go on."""
    return {"name": "palyra", "stage": stage(), "links": {"jobs": "/v1/jobs", "health": "/healthz"}}


@root.route("/healthz", methods=["GET"])
@answers
def healthz() -> dict[str, str]:
    """Say that the function runs and its settings are valid."""
    container()
    return {"status": "ok"}
