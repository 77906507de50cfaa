from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.routes import Routes
from tests.infra.conftest import Emulator

ROUTES = Routes(
    {
        "/": ["GET"],
        "/v1/jobs": ["GET", "POST"],
        "/v1/jobs/{id}": ["GET", "PATCH"],
        "/v1/jobs/{id}/run": ["POST"],
        "/v1/{kind}/newest": ["DELETE"],
        "/v1/proxy": ["ANY"],
    }
)


@pytest.mark.parametrize(
    ("path", "route", "variables"),
    [
        ("/", "/", {}),
        ("//v1/jobs/", "/v1/jobs", {}),
        ("/v1/jobs/1", "/v1/jobs/{id}", {"id": "1"}),
        ("/v1/jobs/%41%20b/run", "/v1/jobs/{id}/run", {"id": "A b"}),
        ("/v1/tasks/newest", "/v1/{kind}/newest", {"kind": "tasks"}),
    ],
)
def test_a_paths_route_is_found_with_its_variables(
    path: str, route: str, variables: dict[str, str]
) -> None:
    assert ROUTES.find(path) == (route, variables)


@pytest.mark.parametrize("path", ["/v1", "/v1/JOBS", "/v1/jobs/a%2Fb", "/v1/jobs/1/2"])
def test_what_is_no_routes_path_has_none(path: str) -> None:
    assert ROUTES.find(path) is None


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", {"GET"}),
        ("", {"GET"}),
        ("/v1/jobs", {"GET", "POST"}),
        ("/v1/jobs/", {"GET", "POST"}),
        ("//v1///jobs", {"GET", "POST"}),
        ("/v1/%6Aobs", {"GET", "POST"}),
        ("/v1/jobs/1", {"GET", "PATCH"}),
        ("/v1/jobs/newest", {"GET", "PATCH"}),
        ("/v1/jobs/1/run", {"POST"}),
        ("/v1/tasks/newest", {"DELETE"}),
        ("/v1", set()),
        ("/v1/JOBS", set()),
        ("/v1/jobs/1/2", set()),
        ("/v1/jobs/a%2Fb", set()),
        ("/v1/jobs/a%2frun", set()),
        ("/v1%2Fjobs", set()),
    ],
)
def test_the_methods_of_a_path_are_those_of_its_closest_route(path: str, methods: set[str]) -> None:
    assert ROUTES.methods(path) == methods


def test_any_is_every_method_that_the_gateway_takes() -> None:
    assert ROUTES.methods("/v1/proxy") >= {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST"}


@given(st.text(min_size=1).filter(lambda text: "/" not in text))
def test_an_id_may_be_anything_but_a_slash(text: str) -> None:
    path = f"/v1/jobs/{quote(text, safe='', errors='surrogatepass')}"
    assert ROUTES.methods(path) >= {"GET"}


@pytest.fixture
def api(bridged: Emulator) -> Iterator[str]:
    """An API with more resources than one page of them has."""
    gateway = bridged.client("apigateway")
    made = gateway.create_rest_api(name="routes")["id"]
    (root,) = gateway.get_resources(restApiId=made)["items"]
    for number in range(30):
        part = gateway.create_resource(
            restApiId=made, parentId=root["id"], pathPart=f"part{number}"
        )["id"]
        gateway.put_method(
            restApiId=made, resourceId=part, httpMethod="POST", authorizationType="NONE"
        )
    yield made
    gateway.delete_rest_api(restApiId=made)


def test_they_are_what_the_gateway_says(
    bridged: Emulator, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", bridged.url)
    routes = Routes.of(api)

    assert routes.methods("/") == set()
    assert [routes.methods(f"/part{number}") for number in range(30)] == [{"POST"}] * 30
