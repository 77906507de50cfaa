from typing import Any

from playwright.sync_api import expect

from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from tests.browser.server import Served
from tests.browser.visit import NARROW, Visitor
from tests.support.world import World

type Fresh = tuple[World, Served]


def test_a_new_run_appears_by_itself(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    job = world.job(name="Health report")
    opened = visit(served, is_still=True)
    expect(opened.page.get_by_text("No runs yet")).to_be_visible()
    world.at(1)
    world.services.handle(world.ref(job, 1))
    opened.wait_for_refresh()
    expect(opened.page.get_by_role("table").nth(1)).to_contain_text("Succeeded")


def test_a_page_that_has_not_changed_is_not_sent_again(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    opened = visit(served, is_still=True)
    for _ in range(3):
        opened.wait_for_refresh()
    assert served.statuses("/") == [200, 200, 304, 304]


def test_a_paused_page_asks_for_nothing_until_it_is_resumed(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    opened = visit(served, is_still=True)
    opened.page.get_by_role("button", name="Pause").click()
    expect(opened.page.get_by_role("status")).to_have_text("Paused")
    opened.page.clock.run_for(60_000)
    assert len(served.statuses("/")) == 1
    with opened.page.expect_response(opened.page.url):
        opened.page.get_by_role("button", name="Resume").click()
        opened.page.clock.run_for(100)
    expect(opened.page.get_by_role("status")).to_have_text("Live")


def test_a_page_about_what_is_not_there_does_not_ask_again(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    path = "jobs/01M81J18G068RKEJVNQ9RFVHWP"
    opened = visit(served, path, is_still=True)
    opened.page.clock.run_for(60_000)
    expect(opened.page.get_by_role("button")).to_have_count(0)
    assert served.statuses(f"/{path}") == [404]
    opened.errors.clear()  # Chromium's own, of the answer 404.


def test_a_page_says_when_nobody_answers_and_recovers(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    opened = visit(served, is_still=True)
    served.is_down = True
    opened.wait_for_refresh()
    expect(opened.page.get_by_role("status")).to_have_text("No answer, trying again")
    served.is_down = False
    with opened.page.expect_response(opened.page.url):
        opened.page.clock.run_for(10_000)
    expect(opened.page.get_by_role("status")).to_have_text("Live")
    assert len(opened.errors) == 1  # Chromium's own, of the answer 502.
    opened.errors.clear()


def test_what_a_reader_opened_and_points_at_stays(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    job = world.job(name="Health report", prompt="Look at everything. " * 100)
    opened = visit(served, f"jobs/{job.id}", is_still=True)
    whole = opened.page.locator("#prompt pre")
    expect(whole).to_be_hidden()
    opened.page.get_by_text("Show all").click()
    expect(whole).to_be_visible()
    world.at(1)
    world.services.handle(world.ref(job, 1))
    opened.wait_for_refresh()
    expect(opened.page.get_by_role("table").last).to_contain_text("Succeeded")
    expect(whole).to_be_visible()
    expect(opened.page.locator("#prompt summary")).to_be_focused()


def test_a_selection_is_not_taken_away(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    opened = visit(served, is_still=True)
    opened.page.get_by_role("heading", name="Overview").select_text()
    world.job(name="Health report")
    opened.wait_for_refresh()
    assert opened.page.evaluate("getSelection().toString()") == "Overview"
    opened.page.evaluate("getSelection().removeAllRanges()")
    opened.wait_for_refresh()
    expect(opened.page.get_by_role("link", name="Health report")).to_be_visible()


def test_markup_in_a_name_stays_text(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    hostile: Any = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    world.job(name=hostile)
    opened = visit(served)
    expect(opened.page.get_by_role("link", name=hostile)).to_be_visible()
    assert opened.page.locator("main img, main script").count() == 0


def test_a_long_word_breaks_instead_of_the_page(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    job = world.job(name="x" * 128, prompt="y" * 400)
    world.at(1)
    world.services.handle(world.ref(job, 1))
    for path in ("", f"jobs/{job.id}", f"runs/{world.ref(job, 1).run_id}", "policies"):
        opened = visit(served, path, width=NARROW)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_what_is_journaled_appears_by_itself_and_opened_details_stay_open(
    fresh: Fresh, visit: Visitor
) -> None:
    world, served = fresh
    opened = visit(served, "journal", is_still=True)
    expect(opened.page.get_by_text("Nothing has happened yet")).to_be_visible()
    job = world.job(name="Health report")
    opened.wait_for_refresh()
    opened.page.get_by_text("Details").click()
    details = opened.page.locator("pre")
    expect(details).to_contain_text('"name": "Health report"')
    world.services.jobs.pause("main", "token:laptop", job.id)
    opened.wait_for_refresh()
    expect(opened.page.get_by_role("link", name="job.paused")).to_be_visible()
    expect(details.nth(1)).to_be_visible()
    expect(details.nth(0)).to_be_hidden()


def test_markup_in_the_journal_stays_text(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    world.job(name=hostile)
    opened = visit(served, "journal")
    opened.page.get_by_text("Details").click()
    expect(opened.page.locator("pre")).to_contain_text(hostile)
    assert opened.page.locator("main img, main script").count() == 0


def test_a_long_word_in_the_journal_breaks_instead_of_the_page(
    fresh: Fresh, visit: Visitor
) -> None:
    world, served = fresh
    world.job(name="x" * 128)
    opened = visit(served, "journal", width=NARROW)
    opened.page.get_by_text("Details").click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_a_closed_gate_is_told_without_a_reload_on_a_narrow_page(
    fresh: Fresh, visit: Visitor
) -> None:
    _, served = fresh
    opened = visit(served, width=NARROW, is_still=True)
    expect(opened.page.locator("#gate")).to_have_count(0)
    api.gate(container()).close("main", "token:phone")
    opened.wait_for_refresh()
    expect(opened.page.locator("#gate")).to_contain_text("palyra resume --all")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= NARROW
