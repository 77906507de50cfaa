from datetime import timedelta

from chalicelib.background.service import TaskDraft
from tests.console.site import Site


def test_a_job_is_shown_with_its_schedule_state_and_next_run(site: Site) -> None:
    site.world.job("90s", name="Health report")
    row = site.get("/").row("Health report")
    assert row == (
        "Health report every 1 minute 30 seconds Enabled 22 Nov 2026, 12:01:30 UTC Nothing yet"
    )


def test_a_run_is_shown_with_its_status_and_leads_to_its_steps(site: Site) -> None:
    job = site.world.job(name="Health report")
    run = site.run(job)
    page = site.get("/")
    assert f"./runs/{run}" in page.links()
    assert "Health report Succeeded 22 Nov 2026, 12:01:00 UTC 0 ms" in page.text


def test_the_last_outcome_of_a_job_is_shown_with_its_reason(site: Site) -> None:
    job = site.world.job(name="Health report")
    site.world.at(1)
    site.world.services.jobs.pause("main", "token:test", job.id)
    site.world.services.handle(site.world.ref(job, 1))
    assert "Paused 22 Nov 2026, 12:01:00 UTC the job is paused" in site.get("/").row(
        "Health report"
    )


def test_a_slot_that_is_only_handed_over_is_no_outcome_yet(site: Site) -> None:
    site.world.job(name="Health report")
    assert site.get("/").row("Health report").endswith("Nothing yet")


def test_the_next_run_is_the_next_slot_to_fire_and_not_the_next_to_hand_over(site: Site) -> None:
    job = site.world.job(name="Health report")
    assert site.world.services.jobs.get("main", job.id).next == site.world.at(3)
    site.world.at(0.5)
    assert "12:01:00 UTC" in site.get("/").row("Health report")


def test_a_job_that_nobody_hands_over_is_overdue(site: Site) -> None:
    site.world.job(name="Health report")
    site.world.at(10)
    assert "12:03:00 UTC Overdue" in site.get("/").row("Health report")


def test_a_paused_job_has_no_next_run(site: Site) -> None:
    job = site.world.job(name="Health report")
    site.world.services.jobs.pause("main", "token:test", job.id)
    assert "Paused None" in site.get("/").row("Health report")


def test_the_summary_counts_enabled_jobs_and_failed_runs(site: Site) -> None:
    paused = site.world.job(name="Paused one")
    site.world.services.jobs.pause("main", "token:test", paused.id)
    site.run(site.world.job(name="Health report"))
    text = site.get("/").text
    assert "Enabled jobs 1 of 2" in text
    assert "Running 0 of the last 1 run" in text
    assert "Failed 0 of the last 1 run" in text


def test_an_empty_console_says_how_to_make_a_job(site: Site) -> None:
    text = site.get("/").text
    assert "No jobs yet" in text
    assert "palyra jobs create" in text
    assert "No runs yet" in text


def test_without_runs_the_page_says_how_to_run_a_job(site: Site) -> None:
    job = site.world.job()
    assert f"palyra jobs run {job.id}" in site.get("/").text


def test_only_the_jobs_of_the_owner_main_are_shown(site: Site) -> None:
    site.world.job(owner="other", name="Somebody else's")
    assert "Somebody else" not in site.get("/").text


def test_more_jobs_than_a_page_holds_are_behind_a_link(site: Site) -> None:
    for name in ("First", "Second", "Third"):
        site.world.job(name=name)
        site.world.clock.move(timedelta(seconds=1))
    page = site.get("/?limit=2")
    assert "Third" in page.text
    assert "First" not in page.text
    (older,) = [link for link in page.links() if "cursor=" in link]
    following = site.get(f"/{older.removeprefix('./')}")
    assert "First" in following.text
    assert "Third" not in following.text
    assert "./" in following.links()


def test_a_run_of_a_deleted_job_keeps_its_name(site: Site) -> None:
    job = site.world.job(name="Health report")
    site.run(job)
    site.world.services.jobs.delete("main", "token:test", job.id)
    text = site.get("/").text
    assert "No jobs yet" in text
    assert "Health report Succeeded" in text


def test_a_run_of_no_job_is_called_what_it_is(site: Site) -> None:
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "Say hello", "tools": []})
    task = site.world.services.tasks.create("main", "token:test", draft).task
    site.world.services.handle(task.ref)
    assert "Background task Succeeded" in site.get("/").text


def test_a_bad_cursor_is_told_on_a_page(site: Site) -> None:
    page = site.get("/?cursor=%00")
    assert page.status == 422
    assert "the cursor is not one that this API gave" in page.text
