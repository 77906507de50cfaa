import pytest

from tests.functions.http.api import Api, assert_problem


def deleted(api: Api, job: str) -> None:
    assert api.send("DELETE", f"/v1/jobs/{job}").status == 200


def test_a_deleted_job_is_shown_as_deleted(api: Api) -> None:
    job = api.job()

    reply = api.send("DELETE", f"/v1/jobs/{job}")

    assert (reply.status, reply.body["state"], reply.body["next_slot"]) == (200, "deleted", None)
    assert api.get(f"/v1/jobs/{job}").body == reply.body


def test_deleting_again_changes_nothing(api: Api) -> None:
    job = api.job()
    first, again = (api.send("DELETE", f"/v1/jobs/{job}") for _ in range(2))
    assert (again.status, again.body) == (200, first.body)


def test_a_deleted_job_is_not_listed(api: Api) -> None:
    job, other = api.job(), api.job()
    deleted(api, job)
    assert [each["id"] for each in api.get("/v1/jobs").body["items"]] == [other]


def test_firings_and_runs_of_a_deleted_job_stay_readable(api: Api) -> None:
    job = api.job()
    run = api.run(job)
    deleted(api, job)
    fired = api.get(f"/v1/jobs/{job}/firings").body["items"][-1]
    assert (fired["outcome"], fired["run_id"]) == ("fired", run)
    assert api.get(f"/v1/runs/{run}").body["state"] == "succeeded"
    assert [each["id"] for each in api.get(f"/v1/runs?job={job}").body["items"]] == [run]


def test_a_slot_on_its_way_does_not_fire_any_more(api: Api) -> None:
    job = api.job(schedule={"every": "100s"})
    deleted(api, job)
    task = f"{job}-001795348900"
    api.run(job, 100 / 60)
    assert api.get(f"/v1/tasks/{task}").body["outcome"] == "superseded"


@pytest.mark.parametrize("how", ["pause", "resume", "run"])
def test_a_deleted_job_takes_no_orders(api: Api, how: str) -> None:
    job = api.job()
    deleted(api, job)
    assert_problem(api.send("POST", f"/v1/jobs/{job}/{how}"), 409)


def test_another_media_type_is_refused(api: Api) -> None:
    reply = api.send("DELETE", "/v1/jobs/J", headers={"Content-Type": "text/plain"})
    assert_problem(reply, 415)


def test_the_body_of_a_delete_is_not_read(api: Api) -> None:
    assert api.send("DELETE", f"/v1/jobs/{api.job()}", b"{nonsense").status == 200
