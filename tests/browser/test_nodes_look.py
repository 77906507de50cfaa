"""How the pages of nodes and of pairing look."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from chalicelib.functions.wiring.container import container
from chalicelib.nodes.pairing import padding
from tests.browser.conftest import _console
from tests.browser.pairing import NUMBER, end, mint, proven
from tests.browser.server import Served
from tests.browser.visit import NARROW, WIDE, Visit, Visitor
from tests.nodes.capabilities.helper import Helper
from tests.nodes.gateway import ORIGIN, Gateway

PAGES = ["nodes", "node", "revoked node", "pairing", "pin", "qr", "refused"]
each_page = pytest.mark.parametrize("name", PAGES)


@dataclass
class Kept:
    """A console with devices, and one that asks."""

    served: Served
    paths: dict[str, str]


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    with pytest.MonkeyPatch.context() as patch, _console() as (world, served):
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        patch.setattr(padding, "STEP_SECONDS", 1e-9)
        container.cache_clear()
        helper = Helper(Gateway(world))
        helper.granted("camera.take", "disk.look")
        assert helper.node.call("POST", "heartbeat", {}).status == 200
        done, _ = helper.asked(), helper.asked()
        assert helper.take(done).status == 200
        assert helper.succeed(done, {"picture": "x" * 300}).status == 200
        lost = helper.gateway.node()
        helper.gateway.revoke(lost)
        for label in ("garage pi", "x" * 64):
            proven(world, label)
        yield Kept(served, {"node": f"nodes/{helper.node.id}", "revoked node": f"nodes/{lost.id}"})


def opened(kept: Kept, visit: Visitor, name: str, **how: int | str | bool) -> Visit:
    """Open a page; a code is minted, and ended when it was looked at."""
    made = visit(
        kept.served, kept.paths.get(name, "nodes" if name == "nodes" else "pairing"), **how
    )
    if name in {"pin", "qr"}:
        mint(made.page, name)
    if name == "refused":
        made.page.get_by_label(NUMBER).first.fill("000 000")
        made.page.get_by_role("button", name="Approve").first.evaluate(
            "button => { button.form.version.value = 1; }"
        )
        made.page.get_by_role("button", name="Approve").first.click()
        expect(made.page.locator("#refused")).to_be_visible()
        made.errors.clear()  # Chromium reports each answer of 4xx itself.
    return made


@each_page
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_page_looks_after_everybody(
    name: str, theme: str, width: int, kept: Kept, visit: Visitor
) -> None:
    made = opened(kept, visit, name, theme=theme, width=width)
    violations = Axe().run(made.page).response["violations"]
    assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []
    end(made.page)


@each_page
@pytest.mark.parametrize("width", [320, NARROW, 768, WIDE])
def test_a_page_never_scrolls_sideways(name: str, width: int, kept: Kept, visit: Visitor) -> None:
    made = opened(kept, visit, name, width=width)
    assert made.page.evaluate("document.documentElement.scrollWidth") <= width
    end(made.page)
