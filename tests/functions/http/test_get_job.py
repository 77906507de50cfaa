from typing import Any

from chalicelib.scheduler.rows import HotRow
from tests.functions.http.api import Api, assert_problem


def test_a_job_shows_the_slot_that_fires_next_though_it_is_on_its_way(api: Api) -> None:
    job = api.job()
    assert api.get(f"/v1/jobs/{job}").body["next_slot"] == "2026-11-22T12:01:00Z"


def test_a_job_is_what_was_asked_for(api: Api) -> None:
    asked: dict[str, Any] = {
        "name": "näme",
        "prompt": "Say 😀",
        "tools": [],
        "schedule": {"every": "3600s"},
    }
    job = api.job(**asked)
    shown = api.get(f"/v1/jobs/{job}").body
    assert {name: shown[name] for name in asked} == asked


def test_a_stored_job_that_makes_no_sense_is_a_problem_without_its_insides(api: Api) -> None:
    job = api.job()
    HotRow("main#" + job, "hot").update([HotRow.state.set("hunter2")])
    reply = api.get(f"/v1/jobs/{job}")
    assert_problem(reply, 500)
    assert "hunter2" not in str(reply.body)
