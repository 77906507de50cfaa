"""What may be asked of a list: `limit` and `cursor`, and nothing else."""

import base64

import pytest

from tests.functions.http.api import Api, assert_problem


@pytest.mark.parametrize("limit", ["0", "201", "-1", "", "abc", "1.5", "1e2", "99999", "%D9%A1"])
def test_a_limit_outside_one_to_200_is_refused(closed_api: Api, limit: str) -> None:
    problem = assert_problem(closed_api.get(f"/v1/jobs?limit={limit}"), 422, "limit")
    assert problem["fix"] == "use 1 to 200"


@pytest.mark.parametrize("limit", ["1", "200"])
def test_both_ends_of_the_limit_are_taken(closed_api: Api, limit: str) -> None:
    assert closed_api.get(f"/v1/jobs?limit={limit}").status == 200


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense!",
        "====",
        "%FF",
        "%C3%A9",
        _encoded("lower case"),
        _encoded("A" * 1_025),
        _encoded("other/J"),
        "A" * 5_000,
    ],
)
def test_a_cursor_that_we_did_not_give_is_refused(closed_api: Api, cursor: str) -> None:
    problem = assert_problem(closed_api.get(f"/v1/jobs?cursor={cursor}"), 422, "cursor")
    assert problem["fix"] == "leave it out"


def test_an_unknown_parameter_is_refused_by_its_name(closed_api: Api) -> None:
    problem = assert_problem(closed_api.get("/v1/jobs?page=2&limit=0"), 422, "page")
    assert problem["fix"] == "use: cursor, limit"


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/J/firings", "/v1/runs", "/v1/tasks"])
def test_a_repeated_parameter_is_refused_by_its_name(closed_api: Api, path: str) -> None:
    problem = assert_problem(closed_api.get(f"{path}?limit=1&limit=2"), 422, "limit")
    assert problem["fix"] == "give it once"


@pytest.mark.parametrize("path", ["/v1", "/healthz", "/v1/status", "/v1/settings", "/v1/jobs/J"])
def test_what_is_no_list_takes_no_parameters(closed_api: Api, path: str) -> None:
    problem = assert_problem(closed_api.get(f"{path}?limit=1"), 422, "limit")
    assert problem["fix"] == "leave it out"
