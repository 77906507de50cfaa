import pytest

from chalicelib.functions.wiring import journal_tasks
from chalicelib.functions.wiring import seals as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.store import JournalRow
from chalicelib.journal.verification.store import Verification, VerificationStore
from chalicelib.journal.verify import Progress, Verifier
from tests.console.site import Site
from tests.console.test_escaping import HOSTILE
from tests.journal.events import an_event, append, one_a_minute
from tests.support.world import World

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def verify(world: World) -> None:
    """Verify the journal, and keep what was found."""
    progress, now = Progress(), world.clock.now()
    made = Container(settings=world.settings, clock=world.clock, random_bytes=bytes)
    reading = journal_tasks.verify(made)._reading("main")
    Verifier("main", reading, wiring.signatures(made).valid, progress).advance()
    found = Verification(
        task_id="01M81J18G068RKEJVNQ9RFVHWP", begun_at=now, at=now, progress=progress
    )
    VerificationStore().keep("main", found, 1)


def test_the_newest_entries_are_shown_with_who_did_it(site: Site) -> None:
    append(an_event("a", kind="job.paused", actor="token:phone"), an_event("b", 1, subject="K"))
    text = site.get("/journal").text
    assert text.index("test.happened") < text.index("job.paused")
    assert "job.paused 22 Nov 2026, 12:00:00 UTC token:phone J" in text


def test_an_entry_tells_its_details_and_leads_to_its_run(site: Site) -> None:
    job = site.world.job(name="Health report")
    run = site.run(job)
    page = site.get("/journal")
    assert '"name": "Health report"' in page.text
    assert {f"./runs/{run}", f"./jobs/{job.id}"} <= set(page.links())


def test_a_kind_and_a_subject_lead_to_their_entries(site: Site) -> None:
    append(an_event("a", kind="job.paused"), an_event("b", 1, subject="K#1 &"))
    links = site.get("/journal").links()
    kind, subject = "./journal?kind=job.paused", "./journal?subject=K%231%20%26"
    assert {kind, subject} <= set(links)
    assert "test.happened" not in site.get(f"/{kind.removeprefix('./')}").text
    of_subject = site.get(f"/{subject.removeprefix('./')}")
    assert "job.paused" not in of_subject.text
    assert "All of K#1 & All entries" in of_subject.text
    assert "./journal" in of_subject.links()


def test_older_entries_are_behind_a_link_that_keeps_the_filter(site: Site) -> None:
    append(*one_a_minute(LETTERS), an_event("other", kind="other.happened"))
    page = site.get("/journal?kind=test&limit=20")
    assert page.html.count("<tr>") == 21
    (older,) = [link for link in page.links() if "cursor=" in link]
    assert older.startswith("./journal?kind=test&cursor=")
    following = site.get(f"/{older.removeprefix('./')}")
    assert following.html.count("<tr>") == 7
    assert "other.happened" not in following.text
    assert "./journal?kind=test" in following.links()


def test_a_page_that_found_nothing_yet_leads_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.journal.search._MOST_LOOKED_AT", 2)
    append(*one_a_minute(LETTERS))
    page = site.get("/journal?kind=other")
    assert "None among those that were looked at" in page.text
    assert any("cursor=" in link for link in page.links())


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/journal", "Nothing has happened yet"),
        ("/journal?kind=", "Nothing has happened yet"),
        ("/journal?kind=job", "No such entries"),
    ],
)
def test_an_empty_page_says_why(site: Site, path: str, told: str) -> None:
    assert told in site.get(path).text


def test_a_form_asks_for_entries_and_keeps_what_was_filled_in(site: Site) -> None:
    append(
        an_event("a", kind="job.paused", actor="token:phone"),
        an_event("b", 1, subject="K", details={"word": "needle"}),
    )
    page = site.get("/journal?kind=&actor=token%3Aphone&text=&subject=&from=&until=")
    assert "job.paused" in page.text
    assert "needle" not in page.text
    assert 'name="actor" value="token:phone"' in page.html
    assert "needle" in site.get("/journal?text=NEEDLE").text


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("from=2026-11-22", True),
        ("from=2026-11-22&until=2026-11-22", True),
        ("until=2026-11-21", False),
        ("from=2026-11-23", False),
    ],
)
def test_days_are_whole_ones(site: Site, query: str, *, is_there: bool) -> None:
    append(an_event("a"))
    assert ("test.happened" in site.get(f"/journal?{query}").text) is is_there


@pytest.mark.parametrize("query", ["from=2026-02-30", "from=yesterday", "until=9999-12-31"])
def test_a_day_that_cannot_be_is_told(site: Site, query: str) -> None:
    page = site.get(f"/journal?{query}")
    assert page.status == 422
    assert query.partition("=")[0] in page.text


def test_the_latest_verification_is_told(site: Site) -> None:
    append(*one_a_minute(LETTERS))
    assert "Verified" not in site.get("/journal").text
    verify(site.world)
    assert "26 events as they were written, 26 of them not sealed yet" in site.get("/journal").text


def test_a_journal_that_does_not_verify_is_told_first(site: Site) -> None:
    append(*one_a_minute(LETTERS))
    (row,) = [row for row in JournalRow.scan() if row.event_id == "c"]
    changed = [JournalRow.content.set(row.content.replace("laptop", "phone"))]
    JournalRow.change(row.pk, row.sk, changed, JournalRow.pk.exists())
    verify(site.world)
    text = site.get("/journal").text
    assert "The journal does not verify" in text
    assert f"event {row.sk}" in text


def test_the_journal_of_another_owner_is_not_shown(site: Site) -> None:
    append(an_event("a", owner="other", kind="other.happened"))
    assert "other.happened" not in site.get("/journal").text


def test_what_an_entry_says_cannot_become_markup(site: Site) -> None:
    append(an_event("a", subject=HOSTILE, actor=HOSTILE, kind=HOSTILE, details={HOSTILE: HOSTILE}))
    page = site.get("/journal")
    assert HOSTILE not in page.html
    assert HOSTILE not in site.get("/journal?subject=%3Cscript%3Ealert('x')%3C/script%3E").html


def test_what_cannot_be_looked_for_is_told_on_a_page(site: Site) -> None:
    page = site.get(f"/journal?kind={'x' * 2_000}")
    assert page.status == 422
    assert "it is not a text that can be looked for" in page.text


def test_every_page_leads_to_the_journal(site: Site) -> None:
    job = site.world.job()
    assert "./journal" in site.get("/").links()
    assert "../journal" in site.get(f"/jobs/{job.id}").links()


def test_links_of_the_journal_lead_somewhere(site: Site) -> None:
    site.run(site.world.job())
    for link in site.get("/journal").links():
        assert link.startswith("./")
        assert site.get(f"/{link.removeprefix('./')}").status == 200
