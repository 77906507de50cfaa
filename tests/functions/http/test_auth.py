import re

import pytest

from chalicelib.access.token import mint
from tests.functions.http import contract
from tests.functions.http.api import Api, a_job, assert_problem

ROUTES = [
    (method.upper(), re.sub("{.*?}", "X", path))
    for path, methods in contract.DOCUMENT["paths"].items()
    for method, described in methods.items()
    if "security" not in described
]


def secured_by(*schemes: dict[str, list[str]]) -> list[str]:
    """Return the paths of the routes that need exactly this."""
    paths = contract.DOCUMENT["paths"].items()
    every = ((path, each) for path, methods in paths for each in methods.values())
    return sorted(path for path, each in every if each.get("security") == list(schemes))


def test_nobody_needs_a_token_to_find_the_way_or_to_pair() -> None:
    session = "/v1/pairing/sessions/{session_id}"
    pairing = ["/v1/pairing/recover", "/v1/pairing/recoveries", "/v1/pairing/sessions"]
    pairing += [f"{session}/claim", f"{session}/hello"]
    assert secured_by() == ["/healthz", "/v1", "/v1/openapi.json", *pairing]


def test_certificates_are_for_routes_of_one_device() -> None:
    found = secured_by({"certificate": []})
    assert "/v1/nodes/{device_id}/whoami" in found
    assert all(path.startswith("/v1/nodes/{device_id}/") for path in found)


def test_every_other_route_needs_a_token() -> None:
    every = sum(len(methods) for methods in contract.DOCUMENT["paths"].values())
    others = [*secured_by(), *secured_by({"certificate": []})]
    assert every - len(ROUTES) == len(others)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_of_an_owner_needs_a_token(closed_api: Api, method: str, path: str) -> None:
    reply = closed_api.send(method, path, a_job(), headers={"Authorization": ""})
    problem = assert_problem(reply, 401)
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer palyra_" in problem["fix"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer palyra_main_",
        "Basic bWFpbjpodW50ZXIy",
        "palyra_main_" + "a" * 43,
        "Bearer palyra_main_" + "a" * 43,
        "Bearer palyra_system_" + "a" * 43,
        "Bearer palyra_mäin_" + "ä" * 43,
        "Bearer " + "a" * 100_000,
        "Bearer \ud800",
        "\x00",
    ],
)
def test_a_token_that_is_none_of_ours_is_refused(closed_api: Api, header: str) -> None:
    assert_problem(closed_api.get("/v1/jobs", headers={"Authorization": header}), 401)


def test_a_refusal_does_not_repeat_the_token(closed_api: Api) -> None:
    token = mint("main").text
    reply = closed_api.get("/v1/jobs", headers={"Authorization": f"Bearer {token}"})
    assert token not in str(reply.body)


def test_who_may_call_is_decided_before_the_body_is_read(closed_api: Api) -> None:
    assert_problem(closed_api.post("/v1/jobs", b"{", headers={"Authorization": ""}), 401)


def test_a_token_of_one_owner_is_none_of_another(closed_api: Api) -> None:
    spliced = closed_api.token("main").replace("_main_", "_other_")
    assert_problem(closed_api.get("/v1/jobs", headers={"Authorization": f"Bearer {spliced}"}), 401)
