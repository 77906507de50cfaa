import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib.background.task import State, TaskRef
from chalicelib.functions.wiring import api
from tests.console.site import ROOT, Site
from tests.healing.doctor import plants
from tests.permissions.policies import acting_as
from tests.support.stage import Stage, a_stage

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def stage(site: Site) -> Iterator[Stage]:
    with a_stage(site.world) as made:
        yield made


def asked(**headers: str) -> Any:
    client = Client(app, stage_name="local", project_dir=str(ROOT))
    with acting_as("api"):
        return client.http.post("/doctor", headers=FORM | headers)


def examined(stage: Stage, way: str = "ask", order: Any = None) -> str:
    doctor = api.doctor(stage.container)
    task = getattr(doctor, way)("main", "token:laptop", order or {"only": ["functions"]}).task
    stage.world.services.handle(task.ref)
    stage.world.clock.move(stage.world.settings.lease)
    return str(task.ref.id)


def test_a_doctor_that_was_never_asked_says_so(site: Site) -> None:
    page = site.get("/doctor")
    assert (page.status, "The doctor was never asked" in page.text) == (200, True)
    assert "./doctor" in site.get("/").links()


def test_what_it_saw_is_shown_the_worst_first_with_what_it_means(site: Site, stage: Stage) -> None:
    plants.a_guard(stage)
    examined(stage)
    page = site.get("/doctor")
    assert page.text.index("functions.recursion") < page.text.index("functions.deployed")
    row = page.row("functions.recursion")
    assert "Failed critical worker_low: RecursiveLoop is Terminate" in row
    assert "Lambda's guard drops" in row
    assert "infra.recursion" in row
    assert "What would be changed" in page.text
    assert "Planned yes" in page.row("set RecursiveLoop of worker_low to Allow")


def test_what_was_changed_is_shown_with_its_outcome(site: Site, stage: Stage) -> None:
    plants.a_guard(stage)
    run = examined(stage)
    fix = examined(stage, "fix", run)
    page = site.get("/doctor")
    assert "What was changed" in page.text
    assert "Done yes" in page.row("set RecursiveLoop")
    assert {f"./doctor?run={run}", f"./doctor?run={fix}"} <= set(page.links())
    assert "What would be changed" in site.get(f"/doctor?run={run}").text


def test_the_button_asks_for_an_examination_and_leads_to_it(site: Site, stage: Stage) -> None:
    answer = asked()
    assert answer.status_code == 303
    location = answer.headers["Location"].removeprefix(".")
    assert "No worker has begun" in site.get(location).text
    (task,) = stage.world.services.worker.work.newest("main#tasks", None, 9)
    assert (task.kind, task.requested_by) == ("doctor", "operator:console")
    stage.world.services.handle(TaskRef.of("main", task.ref.id))
    assert stage.world.task(task.ref).state is State.SUCCEEDED
    assert "Well" in site.get(location).text


@pytest.mark.parametrize("site_of", ["cross-site", "same-site", "none", ""])
def test_a_page_of_another_site_asks_for_nothing(site: Site, site_of: str) -> None:
    answer = asked(**{"Sec-Fetch-Site": site_of})
    assert answer.status_code == 403
    assert "own page" in json.loads(answer.body)["detail"]
    assert not site.world.services.worker.work.newest("main#tasks", None, 9)


def test_what_is_no_id_is_told_on_a_page(site: Site) -> None:
    assert site.get("/doctor?run=%3Cscript%3E").status == 404


@pytest.mark.usefixtures("site")
def test_no_other_stage_has_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_STAGE", "prod")
    assert asked().status_code == 404
