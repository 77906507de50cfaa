from tests.functions.http.api import Api, assert_problem
from tests.functions.http.tasks import claimed, made, moved, performed, shown
from tests.support.world import MINUTE


def attempts(api: Api, task_id: str) -> list[tuple[int, str]]:
    return [(each["number"], each["state"]) for each in shown(api, task_id)["attempts"]]


def test_a_task_that_nobody_took_has_no_attempts(api: Api) -> None:
    assert attempts(api, made(api)) == []


def test_the_present_attempt_is_under_way(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)

    assert shown(api, task_id)["attempts"] == [
        {
            "number": 1,
            "started_at": "2026-11-22T12:00:00Z",
            "ended_at": None,
            "state": "running",
            "reason": None,
        }
    ]


def test_an_attempt_that_succeeded_is_the_end(api: Api) -> None:
    task_id = made(api)
    performed(api, task_id)

    assert attempts(api, task_id) == [(1, "succeeded")]


def test_a_failed_attempt_says_why_and_the_next_one_has_not_begun(api: Api) -> None:
    task_id = made(api)
    performed(api, task_id, max_steps=2)

    (failed,) = shown(api, task_id)["attempts"]

    assert (failed["number"], failed["state"]) == (1, "failed")
    assert failed["reason"] == "TooManySteps: no answer after 2 steps"


def test_attempts_are_shown_one_after_another(api: Api) -> None:
    task_id = made(api)
    performed(api, task_id, max_steps=2)
    api.world.clock.move(MINUTE)
    performed(api, task_id)

    assert attempts(api, task_id) == [(1, "failed"), (2, "succeeded")]


def test_an_attempt_whose_worker_died_is_lost(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)
    api.world.clock.move(2 * MINUTE)
    performed(api, task_id)

    assert attempts(api, task_id) == [(1, "lost"), (2, "succeeded")]


def test_a_task_that_was_cancelled_before_its_next_attempt_shows_no_other(api: Api) -> None:
    task_id = made(api)
    performed(api, task_id, max_steps=2)
    api.world.clock.move(MINUTE)
    moved(api, task_id, "cancel")

    assert attempts(api, task_id) == [(1, "failed")]


def test_the_attempts_of_an_earlier_life_come_first(api: Api) -> None:
    task_id = made(api, max_attempts=1)
    performed(api, task_id, max_steps=2)
    api.world.clock.move(MINUTE)
    moved(api, task_id, "retry")
    api.world.clock.move(MINUTE)
    performed(api, task_id)

    assert attempts(api, task_id) == [(1, "failed"), (1, "succeeded")]


def test_an_attempt_lost_after_a_retry_is_not_taken_for_an_earlier_one(api: Api) -> None:
    task_id = made(api, max_attempts=2)
    claimed(api, task_id)
    moved(api, task_id, "cancel")
    api.world.clock.move(2 * MINUTE)
    api.world.services.swept()
    moved(api, task_id, "retry")
    api.world.clock.move(MINUTE)
    claimed(api, task_id)
    api.world.clock.move(2 * MINUTE)
    performed(api, task_id)

    assert attempts(api, task_id) == [(1, "cancelled"), (1, "lost"), (2, "succeeded")]


def test_a_retried_task_that_nobody_took_yet_shows_its_earlier_life_alone(api: Api) -> None:
    task_id = made(api, max_attempts=1)
    performed(api, task_id, max_steps=2)
    moved(api, task_id, "retry")

    assert attempts(api, task_id) == [(1, "failed")]
    assert shown(api, task_id)["started_at"] is None


def test_a_task_that_has_run_links_to_its_run(api: Api) -> None:
    task_id = made(api)
    assert shown(api, task_id)["run_id"] is None
    performed(api, task_id)

    task = shown(api, task_id)

    assert task["run_id"] == task_id
    assert api.get(task["links"]["run"]).status == 200


def test_each_link_leads_somewhere(api: Api) -> None:
    task_id = made(api, parent=made(api))
    performed(api, task_id)

    links = shown(api, task_id)["links"]

    assert links.keys() == {"self", "children", "parent", "run"}
    assert {api.get(path).status for path in links.values()} == {200}


def test_a_firing_is_a_task_and_says_what_became_of_its_slot(api: Api) -> None:
    job = api.job()
    run = api.run(job)

    task = shown(api, run)

    assert (task["kind"], task["outcome"], task["state"]) == ("firing", "fired", "succeeded")
    assert (task["not_before"], task["run_id"]) == ("2026-11-22T12:01:00Z", run)
    assert task["parent"] is None
    assert task["links"]["job"] == f"/v1/jobs/{job}"


def test_only_firings_have_an_outcome(api: Api) -> None:
    assert "outcome" not in shown(api, made(api))


def test_a_task_of_another_owner_does_not_exist(api: Api) -> None:
    assert_problem(api.get(f"/v1/tasks/{made(api, owner='other')}"), 404)
