import pytest

from chalicelib.background.task import State
from tests.functions.http.api import Api, assert_problem

MOVES = ["pause", "resume", "retry", "cancel"]


@pytest.mark.parametrize(
    ("query", "field", "fix"),
    [
        ("lane=fast", "lane", "use: high, normal, low"),
        ("parent=main%23tasks", "parent", "send the id of a task"),
        ("parent=", "parent", "send the id of a task"),
        ("kind=x", "kind", "use: cursor, lane, limit, parent, state"),
        ("limit=0", "limit", "use 1 to 200"),
        ("cursor=!", "cursor", "leave it out"),
        (
            "state=done",
            "state",
            f"use: {', '.join(State)}, cancel_requested",
        ),
    ],
)
def test_a_filter_that_is_not_one_is_refused_with_what_is(
    closed_api: Api, query: str, field: str, fix: str
) -> None:
    problem = assert_problem(closed_api.get(f"/v1/tasks?{query}"), 422, field)
    assert problem["fix"] == fix


@pytest.mark.parametrize("task_id", ["T", "t", "-", "T-", "-T", "J-001795348860", "A" * 1_025])
def test_what_is_no_task_is_not_found(closed_api: Api, task_id: str) -> None:
    assert_problem(closed_api.get(f"/v1/tasks/{task_id}"), 404)


def test_every_state_has_a_name_that_lists_can_be_narrowed_by(closed_api: Api) -> None:
    statuses = {closed_api.get(f"/v1/tasks?state={state}").status for state in State}

    assert statuses == {200}


@pytest.mark.parametrize("how", MOVES)
@pytest.mark.parametrize("body", [b"[]", b'{"force": true}'])
def test_a_body_that_means_nothing_is_refused(closed_api: Api, how: str, body: bytes) -> None:
    assert closed_api.post(f"/v1/tasks/T/{how}", body).status == 422


@pytest.mark.parametrize("reason", ["", " ", "r" * 201, 7, None, "\ud800"])
def test_a_reason_that_is_none_is_refused(closed_api: Api, reason: object) -> None:
    assert_problem(closed_api.post("/v1/tasks/T/cancel", {"reason": reason}), 422, "reason")


def test_an_unknown_kind_is_refused_with_what_is_known(closed_api: Api) -> None:
    problem = assert_problem(closed_api.get("/v1/heartbeats?kind=job"), 422, "kind")

    assert problem["fix"] == "use: background_task, run, approval, channel_worker"


@pytest.mark.parametrize("query", ["state=running", "limit=0", "cursor=!"])
def test_what_cannot_be_asked_is_refused_by_its_name(closed_api: Api, query: str) -> None:
    field = query.partition("=")[0]

    assert_problem(closed_api.get(f"/v1/heartbeats?{query}"), 422, field)
