"""`/v1` and what it says of the whole: its health, status, settings and own description."""

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.app import Blueprint, Request

from chalicelib.access.service import Principal
from chalicelib.functions.http import render, status_views, views
from chalicelib.functions.http.auth import owners
from chalicelib.functions.http.operation import Operation, operation
from chalicelib.functions.http.problem import answers
from chalicelib.functions.http.status import status
from chalicelib.functions.wiring.container import container
from chalicelib.settings import stage

_OPENAPI = Path(__file__).with_name("openapi.json")

root = Blueprint(__name__)


def _request() -> Request:
    return root.current_request


@root.route("/v1", methods=["GET"])
@answers
@operation(_request, Operation(answers={HTTPStatus.OK: "Its name and links."}, is_open=True))
def name_api() -> status_views.ApiName:
    """Name the API and where to go on."""
    links = {
        "approvals": "/v1/approvals",
        "description": "/v1/openapi.json",
        "gate": "/v1/gate",
        "health": "/healthz",
        "heartbeats": "/v1/heartbeats",
        "jobs": "/v1/jobs",
        "journal": "/v1/journal",
        "pairing": "/v1/pairing/requests",
        "policies": "/v1/policies",
        "routines": "/v1/routines",
        "runs": "/v1/runs",
        "settings": "/v1/settings",
        "status": "/v1/status",
        "tasks": "/v1/tasks",
    }
    return {"name": "palyra", "stage": stage(), "links": links}


@root.route("/healthz", methods=["GET"])
@answers
@operation(_request, Operation(answers={HTTPStatus.OK: "It runs."}, is_open=True))
def healthz() -> status_views.Health:
    """Say that the function runs and its settings are valid."""
    container()
    return {"status": "ok"}


@root.route("/v1/openapi.json", methods=["GET"])
@answers
@operation(_request, Operation(answers={HTTPStatus.OK: "An OpenAPI document."}, is_open=True))
def get_openapi() -> dict[str, Any]:
    """Return the description of this API, as OpenAPI 3.1."""
    return _openapi()


@root.route("/v1/status", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "The status."}))
def get_status(principal: Principal) -> status_views.Status:
    """Say whether all is well, and why not."""
    return status(container(), principal.owner)


@root.route("/v1/settings", methods=["GET"])
@answers
@owners(_request)
@operation(_request, Operation(answers={HTTPStatus.OK: "All settings."}))
def list_settings(_principal: Principal) -> views.Page[status_views.Setting]:
    """Return the settings in effect and where each comes from, secrets masked."""
    reported = container().settings.report()
    return render.page([render.setting(each) for each in reported], None)


@cache
def _openapi() -> dict[str, Any]:
    description: dict[str, Any] = json.loads(_OPENAPI.read_text())
    return description
