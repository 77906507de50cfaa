"""What holds answers against the OpenAPI document finds those that break it."""

from typing import Any

import pytest
from jsonschema import ValidationError

from tests.functions.http.contract import check_answer, check_request, operation

HEALTHY = {"Content-Type": "application/json", "ETag": '"a"'}
PROBLEM = {"type": "urn:palyra:problem:x", "title": "t", "status": 422, "detail": "d"}


def healthz(status: int = 200, headers: dict[str, str] = HEALTHY, body: Any = None) -> None:
    check_answer("GET", "/healthz?x=1", status, headers, {"status": "ok"} if body is None else body)


def test_an_answer_as_promised_passes() -> None:
    healthz()
    healthz(422, {"Content-Type": "application/problem+json"}, PROBLEM)


@pytest.mark.parametrize("body", [{}, {"status": "bad"}, {"status": "ok", "more": 1}, [], "ok"])
def test_another_body_is_found(body: Any) -> None:
    with pytest.raises(ValidationError):
        healthz(body=body)


def test_a_refusal_that_is_no_problem_is_found() -> None:
    with pytest.raises(ValidationError):
        healthz(422, {"Content-Type": "application/problem+json"}, {"message": "no"})


@pytest.mark.parametrize("status", [201, 404, 418])
def test_a_status_that_was_not_promised_is_found(status: int) -> None:
    with pytest.raises(AssertionError, match=str(status)):
        healthz(status)


def test_another_media_type_is_found() -> None:
    with pytest.raises(AssertionError):
        healthz(headers=HEALTHY | {"Content-Type": "text/html"})


def test_a_missing_header_is_found() -> None:
    with pytest.raises(KeyError, match="ETag"):
        healthz(headers={"Content-Type": "application/json"})


def test_a_request_that_is_forbidden_is_found() -> None:
    check_request("PATCH", "/v1/jobs/J", b'{"name": "new"}')
    with pytest.raises(ValidationError):
        check_request("PATCH", "/v1/jobs/J", b'{"name": null}')


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/v1/jobs/J/", "/v1/jobs/{job_id}"),
        ("GET", "/v1/jobs/J?x=1", "/v1/jobs/{job_id}"),
        ("GET", "/v1/openapi.json", "/v1/openapi.json"),
        ("PUT", "/v1/jobs/J", None),
        ("GET", "/", None),
    ],
)
def test_a_path_is_found_by_its_template(method: str, path: str, template: str | None) -> None:
    found = operation(method, path)
    assert (found[0] if found else None) == template
