from datetime import timedelta

from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.service import Change
from tests.console.site import Site


def test_a_job_shows_what_it_does_and_when(site: Site) -> None:
    job = site.world.job("60s", name="Health report", prompt="Summarize health")
    page = site.get(f"/jobs/{job.id}")
    assert "<h1>Health report</h1>" in page.html
    assert "Schedule every minute" in page.text
    assert "Tools system.health" in page.text
    assert "Summarize health" in page.text
    assert f"palyra jobs show {job.id}" in page.text


def test_a_job_shows_its_version_and_who_changed_it(site: Site) -> None:
    job = site.world.job()
    site.world.services.jobs.edit("main", "token:laptop", job.id, Change(name="Renamed"))
    text = site.get(f"/jobs/{job.id}").text
    assert "Renamed" in text
    assert "Version 2 Changed 22 Nov 2026, 12:00:00 UTC by token:laptop" in text


def test_the_ledger_leads_to_the_run_of_a_slot(site: Site) -> None:
    job = site.world.job()
    run = site.run(job)
    page = site.get(f"/jobs/{job.id}")
    assert page.row("22 Nov 2026, 12:01:00 UTC").startswith(
        "22 Nov 2026, 12:01:00 UTC Succeeded On schedule Steps"
    )
    assert f"../runs/{run}" in page.links()


def test_a_slot_that_did_not_run_says_why(site: Site) -> None:
    job = site.world.job()
    site.world.at(1)
    holder = site.world.services.worker.work.claim(site.world.ref(job), "a", site.world.at(1))
    site.world.services.jobs.jobs.lock(holder, holder.ver)
    site.run(job, 2)
    row = site.get(f"/jobs/{job.id}").row("22 Nov 2026, 12:02:00 UTC")
    assert row.endswith("Skipped overlap None")


def test_slots_that_were_missed_together_share_a_row(site: Site) -> None:
    job = site.world.job()
    site.world.at(20)
    site.world.services.tick.run()
    row = site.get(f"/jobs/{job.id}").row("22 Nov 2026, 12:03:00 UTC")
    assert row.startswith(
        "22 Nov 2026, 12:03:00 UTC to 22 Nov 2026, 12:17:00 UTC 15 slots Misfired missed"
    )


def test_a_run_by_hand_says_who_asked_for_it(site: Site) -> None:
    job = site.world.job("1d")
    fired = site.world.services.jobs.run_now("main", "token:laptop", job.id)
    site.world.clock.instant = fired.task.ref.slot
    site.world.services.handle(fired.task.ref)
    assert "Succeeded Run by token:laptop Steps" in site.get(f"/jobs/{job.id}").text


def test_a_job_whose_time_has_not_come_says_how_to_run_it(site: Site) -> None:
    job = site.world.job("1d")
    text = site.get(f"/jobs/{job.id}").text
    assert "No slot has come yet" in text
    assert f"palyra jobs run {job.id}" in text


def test_a_deleted_job_stays_readable(site: Site) -> None:
    job = site.world.job(name="Health report")
    site.run(job)
    site.world.services.jobs.delete("main", "token:test", job.id)
    text = site.get(f"/jobs/{job.id}").text
    assert "Health report Deleted" in text
    assert "Succeeded" in text


def test_a_long_ledger_goes_on_behind_a_link(site: Site) -> None:
    job = site.world.job()
    for minute in (1, 2, 3):
        site.world.services.tick.run()
        site.run(job, minute)
    newest = site.get(f"/jobs/{job.id}?limit=1")
    (older,) = [link for link in newest.links() if "cursor=" in link]
    following = site.get(f"/{older.removeprefix('../')}&limit=1")
    assert newest.status == following.status == 200
    assert newest.text != following.text
    assert f"../jobs/{job.id}" in following.links()


def test_a_long_prompt_is_folded(site: Site) -> None:
    job = site.world.job(prompt="Look. " * 400)
    page = site.get(f"/jobs/{job.id}")
    assert '<details class="fold" id="prompt">' in page.html
    assert "2,400 characters" in page.text


def test_an_unknown_job_is_told_on_a_page(site: Site) -> None:
    page = site.get("/jobs/01M81J18G068RKEJVNQ9RFVHWP")
    assert page.status == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "There is no such thing here" in page.text
    assert "../" in page.links()


def test_what_is_no_id_is_an_unknown_job(site: Site) -> None:
    page = site.get("/jobs/%3Cscript%3E")
    assert page.status == 404
    assert "<script>" not in page.html


def test_another_owners_job_is_unknown(site: Site) -> None:
    job = site.world.job(owner="other")
    assert site.get(f"/jobs/{job.id}").status == 404


def test_the_time_since_a_change_does_not_change_the_page(site: Site) -> None:
    job = site.world.job("1d")
    before = site.get(f"/jobs/{job.id}")
    site.world.clock.move(timedelta(hours=1))
    assert site.get(f"/jobs/{job.id}").html == before.html


def test_a_job_says_what_becomes_of_slots_that_meet(site: Site) -> None:
    job = site.world.job(concurrency=CronConcurrencyPolicy.QUEUE_ONE)
    work, services = site.world.services.worker.work, site.world.services
    holder = work.claim(site.world.ref(job), "a", site.world.at(1))
    services.jobs.jobs.lock(holder, holder.ver)
    site.run(job, 2)

    page = site.get(f"/jobs/{job.id}")

    assert "Overlap One slot waits for the one that runs" in page.text
    assert "Under way Slot of 22 Nov 2026, 12:01:00 UTC" in page.text
    assert "Waiting Slot of 22 Nov 2026, 12:02:00 UTC" in page.text


def test_a_lock_that_names_who_has_ended_is_not_shown(site: Site) -> None:
    job = site.world.job()
    work = site.world.services.worker.work
    holder = work.claim(site.world.ref(job), "a", site.world.at(1))
    site.world.services.jobs.jobs.lock(holder, holder.ver)
    work.end(holder, End(State.SUCCEEDED, Outcome.FIRED, ""), site.world.clock.now())

    assert "Under way" not in site.get(f"/jobs/{job.id}").text


def test_a_slot_that_was_replaced_says_so(site: Site) -> None:
    job = site.world.job(concurrency=CronConcurrencyPolicy.REPLACE)
    work = site.world.services.worker.work
    holder = work.claim(site.world.ref(job), "a", site.world.at(1))
    site.world.services.jobs.jobs.lock(holder, holder.ver)
    site.run(job, 2)

    row = site.get(f"/jobs/{job.id}").row("22 Nov 2026, 12:01:00 UTC")

    assert row.startswith("22 Nov 2026, 12:01:00 UTC Cancelled replaced")
