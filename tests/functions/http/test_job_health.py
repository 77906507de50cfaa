import pytest

from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role, assert_problem


@pytest.mark.parametrize("family", ["jobs", "routines"])
def test_a_job_says_how_it_is_doing(api: Api, family: str) -> None:
    job = api.job()
    api.world.at(2)

    assert api.get(f"/v1/{family}/{job}/health").body == {
        "state": "enabled",
        "health": "healthy",
        "reasons": [],
        "due": 2,
        "oldest_unfired_slot": "2026-11-22T12:01:00Z",
        "active": None,
        "waiting": None,
        "missed": 0,
        "counted_since": "2026-11-21T12:02:00Z",
        "review_required": None,
        "failures": 0,
        "paused_with_everything": False,
    }


def test_what_waits_for_an_operator_is_told_with_its_range(api: Api) -> None:
    job = api.job(schedule={"every": "1h"}, misfire="catch_up")
    api.world.at(30 * 60)
    api.world.services.tick.run()

    told = api.get(f"/v1/jobs/{job}/health").body

    assert told["health"] == "blocked"
    review = {"first": "2026-11-22T13:00:00Z", "last": "2026-11-22T18:00:00Z"}
    assert told["review_required"] == review


def test_what_is_paused_with_everything_says_so(api: Api) -> None:
    job = api.job()
    api.post("/v1/gate", {"paused": True})

    assert api.get(f"/v1/jobs/{job}/health").body["paused_with_everything"] is True


def test_a_deleted_job_can_still_be_looked_at(api: Api) -> None:
    job = api.job()
    api.send("DELETE", f"/v1/jobs/{job}")

    told = api.get(f"/v1/jobs/{job}/health").body

    assert (told["state"], told["due"], told["health"]) == ("deleted", 0, "healthy")


def test_viewers_may_look(api: Api) -> None:
    assert as_role(api, Role.VIEWER, "GET", f"/v1/jobs/{api.job()}/health").status == 200


def test_another_owners_job_is_none(api: Api) -> None:
    job = api.job(owner="other")

    assert_problem(api.get(f"/v1/jobs/{job}/health"), 404)


def test_what_can_be_no_id_is_refused(api: Api) -> None:
    assert_problem(api.get("/v1/jobs/x/health"), 404)
