import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.demo import Day
from tests.browser.server import Served
from tests.browser.visit import Visitor

type Opened = tuple[Day, Served]


def test_it_is_a_click_away_from_every_page(day: Opened, visit: Visitor) -> None:
    made, served = day
    opened = visit(served, f"jobs/{made.jobs[0].id}")
    opened.page.get_by_role("link", name="Journal").click()
    expect(opened.page).to_have_title("Journal · Palyra")
    expect(opened.page.get_by_role("heading", level=2)).to_have_text("What happened")


def test_an_entry_shows_its_details_and_leads_to_its_run(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served, "journal?kind=run.finished").page
    entry = page.get_by_role("row").filter(has_text="run.finished").first
    details = entry.locator("pre")
    expect(details).to_be_hidden()
    entry.get_by_text("Details").click()
    expect(details).to_contain_text('"run_id": "')
    entry.get_by_role("link", name=re.compile("^Run")).click()
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    assert "/runs/" in page.url


def test_a_kind_and_a_subject_lead_to_their_entries_and_back(day: Opened, visit: Visitor) -> None:
    made, served = day
    page = visit(served, "journal").page
    page.get_by_role("link", name="job.paused").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name=made.jobs[1].id).click()
    assert parse_qs(urlsplit(page.url).query) == {"subject": [made.jobs[1].id]}
    expect(page.get_by_role("table")).to_contain_text("job.created")
    page.get_by_role("link", name="All entries").click()
    assert page.url == f"{served.url}journal"


def test_older_entries_are_pages_away(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served, "journal?kind=job").page
    rows, ids = page.locator("tbody tr"), "folds => folds.map(fold => fold.id)"
    every = page.locator("details").evaluate_all(ids)
    page.goto(f"{page.url}&limit=3")
    expect(rows).to_have_count(3)
    first = page.locator("details").evaluate_all(ids)
    page.get_by_role("link", name="Older entries").click()
    expect(rows).to_have_count(len(every) - 3)
    assert first + page.locator("details").evaluate_all(ids) == every
    page.get_by_role("link", name="Newest entries").click()
    assert parse_qs(urlsplit(page.url).query) == {"kind": ["job"]}
