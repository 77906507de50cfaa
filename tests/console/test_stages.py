import json

import pytest

from app import app
from tests.console.site import Site

PAGES = [
    "/",
    "/approvals",
    "/doctor",
    "/jobs/01M81J18G068RKEJVNQ9RFVHWP",
    "/runs/01M81J18G068RKEJVNQ9RFVHWP-000000000060",
    "/journal",
    "/nodes",
    "/nodes/01M81J18G068RKEJVNQ9RFVHWP",
    "/pairing",
    "/policies",
    "/incidents",
    "/incidents/incident_0123456789abcdef",
    "/static/console.css",
]


def test_every_route_of_the_console_is_among_those_that_are_tried() -> None:
    routes = {path for path, made in app.routes.items() if _is_of_console(made)}
    lists = {"/", "/approvals", "/doctor", "/incidents", "/journal", "/nodes", "/policies"}
    details = {"/incidents/{incident_id}", "/jobs/{job_id}", "/nodes/{device_id}", "/runs/{run_id}"}
    assert routes == {*lists, *details, "/pairing", "/static/{name}"}
    assert len(PAGES) == len(routes)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_there_is_no_console_on_any_other_stage(
    path: str, stage: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_STAGE", stage)
    reply = site.get(path)
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert json.loads(reply.html)["type"] == "urn:palyra:problem:not-found"


@pytest.mark.parametrize("path", ["/", "/static/console.css"])
def test_the_local_stage_has_one(path: str, site: Site) -> None:
    assert site.get(path).status == 200


def _is_of_console(made: object) -> bool:
    assert isinstance(made, dict)
    return any(
        route.view_function.__module__.startswith("chalicelib.functions.http.console")
        for route in made.values()
    )
