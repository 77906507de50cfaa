"""A real Chromium, and consoles for it to open."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.demo import Day
from tests.browser.server import Served, serving
from tests.browser.visit import Visit, Visitor
from tests.functions.conftest import _started
from tests.support.world import World, a_world

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("these tests open a real Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=[*_QUIET])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def day() -> Iterator[tuple[Day, Served]]:
    """A console that nobody changes any more."""
    with _console() as (world, served):
        yield Day(world), served


@pytest.fixture
def fresh() -> Iterator[tuple[World, Served]]:
    """A console that a test changes."""
    with _console() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """What opens pages; at the end each must have been without errors and foreign requests."""
    visits: list[Visit] = []

    def open_at(served: Served, path: str = "", **how: Any) -> Visit:
        visits.append(Visit.open(browser, served, path, **how))
        return visits[-1]

    yield open_at
    for each in visits:
        each.close()


@contextmanager
def _console() -> Iterator[tuple[World, Served]]:
    with a_world() as world, _started(world), serving(world.clock) as served:
        yield world, served
