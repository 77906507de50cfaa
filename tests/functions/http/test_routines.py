"""`/v1/routines`: the resource of `/v1/jobs`, with what makes a routine run."""

from typing import Any

import pytest

from chalicelib.policy.request import Role
from tests.functions.http.api import Api, Reply, a_job, as_role, assert_problem
from tests.functions.http.contract import DOCUMENT
from tests.support.world import World

EVERY = {"every": "60s"}
TRIGGER = {"type": "schedule", "schedule": EVERY}
FAMILIES = ("/v1/jobs", "/v1/routines")
each_family = pytest.mark.parametrize("family", FAMILIES)


def a_routine(**fields: Any) -> dict[str, Any]:
    """Return the body of a good `POST /v1/routines`, with some fields set."""
    body = a_job(trigger=TRIGGER) | fields
    return {
        name: value for name, value in body.items() if name != "schedule" or "schedule" in fields
    }


def keyed(api: Api, path: str, body: Any, key: str = "once") -> Reply:
    return api.post(path, body, headers={"Idempotency-Key": key})


def test_a_routine_is_made_with_its_trigger_and_shown_with_it(api: Api) -> None:
    made = api.post("/v1/routines", a_routine())

    assert (made.status, made.body["trigger"]) == (201, TRIGGER)
    assert made.headers["Location"] == f"/v1/routines/{made.body['id']}"
    assert api.get(made.headers["Location"]).body == made.body


def test_a_routine_with_a_schedule_is_the_job_of_that_id(api: Api) -> None:
    routine = api.post("/v1/routines", a_routine()).body
    job = api.get(f"/v1/jobs/{routine['id']}").body

    assert routine == job | {"trigger": TRIGGER}
    assert [each["id"] for each in api.get("/v1/jobs").body["items"]] == [routine["id"]]
    assert api.get("/v1/routines").body["items"] == [routine]


def test_a_schedule_alone_is_short_for_its_trigger(api: Api) -> None:
    made = api.post("/v1/routines", a_job())
    assert (made.status, made.body["trigger"]) == (201, TRIGGER)


@pytest.mark.parametrize("kind", ["webhook", "", None, 7, ["schedule"], {"type": "schedule"}])
def test_another_trigger_is_refused_with_those_that_there_are(api: Api, kind: Any) -> None:
    reply = api.post("/v1/routines", a_routine(trigger={"type": kind, "schedule": EVERY}))

    problem = assert_problem(reply, 422, "trigger.type")
    assert problem["errors"][0]["fix"] == "use: schedule"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"trigger": {"type": "schedule"}}, "trigger.schedule"),
        ({"trigger": {"schedule": EVERY}}, "trigger.type"),
        ({"trigger": TRIGGER | {"secret": 1}}, "trigger.secret"),
        ({"trigger": None}, "trigger"),
        ({"trigger": TRIGGER | {"schedule": {"every": "1s"}}}, "trigger.schedule.every"),
        ({"trigger": TRIGGER | {"schedule": {"cron": "61 * * * *"}}}, "trigger.schedule.cron"),
        ({"trigger": TRIGGER | {"schedule": {}}}, "trigger.schedule"),
        ({"trigger": TRIGGER, "schedule": EVERY}, "schedule"),
    ],
)
def test_a_trigger_that_is_none_is_refused_by_name(
    api: Api, body: dict[str, Any], field: str
) -> None:
    made = api.post("/v1/routines", a_routine(**body))
    routine = api.post("/v1/routines", a_routine()).body["id"]

    assert_problem(made, 422, field)
    assert_problem(api.send("PATCH", f"/v1/routines/{routine}", body), 422, field)


def test_a_routine_without_any_trigger_is_refused_with_an_example(api: Api) -> None:
    body = a_routine()
    del body["trigger"]

    problem = assert_problem(api.post("/v1/routines", body), 422, "trigger")
    assert '{"type": "schedule"' in problem["errors"][0]["fix"]


def test_a_job_is_restricted_to_its_schedule(api: Api) -> None:
    assert_problem(api.post("/v1/jobs", a_job(trigger=TRIGGER)), 422, "trigger")


def test_a_changed_trigger_is_a_changed_schedule(api: Api) -> None:
    routine = api.post("/v1/routines", a_routine()).body["id"]
    change = {"trigger": {"type": "schedule", "schedule": {"every": "7200s"}}, "name": "slower"}

    changed = api.send("PATCH", f"/v1/routines/{routine}", change).body

    assert (changed["trigger"], changed["name"]) == (change["trigger"], "slower")
    assert api.get(f"/v1/jobs/{routine}").body["schedule"] == {"every": "7200s"}


