"""Slots of one job that meet, as an operator sees them: three policies through the API."""

from typing import Any

import pytest

from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task
from tests.functions.http.api import Api, assert_problem


def begun(api: Api, job: str) -> Task:
    """Let a worker claim the slot of 12:01 and take its first step."""
    world, services = api.world, api.world.services
    now = world.at(1)
    services.tick.run()
    ref = services.jobs.firings("main", job, None, 10).items[-1].ref
    task = services.worker.work.claim(ref, "a", now)
    services.jobs.jobs.lock(task, task.ver)
    return services.worker.work.checkpoint(task, 1, "link", now)


def end(api: Api, task: Task) -> None:
    worker = api.world.services.worker
    ended = worker.work.end(task, End(State.SUCCEEDED, Outcome.FIRED, ""), api.world.clock.now())
    worker.aftermath.follow(ended)


def meet(api: Api, job: str, minutes: int) -> dict[str, Any]:
    """Let a worker take a later slot; return it as the ledger shows it."""
    world = api.world
    world.at(minutes)
    world.services.tick.run()
    firings = api.get(f"/v1/jobs/{job}/firings").body["items"]
    slot = next(each for each in firings if each["slot"] == f"2026-11-22T12:0{minutes}:00Z")
    ref = next(
        task.ref
        for task in world.services.jobs.firings("main", job, None, 10).items
        if task.ref.id == slot["task_id"]
    )
    world.services.handle(ref)
    return ledger(api, job)[slot["slot"]]


def ledger(api: Api, job: str) -> dict[str, dict[str, Any]]:
    firings = api.get(f"/v1/jobs/{job}/firings").body["items"]
    return {each["slot"]: each for each in firings}


def test_a_job_forbids_unless_it_says_otherwise(api: Api) -> None:
    job = api.job()
    begun(api, job)

    met = meet(api, job, 2)

    assert (met["outcome"], met["reason"]) == ("skipped", "overlap")
    assert api.get(f"/v1/jobs/{job}").body["concurrency"] == "forbid"


def test_queue_one_lets_one_slot_wait_and_run(api: Api) -> None:
    job = api.job(concurrency="queue_one")
    holder = begun(api, job)

    waiting = meet(api, job, 2)
    full = meet(api, job, 3)
    shown = api.get(f"/v1/jobs/{job}").body
    end(api, holder)
    ran = meet(api, job, 2)

    assert waiting["reason"] == "waits: the slot of 2026-11-22T12:01:00Z is live"
    assert (full["outcome"], full["reason"]) == ("queue_full", "another slot waits already")
    assert (shown["active"], shown["waiting"]) == (holder.ref.id, waiting["task_id"])
    assert (ran["outcome"], ran["state"], ran["attempt"]) == ("fired", "succeeded", 1)
    after = api.get(f"/v1/jobs/{job}").body
    assert (after["active"], after["waiting"]) == (None, None)


def test_replace_ends_the_older_slot(api: Api) -> None:
    job = api.job(concurrency="replace")
    holder = begun(api, job)

    ran = meet(api, job, 2)

    replaced = ledger(api, job)["2026-11-22T12:01:00Z"]
    assert (ran["outcome"], ran["state"]) == ("fired", "succeeded")
    assert (replaced["state"], replaced["reason"]) == ("cancelled", "replaced")
    assert api.get(f"/v1/tasks/{holder.ref.id}").body["state"] == "cancelled"
    (run,) = [
        each for each in api.get("/v1/runs").body["items"] if each["task_id"] == holder.ref.id
    ]
    assert (run["state"], run["reason"]) == ("cancelled", "replaced")


def test_an_edit_of_the_policy_holds_for_slots_that_are_handed_over(api: Api) -> None:
    job = api.job()
    begun(api, job)
    edited = api.send("PATCH", f"/v1/jobs/{job}", {"concurrency": "replace"})

    met = meet(api, job, 2)

    assert edited.body["concurrency"] == "replace"
    assert met["outcome"] == "fired"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_unknown_policy_is_refused_with_those_there_are(api: Api, method: str) -> None:
    job = api.job()
    path = "/v1/jobs" if method == "POST" else f"/v1/jobs/{job}"
    whole = {"name": "a", "schedule": {"every": "60s"}, "prompt": "b"}
    body = {"concurrency": "allow"} | (whole if method == "POST" else {})

    problem = assert_problem(api.send(method, path, body), 422, "concurrency")

    assert problem["errors"][0]["fix"] == "use forbid, replace, queue_one"
