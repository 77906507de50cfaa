from chalicelib.background.task import TaskRef
from tests.functions.http.api import Api, Reply, assert_problem


def asked(api: Api, job: str, **headers: str) -> Reply:
    return api.send("POST", f"/v1/jobs/{job}/run", headers=headers)


def test_a_firing_that_was_asked_for_is_shown_with_who_asked(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})

    reply = asked(api, job)

    assert reply.status == 202
    assert reply.body == {
        "slot": "2026-11-22T12:00:01Z",
        "outcome": "handed",
        "task_id": f"{job}-001795348801",
        "origin": "run_now",
        "requested_by": "token:laptop",
    }
    assert api.get(f"/v1/jobs/{job}/firings").body["items"] == [reply.body]


def test_the_answer_says_where_its_task_is(api: Api) -> None:
    reply = asked(api, api.job())
    task = api.get(reply.headers["Location"]).body
    assert (task["id"], task["lane"], task["state"]) == (reply.body["task_id"], "high", "queued")


def test_a_firing_that_was_asked_for_runs(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})
    task = asked(api, job).body["task_id"]
    api.world.at(1)

    api.world.services.handle(TaskRef.of("main", task))

    run = api.get(f"/v1/runs/{task}").body
    assert (run["state"], run["job_id"]) == ("succeeded", job)
    fired = api.get(f"/v1/jobs/{job}/firings").body["items"][0]
    assert (fired["outcome"], fired["requested_by"]) == ("fired", "token:laptop")


def test_a_firing_that_was_asked_for_moves_no_slot_of_the_schedule(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})
    before = api.get(f"/v1/jobs/{job}").body
    asked(api, job)
    assert api.get(f"/v1/jobs/{job}").body == before


def test_each_request_makes_a_firing_of_its_own(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})
    first, second = asked(api, job).body, asked(api, job).body
    assert first["slot"] != second["slot"]


def test_a_request_with_the_same_key_makes_one_firing(api: Api) -> None:
    job = api.job(schedule={"every": "1d"})
    first, again = (asked(api, job, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status, again.status) == (202, 200)
    assert first.body == again.body
    assert first.headers["Location"] == again.headers["Location"]


def test_a_key_is_each_jobs_own(api: Api) -> None:
    one, other = api.job(), api.job()
    statuses = [asked(api, job, **{"Idempotency-Key": "k"}).status for job in (one, other)]
    assert statuses == [202, 202]


def test_a_paused_job_says_what_to_do_first(api: Api) -> None:
    job = api.job()
    api.send("POST", f"/v1/jobs/{job}/pause")
    assert "resume" in assert_problem(asked(api, job), 409)["fix"]
