"""A request that makes something, sent again with its key."""

from typing import Any

import pytest

from tests.functions.http.api import Api, Reply, a_job, assert_problem
from tests.functions.http.tasks import a_task
from tests.support.world import MINUTE

KEY = "3f9a-0b1c"
MADE = [("/v1/jobs", a_job()), ("/v1/tasks", a_task())]
each_route = pytest.mark.parametrize(("path", "body"), MADE, ids=["jobs", "tasks"])


def sent(api: Api, path: str, body: Any, key: str = KEY, owner: str = "main") -> Reply:
    return api.post(path, body, headers={"Idempotency-Key": key}, owner=owner)


def count(api: Api, path: str, owner: str = "main") -> int:
    return len(api.get(path, owner=owner).body["items"])


@each_route
def test_the_same_request_is_answered_with_what_it_made(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    first, again = sent(api, path, body), sent(api, path, body)

    assert (first.status, again.status) == (201, 200)
    assert first.body["id"] == again.body["id"]
    assert first.headers["Location"] == again.headers["Location"]
    assert count(api, path) == 1


@each_route
def test_another_body_with_the_same_key_is_refused(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    sent(api, path, body)
    other = body | ({"name": "other"} if path == "/v1/jobs" else {"priority": 1})
    assert_problem(sent(api, path, other), 422, "Idempotency-Key")
    assert count(api, path) == 1


@each_route
def test_another_key_makes_another_thing(api: Api, path: str, body: dict[str, Any]) -> None:
    assert sent(api, path, body).body["id"] != sent(api, path, body, key="another").body["id"]


@each_route
def test_a_key_is_each_owners_own(api: Api, path: str, body: dict[str, Any]) -> None:
    sent(api, path, body)
    assert sent(api, path, body, owner="other").status == 201
    assert (count(api, path), count(api, path, "other")) == (1, 1)


def test_a_key_is_each_routes_own(api: Api) -> None:
    assert [sent(api, path, body).status for path, body in MADE] == [201, 201]


def test_a_refused_request_uses_no_key_up(api: Api) -> None:
    assert_problem(sent(api, "/v1/jobs", a_job(tools=["rm"])), 422, "tools.0")
    assert sent(api, "/v1/jobs", a_job()).status == 201


def test_a_job_of_an_instant_that_has_passed_is_still_what_the_request_made(api: Api) -> None:
    body = a_job(schedule={"at": "2026-11-22T12:05:00Z"})
    first = sent(api, "/v1/jobs", body)
    api.world.clock.move(10 * MINUTE)
    again = sent(api, "/v1/jobs", body)
    assert (again.status, again.body["id"]) == (200, first.body["id"])


@pytest.mark.parametrize("key", ["", " ", "a b", "\x7f", "ключ", "k" * 256])
@each_route
def test_a_key_is_1_to_255_visible_characters(
    api: Api, path: str, body: dict[str, Any], key: str
) -> None:
    assert_problem(sent(api, path, body, key), 400, "Idempotency-Key")


@pytest.mark.parametrize("key", ["!", "k" * 255])
def test_the_shortest_and_the_longest_key_are_taken(api: Api, key: str) -> None:
    assert sent(api, "/v1/jobs", a_job(), key).status == 201
