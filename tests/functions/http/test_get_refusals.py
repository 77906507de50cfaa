"""Ids in paths that name nothing."""

import pytest

from tests.functions.http.api import Api, assert_problem

ID = "01M81J18G00000000000000000"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/jobs/{}"),
        ("DELETE", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/firings"),
        ("POST", "/v1/jobs/{}/pause"),
        ("POST", "/v1/jobs/{}/run"),
        ("GET", "/v1/runs/{}"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"{ID}-001795348860",
        ID.lower(),
        "no-such-job",
        "..",
        "%2e%2e",
        "..%2F..",
        "other%23J",
        "%00",
        "%F0%9F%98%80",
        "%ED%A0%80",
        "a" * 5_000,
        "A" * 65,
        "'",
        "*",
        "-",
    ],
)
def test_an_id_that_names_nothing_is_not_found(
    closed_api: Api, method: str, path: str, text: str
) -> None:
    assert_problem(closed_api.send(method, path.format(text)), 404)
