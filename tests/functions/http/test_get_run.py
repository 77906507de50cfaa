from tests.functions.http.api import Api, assert_problem


def test_a_run_shows_what_it_did_and_what_came_of_it(api: Api) -> None:
    job = api.job()
    run = api.run(job)
    shown = api.get(f"/v1/runs/{run}").body
    assert shown | {"steps": [], "result": "", "policy_set": ""} == {
        "id": run,
        "job_id": job,
        "task_id": run,
        "slot": "2026-11-22T12:01:00Z",
        "state": "succeeded",
        "reason": None,
        "provider": "offline",
        "policies": ["default-dispatch-read-only"],
        "policy_set": "",
        "started_at": "2026-11-22T12:01:00Z",
        "ended_at": "2026-11-22T12:01:00Z",
        "prompt": "Summarize health",
        "steps": [],
        "result": "",
    }


def test_the_steps_of_a_run_are_the_call_its_result_and_the_answer(api: Api) -> None:
    call, result, answer = api.get(f"/v1/runs/{api.run(api.job())}").body["steps"]
    assert (call["seq"], call["kind"], call["tool"]) == (1, "model", "system.health")
    assert (result["seq"], result["kind"], result["ok"]) == (2, "tool", True)
    assert (answer["seq"], answer["kind"]) == (3, "model")


def test_the_result_is_the_last_answer_with_real_numbers(api: Api) -> None:
    shown = api.get(f"/v1/runs/{api.run(api.job())}").body
    assert shown["result"] == shown["steps"][-1]["answer"]
    assert "background.active_runs = 1" in shown["result"]


def test_a_run_without_tools_says_so(api: Api) -> None:
    shown = api.get(f"/v1/runs/{api.run(api.job(tools=[]))}").body
    assert len(shown["steps"]) == 1
    assert shown["result"].endswith("nothing to report.")


def test_a_slot_that_has_not_fired_has_no_run_yet(api: Api) -> None:
    job = api.job()
    (ref, *_) = api.world.services.worker.work.newest(f"main#{job}", None, 1)
    assert_problem(api.get(f"/v1/runs/{ref.ref.run_id}"), 404)
