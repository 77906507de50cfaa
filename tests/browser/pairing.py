"""What tests of the pages of nodes and of pairing do in a browser, and devices beside it."""

from playwright.sync_api import Page, expect

from cli.node import handshake as node
from tests.functions.http.api import Api
from tests.functions.http.test_pairing import Device
from tests.support.world import World

NUMBER = "The six digits that the device shows"


def proven(world: World, label: str = "garage pi") -> Device:
    """A device that has proven a code, and asks."""
    api = Api(world)
    asked = {"method": "pin", "client_kind": "daemon", "label": label}
    code = api.post("/v1/pairing/codes", asked).body
    return proving(world, code["code_id"], code["pin"])


def proving(world: World, code: str, pin: str) -> Device:
    device = Device(Api(world), node.typed(code, pin))
    assert device.begin().status == 201
    assert device.hello().status == 202
    return device


def mint(page: Page, method: str = "pin") -> None:
    page.get_by_label("How it reaches the device").select_option(method)
    page.get_by_role("button", name="Mint a code").click()
    expect(page.locator("#minted [data-secret]")).to_be_visible()


def end(page: Page) -> None:
    while (button := page.get_by_role("button", name="End code")).count():
        button.first.click()
        page.wait_for_load_state()


def typed(page: Page) -> tuple[str, str]:
    code, pin = page.locator(".typed code").all_inner_texts()
    return code, pin
