from datetime import timedelta
from typing import Any

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.support.world import MINUTE

SECOND = timedelta(seconds=1)


def shown(api: Api, job: str) -> dict[str, Any]:
    body: dict[str, Any] = api.get(f"/v1/jobs/{job}").body
    return body


def changed(api: Api, job: str, **fields: Any) -> dict[str, Any]:
    reply = api.send("PATCH", f"/v1/jobs/{job}", fields)
    assert reply.status == 200
    body: dict[str, Any] = reply.body
    return body


@pytest.mark.parametrize(
    "field",
    [
        {"name": "new"},
        {"prompt": "Say it again"},
        {"tools": []},
        {"concurrency": "queue_one"},
        {"concurrency": "replace"},
    ],
    ids=lambda it: next(iter(it)),
)
def test_only_the_field_that_is_sent_is_changed(api: Api, field: dict[str, Any]) -> None:
    job = api.job()
    before = shown(api, job)
    api.world.clock.move(SECOND)

    after = changed(api, job, **field)

    assert after == shown(api, job)
    assert after == before | field | {"version": 2, "updated_at": "2026-11-22T12:00:01Z"}


def test_a_changed_schedule_holds_from_now_on(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})
    api.world.clock.move(MINUTE)

    after = changed(api, job, schedule={"every": "1h"})

    assert after["schedule"] == {"every": "3600s"}
    assert after["next_slot"] == "2026-11-22T13:01:00Z"


def test_a_job_may_get_another_kind_of_schedule(api: Api) -> None:
    after = changed(api, api.job(), schedule={"at": "2026-11-23T12:00:00Z"})
    assert after["schedule"] == {"at": "2026-11-23T12:00:00Z"}


def test_a_changed_prompt_is_what_the_next_run_asks(api: Api) -> None:
    job = api.job()
    changed(api, job, prompt="Say it again")
    assert api.get(f"/v1/runs/{api.run(job)}").body["prompt"] == "Say it again"


def test_who_changed_a_job_is_remembered(api: Api) -> None:
    job = api.job()
    assert changed(api, job, name="new")["updated_by"] == "token:laptop"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ([], "body"),
        ({"name": None}, "name"),
        ({"schedule": None}, "schedule"),
        ({"prompt": None}, "prompt"),
        ({"tools": None}, "tools"),
        ({"name": ""}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"prompt": 7}, "prompt"),
        ({"tools": ["rm"]}, "tools.0"),
        ({"schedule": {}}, "schedule"),
        ({"schedule": {"every": "9s"}}, "schedule.every"),
        ({"schedule": {"at": "2020-01-01T00:00:00Z"}}, "schedule.at"),
        ({"state": "paused"}, "state"),
        ({"version": 7}, "version"),
        ({"name": "new", "id": "J"}, "id"),
    ],
)
def test_a_bad_change_is_refused_by_its_field(api: Api, body: Any, field: str) -> None:
    job = api.job()
    before = shown(api, job)
    assert_problem(api.send("PATCH", f"/v1/jobs/{job}", body), 422, field)
    assert shown(api, job) == before


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "a", "name": "b"}', b'{"name": NaN}'])
def test_what_is_no_json_changes_nothing(api: Api, body: bytes) -> None:
    assert_problem(api.send("PATCH", "/v1/jobs/J", body), 400)


def test_another_media_type_is_refused(api: Api) -> None:
    media_type = {"Content-Type": "application/merge-patch+json"}
    assert_problem(api.send("PATCH", "/v1/jobs/J", {"name": "n"}, headers=media_type), 415)


def test_a_change_that_is_too_large_is_refused(api: Api) -> None:
    assert_problem(api.send("PATCH", "/v1/jobs/J", b"[" * (320 * 1_024 + 1)), 413)


def test_a_deleted_job_cannot_be_changed(api: Api) -> None:
    job = api.job()
    api.send("DELETE", f"/v1/jobs/{job}")
    problem = assert_problem(api.send("PATCH", f"/v1/jobs/{job}", {"name": "new"}), 409)
    assert problem["fix"]


def test_a_job_that_does_not_exist_cannot_be_changed(api: Api) -> None:
    assert_problem(api.send("PATCH", "/v1/jobs/NOPE", {"name": "new"}), 404)
