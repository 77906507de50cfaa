"""What one owner sees of another: nothing."""

from typing import Any

import pytest

from chalicelib.access.store import TokenRow
from tests.functions.http.api import Api, assert_problem


def test_the_jobs_of_another_owner_are_not_listed(api: Api) -> None:
    api.job(owner="main")
    assert api.get("/v1/jobs", owner="other").body == {"items": [], "next": None}


def test_the_job_of_another_owner_is_not_found(api: Api) -> None:
    job = api.job(owner="main")
    assert_problem(api.get(f"/v1/jobs/{job}", owner="other"), 404)


def test_the_ledger_of_another_owner_is_not_found(api: Api) -> None:
    job = api.job(owner="main")
    assert_problem(api.get(f"/v1/jobs/{job}/firings", owner="other"), 404)


def test_the_run_of_another_owner_is_not_found(api: Api) -> None:
    run = api.run(api.job(owner="main"))
    assert_problem(api.get(f"/v1/runs/{run}", owner="other"), 404)


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", b""),
        ("POST", "/pause", b""),
        ("POST", "/resume", b""),
        ("POST", "/run", b""),
    ],
)
def test_the_job_of_another_owner_cannot_be_moved(
    api: Api, method: str, below: str, body: Any
) -> None:
    job = api.job(owner="main")
    seen = api.get(f"/v1/jobs/{job}").body
    assert_problem(api.send(method, f"/v1/jobs/{job}{below}", body, owner="other"), 404)
    assert api.get(f"/v1/jobs/{job}").body == seen


def test_the_runs_of_another_owner_are_not_listed(api: Api) -> None:
    job = api.job(owner="main")
    api.run(job)
    for path in ("/v1/runs", f"/v1/runs?job={job}"):
        assert api.get(path, owner="other").body == {"items": [], "next": None}


def test_another_owners_thing_answers_exactly_like_one_that_does_not_exist(api: Api) -> None:
    job = api.job(owner="main")
    hidden, absent = api.get(f"/v1/jobs/{job}", owner="other"), api.get(f"/v1/jobs/{job[:-1]}")
    assert str(hidden.body).replace(job, "ID") == str(absent.body).replace(job[:-1], "ID")


def test_a_cursor_of_one_owner_leads_another_to_its_own_jobs(api: Api) -> None:
    mine = api.job(owner="other")
    api.world.at(1)
    api.job(owner="main")
    cursor = api.get("/v1/jobs?limit=1").body["next"]
    listed = api.get(f"/v1/jobs?cursor={cursor}", owner="other").body["items"]
    assert [job["id"] for job in listed] == [mine]


def test_a_job_belongs_to_the_owner_of_the_token(api: Api) -> None:
    job = api.job(owner="other")
    assert api.get(f"/v1/jobs/{job}", owner="other").status == 200
    assert_problem(api.get(f"/v1/jobs/{job}"), 404)


def test_a_run_reads_the_owner_of_its_job(api: Api) -> None:
    run = api.run(api.job(owner="other"), owner="other")
    assert api.get(f"/v1/runs/{run}", owner="other").body["state"] == "succeeded"


def test_a_token_that_was_taken_back_is_refused_at_once(api: Api) -> None:
    assert api.get("/v1/jobs").status == 200
    for row in TokenRow.scan():
        row.delete()
    assert_problem(api.get("/v1/jobs"), 401)
