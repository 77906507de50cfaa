import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from chalicelib.background.task import State
from tests.browser.demo import Day
from tests.browser.server import Served
from tests.browser.visit import NARROW, WIDE, Visitor

type Opened = tuple[Day, Served]

PATHS = {
    "overview": "",
    "lost": "jobs/01M81J18G068RKEJVNQ9RFVHWP",
    "journal": "journal",
    "journal of a kind": "journal?kind=job&limit=3",
    "journal without finds": "journal?subject=nothing",
    "journal refused": "journal?cursor=nothing",
    "policies": "policies",
    "policies tried": "policies?try=2",
    "policies refused": "policies?try=nothing",
}
PAGES = [*PATHS, "job", "run", "failed run", "run under way"]
REFUSED = {"lost", "journal refused", "policies refused"}
each_page = pytest.mark.parametrize("name", PAGES)
each_theme = pytest.mark.parametrize("theme", ["light", "dark"])
each_width = pytest.mark.parametrize("width", [NARROW, WIDE])


def path_of(day: Day, name: str) -> str:
    """Return where a page of the day is, relative to the console."""
    states = {"run": State.SUCCEEDED, "failed run": State.FAILED, "run under way": None}
    if name in states:
        runs = day.world.services.transcripts.list("main", None, None, 50).items
        return f"runs/{next(run.run_id for run in runs if run.state is states[name])}"
    if name == "job":
        return f"jobs/{day.jobs[-1].id}"
    return PATHS[name]


@each_page
@each_theme
@each_width
def test_a_page_looks_after_everybody(
    name: str, theme: str, width: int, day: Opened, visit: Visitor
) -> None:
    made, served = day
    opened = visit(served, path_of(made, name), theme=theme, width=width)
    if name in REFUSED:
        opened.errors.clear()  # Chromium reports each answer of 4xx itself.
    violations = Axe().run(opened.page).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []


@each_page
@pytest.mark.parametrize("width", [320, NARROW, 768, WIDE])
def test_a_page_never_scrolls_sideways(name: str, width: int, day: Opened, visit: Visitor) -> None:
    made, served = day
    opened = visit(served, path_of(made, name), width=width)
    if name in REFUSED:
        opened.errors.clear()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_theme_is_that_of_the_system(day: Opened, visit: Visitor) -> None:
    _, served = day
    grounds = [
        visit(served, theme=theme).computed("body", "backgroundColor")
        for theme in ("light", "dark")
    ]
    assert grounds == ["rgb(247, 247, 248)", "rgb(15, 17, 22)"]


def test_the_first_page_shows_jobs_and_runs(day: Opened, visit: Visitor) -> None:
    made, served = day
    opened = visit(served)
    expect(opened.page).to_have_title("Overview · Palyra")
    jobs, runs = opened.page.get_by_role("table").all()
    for job in made.jobs:
        expect(jobs.get_by_role("link", name=job.definition.name)).to_be_visible()
    assert runs.get_by_role("row").count() > 10
    for word in ("Running", "Failed", "Succeeded"):
        expect(runs.get_by_text(word).first).to_be_visible()


def test_a_run_is_two_clicks_away_and_shows_its_steps(day: Opened, visit: Visitor) -> None:
    _, served = day
    opened = visit(served)
    opened.page.get_by_role("link", name="Nightly cost report").first.click()
    expect(opened.page.get_by_role("heading", level=1)).to_have_text("Nightly cost report")
    opened.page.get_by_role("link", name=re.compile("^Steps")).click()
    expect(opened.page.get_by_role("heading", level=3, name="The model called")).to_be_visible()
    expect(opened.page.get_by_text("Yesterday cost 14.20 USD")).to_be_visible()
    opened.page.get_by_role("link", name="Palyra").click()
    assert opened.page.url == served.url


def test_times_are_told_from_now_and_exactly_when_pointed_at(day: Opened, visit: Visitor) -> None:
    _, served = day
    time = visit(served).page.locator("time[data-relative]").first
    expect(time).to_have_text(re.compile("^in [0-9]+ (s|min)"))
    expect(time).to_have_attribute("title", re.compile("^22 Nov 2026, 12:[0-9:]{5} UTC · "))


def test_what_runs_says_for_how_long(day: Opened, visit: Visitor) -> None:
    _, served = day
    expect(visit(served).page.locator("[data-since]").first).to_have_text(re.compile(" so far$"))


def test_without_scripts_a_page_is_complete(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served, java_script_enabled=False).page
    expect(page.locator("time").first).to_have_text(re.compile("UTC$"))
    expect(page.get_by_role("button")).to_have_count(0)


def test_nothing_turns_for_those_who_want_no_motion(day: Opened, visit: Visitor) -> None:
    _, served = day
    for motion, animation in (("reduce", "none"), ("no-preference", "turn")):
        opened = visit(served, reduced_motion=motion)
        assert opened.computed("main .icon-turning", "animationName") == animation


def test_the_keyboard_skips_to_the_content(day: Opened, visit: Visitor) -> None:
    _, served = day
    page = visit(served).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
