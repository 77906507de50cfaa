"""How a job's slots are run and how it stands, on its page and in the overview."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.background.backoff import Backoff
from chalicelib.scheduler.job import Job
from chalicelib.scheduler.service import Change, Draft
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import normalize_schedule
from tests.console.site import Site

SECOND = timedelta(seconds=1)


def a_job(site: Site, spec: dict[str, Any], **terms: Any) -> Job:
    now = site.world.clock.now()
    schedule = normalize_schedule(spec, now=now, default_timezone="utc")
    draft = Draft("Health report", schedule, "Look", ["system.health"], terms=terms)
    return site.world.services.jobs.create("main", "token:test", draft).job


def page_of(site: Site, job: Job) -> str:
    return site.get(f"/jobs/{job.id}").text


def test_a_plain_job_says_what_becomes_of_missed_slots_and_attempts(site: Site) -> None:
    text = page_of(site, a_job(site, {"every": "1h"}))
    assert "Missed slots Skipped Attempts 3 a slot" in text
    for rare in ("Jitter", "Failures", "then it is completed"):
        assert rare not in text


def test_every_term_that_a_job_has_is_shown(site: Site) -> None:
    terms: dict[str, Any] = {
        "misfire": CronMisfirePolicy.CATCH_UP,
        "max_attempts": 5,
        "backoff": Backoff(7 * SECOND, 70 * SECOND, 20),
        "jitter": 30 * SECOND,
        "max_runs": 9,
        "pause_after": 2,
    }
    text = page_of(site, a_job(site, {"every": "1h"}, **terms))
    assert "Missed slots The latest of the last day run" in text
    assert "Attempts 5 a slot, 7 s to 1 min 10 s between, up to 20 % shorter" in text
    assert "Jitter Up to 30 s later" in text
    assert "Runs 0 of 9, then it is completed" in text
    assert "Failures 0 in a row, paused after 2" in text


def test_a_pause_until_an_instant_is_shown_on_both_pages(site: Site) -> None:
    job = a_job(site, {"every": "1h"})
    until = site.world.clock.now() + timedelta(hours=3)
    site.world.services.jobs.pause("main", "token:test", job.id, until)

    assert f"Paused until 22 Nov 2026, 15:00:00 UTC . palyra jobs resume {job.id}" in (
        page_of(site, job)
    )
    assert "Paused until 22 Nov 2026, 15:00:00 UTC" in site.get("/").row("Health report")


def test_a_pause_for_good_needs_no_notice(site: Site) -> None:
    job = a_job(site, {"every": "1h"})
    site.world.services.jobs.pause("main", "token:test", job.id)
    assert 'class="note' not in site.get(f"/jobs/{job.id}").html


def test_missed_slots_that_wait_come_with_what_decides_about_them(site: Site) -> None:
    job = a_job(site, {"every": "1h"}, misfire=CronMisfirePolicy.CATCH_UP)
    site.world.at(60 * 30)
    site.world.services.tick.run()

    page = site.get(f"/jobs/{job.id}")

    waits = "wait for a decision: 22 Nov 2026, 13:00:00 UTC to 22 Nov 2026, 18:00:00 UTC"
    assert waits in page.text
    for way in ("replay", "dismiss"):
        assert f"palyra jobs review {job.id} --{way}" in page.text
    assert "6 slots" in page.row("22 Nov 2026, 13:00:00 UTC")
    assert "Review" in site.get("/").row("Health report")


def test_a_range_of_an_edited_job_is_not_counted(site: Site) -> None:
    job = a_job(site, {"cron": "*/5 * * * *"})
    site.world.at(60)
    site.world.services.tick.run()
    assert "11 slots" in page_of(site, job)
    site.world.services.jobs.edit("main", "token:test", job.id, Change(name="Renamed"))
    assert "11 slots" not in page_of(site, job)


@pytest.mark.parametrize(
    ("eve", "cron", "zone", "local", "utc", "note"),
    [
        (
            "2026-03-28T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            "Sun 29 Mar 2026, 03:00:00 +02:00",
            "29 Mar 2026, 01:00:00 UTC",
            "clocks leap over the time that is named: it fires when they do",
        ),
        (
            "2026-10-24T12:00:00Z",
            "30 2 * * *",
            "Europe/Prague",
            "Sun 25 Oct 2026, 02:30:00 +02:00",
            "25 Oct 2026, 00:30:00 UTC",
            "clocks show this time twice: it fires the first time",
        ),
        (
            "2026-10-03T12:00:00Z",
            "15 2 * * *",
            "Australia/Lord_Howe",
            "Sun 4 Oct 2026, 02:30:00 +11:00",
            "3 Oct 2026, 15:30:00 UTC",
            "clocks leap over the time that is named: it fires when they do",
        ),
        (
            "2026-04-04T12:00:00Z",
            "45 1 * * *",
            "Australia/Lord_Howe",
            "Sun 5 Apr 2026, 01:45:00 +11:00",
            "4 Apr 2026, 14:45:00 UTC",
            "clocks show this time twice: it fires the first time",
        ),
    ],
)
def test_the_next_slots_note_where_clocks_change(
    site: Site, eve: str, cron: str, zone: str, local: str, utc: str, note: str
) -> None:
    site.world.clock.instant = datetime.fromisoformat(eve)
    job = a_job(site, {"cron": cron, "timezone": zone})
    page = site.get(f"/jobs/{job.id}")
    assert f"Next slots The next slots, by the clocks of {zone} and in UTC" in page.text
    assert page.row(local) == f"{local} {utc} Clocks change {note}"
    assert page.html.count("As ever") == 4


def test_a_job_that_does_not_fire_has_no_next_slots(site: Site) -> None:
    job = a_job(site, {"every": "1h"})
    site.world.services.jobs.pause("main", "token:test", job.id)
    assert "Next slots" not in page_of(site, job)


def _fails(*_arguments: object) -> object:
    raise RuntimeError


def test_a_job_that_paused_itself_says_why_and_how_to_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(site, {"every": "60s"}, pause_after=1, max_attempts=1)
    firings: Any = site.world.services.worker.kinds["firing"]
    monkeypatch.setattr(firings.runs, "execute", _fails)
    site.run(job)

    text = page_of(site, job)

    assert "Paused by itself, since its runs kept failing" in text
    assert f"palyra jobs resume {job.id}" in text
    assert "Paused keeps failing" in site.get("/").text
