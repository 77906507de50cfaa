from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.task import TaskRef
from chalicelib.healing.doctor.catalogue import KEYS
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role, assert_problem
from tests.healing.doctor import plants
from tests.support.stage import Stage, a_stage

ROUTE, ID = "/v1/doctor", "01M81J18G068RKEJVNQ9RFVHWP"
GUARD = {"only": ["functions.recursion"]}


@pytest.fixture
def stage(api: Api) -> Iterator[Stage]:
    with a_stage(api.world) as made:
        yield made


def examined(api: Api, body: Any = b"", path: str = ROUTE) -> Any:
    """Ask for something of the doctor, let a worker carry it out, and return what was found."""
    reply = api.send("POST", path, body)
    assert reply.status == 202
    api.world.clock.move(timedelta(seconds=1))
    api.world.services.handle(TaskRef.of("main", reply.body["id"]))
    return api.get(f"{ROUTE}/{reply.body['id']}").body


def test_the_doctor_looks_when_it_is_asked(api: Api, stage: Stage) -> None:
    plants.a_guard(stage)
    seen = examined(api, {"only": ["functions", "gate"], "skip": ["functions.errors"]})
    assert (seen["mode"], seen["complete"], seen["verdict"]) == ("look", True, "failed")
    findings = {each["key"]: each for each in seen["findings"]}
    assert "functions.errors" not in findings
    assert findings["gate.open"]["means"] is None
    bad = findings["functions.recursion"]
    assert (bad["severity"], bad["verdict"]) == ("critical", "failed")
    assert bad["means"]
    assert bad["fix"]
    assert bad["evidence"] == ["worker_low: RecursiveLoop is Terminate"]
    (change,) = seen["changes"]
    assert (change["outcome"], change["can_undo"]) == ("planned", True)
    assert seen["counts"]["failed"] == 1


def test_what_was_planned_is_made_and_put_back_by_the_routes(api: Api, stage: Stage) -> None:
    plants.a_guard(stage)
    run = examined(api, GUARD)["task_id"]
    fixed = examined(api, path=f"{ROUTE}/{run}/fix")
    assert (fixed["mode"], fixed["run"], fixed["verdict"]) == ("fix", run, "ok")
    back = examined(api, path=f"{ROUTE}/{fixed['task_id']}/undo")
    assert (back["mode"], back["changes"][0]["outcome"]) == ("undo", "done")
    assert stage.recursion["palyra-local-worker_low"] == "Terminate"
    page = api.get(f"{ROUTE}?limit=2").body
    assert [each["mode"] for each in page["items"]] == ["undo", "fix"]
    assert page["next"]


def test_the_checks_are_listed(api: Api) -> None:
    items = api.get(f"{ROUTE}/checks").body["items"]
    assert tuple(each["key"] for each in items) == KEYS
    assert sum(each["mends"] is not None for each in items) == 9


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"only": ["nothing"]}, ["only"]),
        ({"skip": list({key.partition(".")[0] for key in KEYS})}, ["skip"]),
        ({"since": "yesterday"}, ["since"]),
        ({"since": "2020-01-01T00:00:00Z"}, ["since"]),
        ({"fix": ID}, ["fix"]),
        ({"only": ["gate"] * 65}, ["only"]),
        ({"only": ["g" * 65]}, ["only.0"]),
        ({"only": "gate"}, ["only"]),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(api: Api, body: Any, fields: list[str]) -> None:
    assert_problem(api.post(ROUTE, body), 422, *fields)


def test_what_is_not_there_or_has_nothing_to_do_is_told(api: Api, stage: Stage) -> None:
    assert_problem(api.get(f"{ROUTE}/{ID}"), 404)
    assert_problem(api.send("POST", f"{ROUTE}/{ID}/fix"), 404)
    assert_problem(api.send("POST", f"{ROUTE}/{ID}/undo"), 404)
    run = examined(api, GUARD)["task_id"]
    assert (
        "planned nothing" in assert_problem(api.send("POST", f"{ROUTE}/{run}/fix"), 409)["detail"]
    )
    assert_problem(api.send("POST", f"{ROUTE}/{run}/undo"), 409)
    assert not stage.look("functions.recursion").steps


def test_only_admins_mend_and_viewers_only_look_on(api: Api) -> None:
    for role, look, mend in ((Role.VIEWER, 403, 403), (Role.OPERATOR, 202, 403)):
        assert as_role(api, role, "POST", ROUTE).status == look
        for way in ("fix", "undo"):
            assert as_role(api, role, "POST", f"{ROUTE}/{ID}/{way}").status == mend
        assert as_role(api, role, "GET", f"{ROUTE}/checks").status == 200


def test_an_operator_cannot_smuggle_a_fix_in_as_a_task(api: Api) -> None:
    body = {"kind": "doctor", "payload": {"fix": ID}}
    assert as_role(api, Role.OPERATOR, "POST", "/v1/tasks", body).status == 403


def test_an_admin_of_another_owner_does_not_mend_the_stage(api: Api, stage: Stage) -> None:
    plants.a_guard(stage)
    asked = api.post(ROUTE, GUARD, owner="other").body["id"]
    api.world.services.handle(TaskRef.of("other", asked))
    assert api.get(f"{ROUTE}/{asked}", owner="other").body["changes"]
    problem = assert_problem(api.send("POST", f"{ROUTE}/{asked}/fix", owner="other"), 403)
    assert "main" in problem["detail"]
    assert_problem(api.get(f"{ROUTE}/{asked}"), 404)


def test_the_same_key_asks_once(api: Api) -> None:
    key = {"Idempotency-Key": "a-key"}
    first, again = (api.send("POST", ROUTE, headers=key) for _ in range(2))
    assert (first.status, again.status) == (202, 200)
    assert first.body["id"] == again.body["id"]