@pytest.mark.parametrize("first", FAMILIES)
def test_the_same_order_is_done_once_through_either_path(api: Api, first: str) -> None:
    second = next(each for each in FAMILIES if each != first)
    bodies = {"/v1/jobs": a_job(), "/v1/routines": dict(reversed(a_routine().items()))}

    made, again = keyed(api, first, bodies[first]), keyed(api, second, bodies[second])

    assert (made.status, again.status) == (201, 200)
    assert made.body["id"] == again.body["id"]
    assert again.headers["Location"].startswith(second)
    assert len(api.get("/v1/jobs").body["items"]) == 1


def test_another_order_under_the_same_key_is_refused_by_the_other_path(api: Api) -> None:
    keyed(api, "/v1/jobs", a_job())
    reply = keyed(api, "/v1/routines", a_routine(name="other"))
    assert_problem(reply, 422, "Idempotency-Key")


def test_a_run_at_once_is_one_through_either_path(api: Api) -> None:
    job = api.job()
    made, again = (keyed(api, f"{family}/{job}/run", {}) for family in FAMILIES)
    assert (made.status, again.status) == (202, 200)
    assert made.body["task_id"] == again.body["task_id"]


def test_every_order_about_a_job_is_one_about_a_routine(api: Api, world: World) -> None:
    routine = api.post("/v1/routines", a_routine(misfire="catch_up")).body["id"]
    at = f"/v1/routines/{routine}"

    assert len(api.get(f"{at}/preview").body["slots"]) == 5
    assert api.post(f"{at}/pause", {}).body["state"] == "paused"
    resumed = api.send("POST", f"{at}/resume").body
    assert (resumed["state"], resumed["trigger"]) == ("enabled", TRIGGER)
    world.at(60 * 30)
    world.services.tick.run()
    assert api.get(at).body["review_required"] is not None
    assert api.post(f"{at}/review", {"action": "dismiss"}).status == 202
    past = {"from": "2026-11-22T12:10:00Z", "to": "2026-11-22T12:11:00Z"}
    assert len(api.post(f"{at}/backfill", past).body["firings"]) == 2
    ledger = api.get(f"{at}/firings").body
    assert ledger == api.get(f"/v1/jobs/{routine}/firings").body
    assert api.send("DELETE", at).body["state"] == "deleted"


def test_an_etag_of_either_path_guards_a_change_through_the_other(api: Api) -> None:
    job = api.job()
    seen = api.get(f"/v1/routines/{job}").headers["ETag"]
    body, when = {"name": "new"}, {"If-Match": seen}

    assert api.send("PATCH", f"/v1/jobs/{job}", body, headers=when).status == 200
    assert api.send("PATCH", f"/v1/routines/{job}", body, headers=when).status == 412


@each_family
def test_a_role_may_do_the_same_through_either_path(api: Api, family: str) -> None:
    job = api.job()
    assert as_role(api, Role.VIEWER, "GET", f"{family}/{job}").status == 200
    assert as_role(api, Role.VIEWER, "GET", f"{family}/{job}/preview").status == 200
    assert as_role(api, Role.VIEWER, "DELETE", f"{family}/{job}").status == 403
    assert as_role(api, Role.VIEWER, "POST", f"{family}/{job}/run").status == 403


def test_a_policy_about_jobs_decides_about_routines(api: Api) -> None:
    stop = '@id("no") forbid (principal, action == Action::"delete_job", resource);'
    version = api.post("/v1/policies", {"text": stop}).body["version"]
    api.send("POST", f"/v1/policies/{version}/activate")
    assert api.send("DELETE", f"/v1/routines/{api.job()}").status == 403


def test_policies_explain_an_operation_by_its_id_in_either_family(api: Api) -> None:
    asked = [
        api.post("/v1/policies/explain", {"action": action, "role": "viewer"}).body
        for action in ("delete_job", "delete_routine", "list_routine_firings")
    ]
    assert asked[0] == asked[1]
    assert [each["allowed"] for each in asked] == [False, False, True]


def test_every_path_of_jobs_is_one_of_routines_too() -> None:
    paths = DOCUMENT["paths"]
    jobs = {path: set(it) for path, it in paths.items() if path.startswith("/v1/jobs")}
    routines = {path: set(it) for path, it in paths.items() if path.startswith("/v1/routines")}
    assert {path.replace("jobs", "routines"): it for path, it in jobs.items()} == routines
    assert "/v1/routines/{job_id}/backfill" in routines


def test_the_description_speaks_of_routines_where_they_are_meant() -> None:
    described = DOCUMENT["paths"]["/v1/routines"]["post"]
    assert described["operationId"] == "create_routine"
    assert described["summary"].startswith("Make a routine")
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/NewRoutine"}
    firings = DOCUMENT["paths"]["/v1/routines/{job_id}/firings"]["get"]
    assert firings["operationId"] == "list_routine_firings"
