"""Erasures by the API: asked for, refused, listed; and what is personal of an entry."""

import json

import pytest

from chalicelib.background.task import TaskRef
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role, assert_problem
from tests.support.world import MINUTE

WHY = "asked for in ticket 4711"


def a_deleted_job(api: Api) -> str:
    job = api.job(name="dinner with Ada")
    assert api.send("DELETE", f"/v1/jobs/{job}").status == 200
    return job


def asked(subject: str, reason: str = WHY) -> dict[str, str]:
    return {"subject": subject, "reason": reason}


def test_an_erasure_is_a_task(api: Api) -> None:
    reply = api.post("/v1/erasures", asked(a_deleted_job(api)))
    assert reply.status == 202
    assert (reply.body["kind"], reply.body["state"]) == ("erasure", "queued")
    assert reply.headers["Location"] == f"/v1/tasks/{reply.body['id']}"


def test_the_same_request_is_the_same_erasure(api: Api) -> None:
    body, once = asked(a_deleted_job(api)), {"Idempotency-Key": "once"}
    first, again = (api.post("/v1/erasures", body, headers=once) for _ in range(2))
    assert (first.status, again.status) == (202, 200)
    assert first.body["id"] == again.body["id"]


def test_what_was_erased_is_listed_and_its_entries_say_so(api: Api) -> None:
    job = a_deleted_job(api)
    created = api.get(f"/v1/journal?subject={job}&kind=job.created").body["items"][0]
    assert created["personal"]["name"] == "dinner with Ada"
    task_id = api.post("/v1/erasures", asked(job)).body["id"]
    assert api.get("/v1/erasures").body["items"] == []

    api.world.container().handle(TaskRef.of("main", task_id))

    (shown,) = api.get("/v1/erasures").body["items"]
    assert (shown["subject"], shown["reason"], shown["by"]) == (job, WHY, "token:laptop")
    assert shown["done_at"] is None
    api.world.clock.move(6 * MINUTE)
    entry = api.get(f"/v1/journal/{created['stream']}/{created['seq']}").body
    assert entry["personal"] == "erased"


def test_a_job_must_be_deleted_first(api: Api) -> None:
    problem = assert_problem(api.post("/v1/erasures", asked(api.job())), 409, "subject")
    assert "delete the job first" in json.dumps(problem)


def test_a_reason_is_asked_for(api: Api) -> None:
    assert_problem(api.post("/v1/erasures", {"subject": "J"}), 422, "reason")


def test_another_owners_job_is_not_there(api: Api) -> None:
    job = a_deleted_job(api)
    reply = api.send("POST", "/v1/erasures", asked(job), owner="other")
    assert_problem(reply, 404)


@pytest.mark.parametrize("path", ["/v1/erasures", "/v1/tasks"])
def test_an_operator_who_is_no_admin_erases_nothing(api: Api, path: str) -> None:
    wanted = asked(a_deleted_job(api))
    body = {"kind": "erasure", "payload": wanted} if path == "/v1/tasks" else wanted
    reply = as_role(api, Role.OPERATOR, "POST", path, body)
    assert reply.status == 403
    assert "role.required" in reply.body["detail"]
