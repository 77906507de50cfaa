from datetime import timedelta

import pytest

from chalicelib.providers import Conversation, ToolCall
from chalicelib.scheduler.dispatch import Dispatch
from tests.console.site import Site
from tests.support.faults import Crash


class Dies:
    """A model that takes its process with it when it should answer."""

    name = "offline"
    deadline = timedelta(seconds=1)

    def reply(self, conversation: Conversation) -> ToolCall:
        if conversation.turns:
            raise Crash
        return ToolCall("system.health")


def test_a_run_shows_its_status_job_slot_and_result(site: Site) -> None:
    job = site.world.job(name="Health report")
    page = site.get(f"/runs/{site.run(job)}")
    assert "<h1>Run of Health report</h1>" in page.html
    assert "Run of Health report Succeeded Result No model is configured" in page.text
    assert "background.active_runs = 1" in page.text
    assert "Slot 22 Nov 2026, 12:01:00 UTC" in page.text
    assert "Model offline" in page.text
    assert "Allowed by default-dispatch-read-only" in page.text
    assert f"../jobs/{job.id}" in page.links()


def test_each_step_of_a_run_is_shown(site: Site) -> None:
    text = site.get(f"/runs/{site.run(site.world.job())}").text
    called, returned, answered = (
        text.index("1 The model called system.health"),
        text.index("2 The tool returned system.health Answered"),
        text.index("3 The model answered"),
    )
    assert called < returned < answered
    assert '"active_runs": 1' in text


def test_a_run_under_way_shows_what_it_has_done_and_no_result(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = site.world.job()
    firings = site.world.services.worker.kinds["firing"]
    assert isinstance(firings, Dispatch)
    monkeypatch.setattr(firings.runs, "provider", Dies())
    with pytest.raises(Crash):
        site.run(job)
    page = site.get(f"/runs/{site.world.ref(job).run_id}")
    assert "Run of health Running About this run Started" in page.text
    assert "Took under way" in page.text
    assert "2 The tool returned system.health" in page.text
    assert "Result" not in page.text
    assert "Running 1 of the last 1 run" in site.get("/").text


def test_a_run_that_failed_says_why(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    job = site.world.job()
    firings = site.world.services.worker.kinds["firing"]
    assert isinstance(firings, Dispatch)
    monkeypatch.setattr(firings.runs, "max_steps", 2)
    run = site.run(job)
    ref = site.world.ref(job)
    while not (task := site.world.task(ref)).state.is_terminal:
        assert task.wake_at is not None
        site.world.clock.instant = task.wake_at
        site.world.services.handle(ref)
    page = site.get(f"/runs/{run}")
    assert "Failed TooManySteps: no answer after 2 steps" in page.text
    assert "Result" not in page.text
    assert "Failed TooManySteps" not in site.get("/").text
    assert "TooManySteps: no answer after 2 steps Failed" in site.get("/").text


def test_an_unknown_run_is_told_on_a_page(site: Site) -> None:
    page = site.get("/runs/01M81J18G068RKEJVNQ9RFVHWP-000000000060")
    assert page.status == 404
    assert "there is no run" in page.text


def test_another_owners_run_is_unknown(site: Site) -> None:
    job = site.world.job(owner="other")
    site.world.at(1)
    ref = site.world.ref(job, owner="other")
    site.world.services.handle(ref)
    assert site.get(f"/runs/{ref.run_id}").status == 404
