from typing import Any

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.support.world import MINUTE


def moved(api: Api, job: str, how: str) -> dict[str, Any]:
    reply = api.send("POST", f"/v1/jobs/{job}/{how}")
    assert reply.status == 200
    body: dict[str, Any] = reply.body
    return body


def test_a_paused_job_says_so(api: Api) -> None:
    job = api.job()
    paused = moved(api, job, "pause")
    assert (paused["state"], paused["version"]) == ("paused", 2)
    assert api.get(f"/v1/jobs/{job}").body == paused


def test_a_paused_job_does_not_fire(api: Api) -> None:
    job = api.job(schedule={"every": "100s"})
    moved(api, job, "pause")
    run = api.run(job, 100 / 60)
    assert api.get(f"/v1/tasks/{run}").body["outcome"] == "paused"


def test_a_resumed_job_fires_from_now_on(api: Api) -> None:
    job = api.job(schedule={"every": "1h"})
    moved(api, job, "pause")
    api.world.clock.move(90 * MINUTE)

    resumed = moved(api, job, "resume")

    assert (resumed["state"], resumed["next_slot"]) == ("enabled", "2026-11-22T14:00:00Z")


@pytest.mark.parametrize("how", ["pause", "resume"])
def test_an_order_that_is_repeated_changes_nothing(api: Api, how: str) -> None:
    job = api.job()
    moved(api, job, "pause")
    assert moved(api, job, how) == moved(api, job, how)


@pytest.mark.parametrize("body", [b"", b"{}"])
@pytest.mark.parametrize("how", ["pause", "resume", "run"])
def test_an_order_takes_no_body_or_an_empty_one(api: Api, how: str, body: bytes) -> None:
    assert api.send("POST", f"/v1/jobs/{api.job()}/{how}", body).status in {200, 202}


@pytest.mark.parametrize("how", ["pause", "resume", "run"])
def test_an_order_takes_no_fields(api: Api, how: str) -> None:
    reply = api.send("POST", f"/v1/jobs/J/{how}", {"reason": "x"})
    assert_problem(reply, 422, "reason")


@pytest.mark.parametrize("body", [b"nonsense", b'{"a": 1, "a": 1}'])
@pytest.mark.parametrize("how", ["pause", "resume", "run"])
def test_an_order_that_is_no_json_is_refused(api: Api, how: str, body: bytes) -> None:
    assert_problem(api.send("POST", f"/v1/jobs/J/{how}", body), 400)


@pytest.mark.parametrize("how", ["pause", "resume", "run"])
def test_a_job_that_does_not_exist_takes_no_orders(api: Api, how: str) -> None:
    assert_problem(api.send("POST", f"/v1/jobs/NOPE/{how}"), 404)
