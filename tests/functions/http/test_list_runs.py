from itertools import chain
from typing import Any

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.functions.http.tasks import made, performed


def listed(api: Api, query: str = "") -> list[str]:
    return [run["id"] for run in api.get(f"/v1/runs{query}").body["items"]]


def some_runs(api: Api, job: str, count: int) -> list[str]:
    """Let slots of a job run, a minute apart; return their ids, newest first."""
    return [_ticked(api, job, minute) for minute in range(1, count + 1)][::-1]


def _ticked(api: Api, job: str, minute: int) -> str:
    api.world.at(minute)
    api.world.services.tick.run()
    return api.run(job, minute)


def test_without_runs_the_list_is_empty_and_has_no_next_page(api: Api) -> None:
    assert api.get("/v1/runs").body == {"items": [], "next": None}


def test_a_listed_run_is_what_the_run_itself_shows_at_a_glance(api: Api) -> None:
    run = api.run(api.job())
    (shown,) = api.get("/v1/runs").body["items"]
    detail: dict[str, Any] = api.get(f"/v1/runs/{run}").body
    assert shown == {name: detail[name] for name in shown}
    assert detail.keys() - shown.keys() == {"policies", "policy_set", "prompt", "steps", "result"}


def test_runs_of_jobs_and_of_tasks_are_listed_the_newest_first(api: Api) -> None:
    fired = api.run(api.job())
    api.world.at(2)
    task = made(api)
    performed(api, task)
    assert listed(api) == [task, fired]


def test_runs_of_one_job_alone_can_be_asked_for(api: Api) -> None:
    job, other = api.job(), api.job()
    runs = some_runs(api, job, 3)
    api.run(other, 3)
    assert listed(api, f"?job={job}") == runs
    assert len(listed(api)) == 4


@pytest.mark.parametrize("by_job", [True, False])
def test_pages_show_every_run_once(api: Api, by_job: bool) -> None:  # noqa: FBT001  a parameter
    job = api.job()
    runs = some_runs(api, job, 5)
    path = f"/v1/runs?job={job}&" if by_job else "/v1/runs?"
    for limit in (1, 2, 5, 200):
        pages = list(_pages(api, path, limit))
        assert [run["id"] for run in chain(*pages)] == runs
        assert all(len(page) <= limit for page in pages)


def _pages(api: Api, path: str, limit: int) -> Any:
    reply = api.get(f"{path}limit={limit}")
    yield reply.body["items"]
    while reply.body["next"]:
        reply = api.get(f"{path}limit={limit}&cursor={reply.body['next']}")
        yield reply.body["items"]


def test_a_run_under_way_is_running(api: Api) -> None:
    task = made(api)
    performed(api, task, max_steps=2)
    (run,) = api.get("/v1/runs").body["items"]
    assert (run["state"], run["ended_at"], run["job_id"]) == ("running", None, None)


def test_a_job_that_does_not_exist_has_no_runs(api: Api) -> None:
    assert listed(api, "?job=NOPE") == []


@pytest.mark.parametrize("job", ["", "nope", "tasks", "a%23b", "%F0%9F%98%80", "J" * 2_000])
def test_what_cannot_be_a_job_is_refused(api: Api, job: str) -> None:
    assert_problem(api.get(f"/v1/runs?job={job}"), 422, "job")


def test_a_filter_without_an_index_is_refused(api: Api) -> None:
    problem = assert_problem(api.get("/v1/runs?state=failed"), 422, "state")
    assert problem["fix"] == "use: cursor, job, limit"
