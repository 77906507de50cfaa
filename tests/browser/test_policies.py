from playwright.sync_api import expect

from tests.browser.demo import Day
from tests.browser.server import Served
from tests.browser.visit import Visitor

type Opened = tuple[Day, Served]


def test_what_decides_is_a_click_away_and_says_what_was_denied(day: Opened, visit: Visitor) -> None:
    made, served = day
    page = visit(served).page
    page.get_by_role("link", name="Policies").click()
    expect(page).to_have_title("Policies · Palyra")
    first = page.get_by_role("table").first.get_by_role("row").nth(1)
    expect(first).to_contain_text("Denied")
    expect(first).to_contain_text("policy.forbidden")
    expect(first).to_contain_text("no-reports")
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(made.jobs[3].definition.name)


def test_a_version_is_tried_by_a_form_and_nothing_comes_of_it(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served, "policies").page
    page.get_by_role("spinbutton", name="Version").fill("2")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("#tried")).to_contain_text("3 answers to requests of the API")
    expect(page.locator("#tried")).to_contain_text("palyra policies activate 2 --if-number 1")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.get_by_role("link", name="Policies").click()
    expect(page.get_by_text("Version 1, over the defaults")).to_be_visible()


def test_a_trial_works_without_scripts(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served, "policies", java_script_enabled=False).page
    page.get_by_role("spinbutton", name="Version").fill("0")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("#tried")).to_contain_text("With version 0")
