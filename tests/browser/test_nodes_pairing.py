"""The pages of nodes and of pairing: what they do, and what they forget."""

import re

import pytest
from playwright.sync_api import expect

from chalicelib.functions.wiring.container import container
from chalicelib.nodes.pairing import padding
from tests.browser.pairing import NUMBER, end, mint, proven, proving, typed
from tests.browser.server import Served
from tests.browser.visit import Visitor
from tests.nodes.capabilities.helper import Helper
from tests.nodes.gateway import ORIGIN, Gateway
from tests.support.world import World

type Fresh = tuple[World, Served]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)


def test_a_device_is_paired_by_a_pin_on_the_page_alone(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    made = visit(served, "nodes", is_still=True)
    made.page.get_by_role("link", name="Pair a device").click()
    made.page.get_by_label("Kind of device").select_option("daemon")
    made.page.get_by_label("Name").fill("garage pi")
    mint(made.page)
    device = proving(world, *typed(made.page))
    made.wait_for_refresh()
    expect(made.page.get_by_role("heading", name="Pair garage pi")).to_be_visible()
    expect(made.page.locator("[data-secret]")).to_have_count(0)  # It was used up.
    made.page.get_by_label(NUMBER).fill(device.sas)
    made.page.get_by_role("button", name="Approve").click()
    expect(made.page.get_by_text("Approved, fetches its certificate")).to_be_visible()
    assert device.claim().body["state"] == "issued"


def test_enter_in_the_number_approves_and_an_empty_one_is_not_sent(
    fresh: Fresh, visit: Visitor
) -> None:
    world, served = fresh
    device = proven(world)
    page = visit(served, "pairing", is_still=True).page
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_label(NUMBER)).to_be_focused()
    assert served.statuses("/pairing") == [200]
    page.get_by_label(NUMBER).fill(device.sas)
    page.get_by_label(NUMBER).press("Enter")
    expect(page.get_by_text("Approved, fetches its certificate")).to_be_visible()


def test_a_request_is_rejected_without_a_number(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    proven(world)
    page = visit(served, "pairing").page
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("No device asks")).to_be_visible()


def test_a_secret_stays_while_the_page_keeps_itself_current_and_goes_with_its_code(
    fresh: Fresh, visit: Visitor
) -> None:
    _, served = fresh
    made = visit(served, "pairing", is_still=True)
    mint(made.page, "qr")
    made.page.get_by_text("As text").click()
    for _ in range(2):
        made.wait_for_refresh()
        expect(made.page.locator("svg.qr")).to_be_visible()
    expect(made.page.locator("#qr-text pre")).to_be_visible()
    other = visit(served, "pairing")
    end(other.page)
    made.wait_for_refresh()
    expect(made.page.locator("svg.qr")).to_have_count(0)


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_a_secret_is_gone_when_the_page_is_loaded_again_and_no_other_is_minted(
    fresh: Fresh, visit: Visitor, method: str
) -> None:
    _, served = fresh
    page = visit(served, "pairing", is_still=True).page
    mint(page, method)
    page.reload()
    expect(page.locator("[data-secret]")).to_have_count(0)
    expect(page.get_by_role("button", name="End code")).to_have_count(1)


def test_a_secret_is_gone_when_somebody_comes_back_to_it(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    page = visit(served, "pairing", is_still=True).page
    mint(page)
    page.get_by_role("link", name="Journal").click()
    page.wait_for_url("**/journal")
    page.go_back()
    page.wait_for_url("**/pairing")
    expect(page.get_by_role("button", name="End code")).to_have_count(1)
    expect(page.locator("[data-secret]")).to_have_count(0)


def test_a_secret_is_in_no_address_and_no_storage(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    made = visit(served, "pairing", is_still=True)
    mint(made.page)
    _, pin = typed(made.page)
    kept = made.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])"
    )
    cookies = made.page.context.cookies()
    assert not [each for each in [*made.asked, made.page.url, kept, str(cookies)] if pin in each]


def test_the_time_that_is_left_counts_down_and_the_secret_goes_with_it(
    fresh: Fresh, visit: Visitor
) -> None:
    _, served = fresh
    made = visit(served, "pairing", is_still=True)
    made.page.get_by_label("Can be used for").select_option("2 minutes")
    mint(made.page)
    left = made.page.locator("#minted time")
    expect(left).to_have_text(re.compile(r"^in (2:00|1:5[0-9])$"))
    before = left.inner_text()
    made.page.clock.run_for(3_000)
    assert left.inner_text() < before
    served.is_down = True
    made.page.clock.run_for(120_000)
    expect(made.page.locator("[data-secret]")).to_have_count(0)
    expect(made.page.locator("#codes + .card time")).to_have_text("over")
    made.errors.clear()  # Chromium's own, of the answers 502.


def test_without_scripts_a_code_is_minted_and_its_end_is_told(fresh: Fresh, visit: Visitor) -> None:
    _, served = fresh
    page = visit(served, "pairing", java_script_enabled=False).page
    mint(page)
    expect(page.locator("#minted time")).to_have_text("22 Nov 2026, 12:10:00 UTC")
    assert re.fullmatch(r"[0-9]{6}", typed(page)[1])


def test_a_number_that_is_being_typed_is_not_taken_away(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    proven(world)
    made = visit(served, "pairing", is_still=True)
    made.page.get_by_label(NUMBER).fill("123")
    made.page.get_by_role("heading", level=1).click()
    proven(world, "cellar pi")
    made.wait_for_refresh()
    expect(made.page.get_by_label(NUMBER)).to_have_value("123")


def test_a_choice_that_was_made_is_not_taken_away(fresh: Fresh, visit: Visitor) -> None:
    world, served = fresh
    made = visit(served, "pairing", is_still=True)
    made.page.get_by_label("Kind of device").select_option("desktop")
    made.page.get_by_role("heading", level=1).click()
    proven(world)
    made.wait_for_refresh()
    expect(made.page.get_by_label("Kind of device")).to_have_value("desktop")


def test_a_refusal_is_told_and_gone_when_the_page_is_loaded_again(
    fresh: Fresh, visit: Visitor
) -> None:
    world, served = fresh
    device = proven(world)
    made = visit(served, "pairing", is_still=True)
    made.page.get_by_label(NUMBER).fill(f"{(int(device.sas) + 1) % 10**6:06}")
    made.page.get_by_role("button", name="Approve").click()
    expect(made.page.get_by_role("alert")).to_contain_text("2 more tries")
    expect(made.page.get_by_label(NUMBER)).to_have_value("")
    made.page.reload()
    expect(made.page.get_by_role("alert")).to_have_count(0)
    expect(made.page.get_by_text("2 of 3 tries left")).to_be_visible()
    made.errors.clear()  # Chromium's own, of the answer 422.


def test_a_device_is_granted_a_capability_and_thrown_out(
    fresh: Fresh, visit: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, served = fresh
    monkeypatch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
    container.cache_clear()
    helper = Helper(Gateway(world))
    assert helper.registered().status == 200
    page = visit(served, "nodes").page
    page.get_by_role("link", name="garage pi").click()
    page.get_by_role("button", name="Grant camera.take").click()
    expect(page.get_by_role("button", name="Revoke camera.take")).to_be_visible()
    page.get_by_role("textbox", name="Why").fill("lost on the train")
    page.get_by_role("button", name="Throw it out").click()
    expect(page.get_by_text("Revoked", exact=True).first).to_be_visible()
    expect(page.get_by_text("lost on the train").first).to_be_visible()
    assert helper.node.whoami().status == 403
