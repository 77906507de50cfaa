import pytest

from tests.functions.http.api import Api, assert_problem


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/jobs"),
        ("PUT", "/v1/jobs/J"),
        ("DELETE", "/v1/jobs"),
        ("PATCH", "/v1/tasks/T"),
        ("POST", "/v1/status"),
        ("DELETE", "/v1/settings"),
        ("PATCH", "/v1/runs/R"),
        ("POST", "/healthz"),
        ("HEAD", "/v1/jobs"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_a_problem(
    closed_api: Api, method: str, path: str
) -> None:
    reply = closed_api.send(method, path)
    assert_problem(reply, 405)
    assert "GET" in reply.headers["Allow"]
