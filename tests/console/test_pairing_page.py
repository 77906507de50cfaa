import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib.console import qr
from chalicelib.console.pairing import MintedPart
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing import padding
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from cli.node import handshake as node
from tests.console.site import ROOT, Reply, Site
from tests.console.test_escaping import HOSTILE
from tests.console.test_policies_page import activated
from tests.functions.http.api import Api
from tests.functions.http.test_pairing import Device
from tests.permissions.policies import acting_as

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
MINT = {"do": "mint", "method": "pin", "client_kind": "daemon", "ttl_s": "600"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)


def posted(fields: Mapping[str, str] | str, path: str = "/pairing", **headers: str) -> Reply:
    """Send a form, as a browser does."""
    body = fields if isinstance(fields, str) else urlencode(fields)
    client = Client(app, stage_name="local", project_dir=str(ROOT))
    sent = FORM | {name.replace("_", "-"): value for name, value in headers.items()}
    with acting_as("api"):
        answer: HTTPResponse = client.http.post(path, headers=sent, body=body.encode())
    return Reply(answer.status_code, answer.headers, answer.body.decode())


def secret_of(page: Reply) -> tuple[str, str]:
    """The code and the PIN that a page shows."""
    code, pin = re.findall(r"<dd><code>([0-9A-Z]+)</code></dd>", page.html)
    return code, pin


def qr_text_of(page: Reply) -> str:
    (found,) = re.findall(r'<pre class="text code">(gwpair:[^<]*)</pre>', page.html)
    return str(found).replace("&amp;", "&")


def asking(site: Site, told: node.Told | None = None, **more: str) -> Device:
    """Let a device prove a code that was minted on the page."""
    told = told or node.typed(*secret_of(posted(MINT | more)))
    device = Device(Api(site.world), told)
    assert device.begin().status == 201
    assert device.hello().status == 202
    return device


def form_of(site: Site) -> dict[str, str]:
    """The hidden fields of the one request that is shown."""
    html = site.get("/pairing").html.partition('aria-label="Decide')[2].partition("</form>")[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', html))


def decided(site: Site, do: str, **more: str) -> Reply:
    return posted(form_of(site) | {"do": do} | more)


def test_without_codes_and_requests_it_says_so(site: Site) -> None:
    page = site.get("/pairing")
    assert page.status == 200
    assert "No device asks" in page.text
    assert "No codes" in page.text


def test_a_code_and_its_pin_are_shown_once_and_kept_nowhere(site: Site) -> None:
    page = posted(MINT | {"label": "garage pi"})
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in page.headers
    code, pin = secret_of(page)
    again = site.get("/pairing")
    assert f'id="code-{code}"' in again.html
    assert "garage pi" in again.text
    assert pin not in again.html
    assert not [link for link in page.links() if pin in link]


@pytest.mark.usefixtures("site")
def test_its_end_is_told_without_a_script() -> None:
    page = posted(MINT | {"ttl_s": "120"})
    assert 'datetime="2026-11-22T12:02:00Z" data-until>22 Nov 2026, 12:02:00 UTC' in page.html


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("method", "words"), [("pin", "{} --kind"), ("qr", "--qr-stdin --kind")])
def test_the_command_for_the_device_is_the_one_that_pairs_it(method: str, words: str) -> None:
    page = posted(MINT | {"method": method})
    (code,) = re.findall(r'<h2 id="minted-title">Code (\w{4})</h2>', page.html)
    assert f"palyra node pair {words.format(code)} daemon<" in page.html


@pytest.mark.usefixtures("site")
def test_a_qr_code_is_drawn_with_nothing_that_the_policy_forbids() -> None:
    page = posted(MINT | {"method": "qr"})
    (drawn,) = re.findall(r"<svg class=\"qr\".*?</svg>", page.html, re.DOTALL)
    assert not re.search(r"style|script|http|\son\w+=|url\(", drawn)
    assert qr.draw(qr_text_of(page)).path in drawn
    assert 'role="img" aria-label=' in drawn


@pytest.mark.usefixtures("site")
def test_a_qr_code_says_where_the_api_is() -> None:
    told = node.scanned(qr_text_of(posted(MINT | {"method": "qr"}, Host="127.0.0.1:4555")))
    assert told.url == "http://127.0.0.1:4555"


def test_a_drawing_has_the_modules_of_the_code_and_a_quiet_zone() -> None:
    drawing = qr.draw("gwpair:1?x=" + "y" * 200)
    dark = {
        (int(x) + step, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawing.path)
        for step in range(int(width))
    }
    assert re.sub(r"M\d+ \d+h(\d+)v1h-\1z", "", drawing.path) == ""
    inside = range(4, drawing.size - 4)
    assert all(x in inside and y in inside for x, y in dark)
    # The finder in the upper left corner.
    assert {(x, y) for x, y in dark if x < 12 and y == 4} == {(x, 4) for x in range(4, 11)}
    assert (11, 5) not in dark
    assert "gwpair" not in repr(drawing)


def test_a_device_that_was_typed_the_pin_is_approved_by_its_number(site: Site) -> None:
    device = asking(site, label="garage pi")
    page = site.get("/pairing")
    assert "Pair garage pi" in page.text
    assert device.device_id in page.text
    assert device.spki.hex() in page.text.replace(" ", "")
    assert device.sas not in page.text
    reply = decided(site, "approve", sas=device.sas, reason="")
    assert (reply.status, reply.headers["Location"]) == (303, "./pairing")
    assert "Approved, fetches its certificate" in site.get("/pairing").text
    assert device.claim().body["state"] == "issued"
    assert "makes no call yet" in site.get("/pairing").text


def test_a_device_that_scanned_is_approved(site: Site) -> None:
    page = posted(MINT | {"method": "qr"})
    device = asking(site, node.scanned(qr_text_of(page)))
    assert decided(site, "approve", sas=f"{device.sas[:3]} {device.sas[3:]}").status == 303
    assert device.claim().body["state"] == "issued"


def test_a_wrong_number_is_told_and_counted_and_not_repeated(site: Site) -> None:
    device = asking(site)
    wrong = f"{(int(device.sas) + 1) % 10**6:06}"
    page = decided(site, "approve", sas=wrong)
    assert (page.status, page.headers["Cache-Control"]) == (422, "no-store")
    assert "not the number that the device shows" in page.text
    assert "2 of 3 tries left" in page.text
    assert wrong not in page.html
    assert device.claim().body["state"] == "pending_approval"


@pytest.mark.parametrize("sas", ["", "12345", "\uff11\uff12\uff13456"])
def test_what_is_no_number_is_told_and_is_no_try(site: Site, sas: str) -> None:
    asking(site)
    page = decided(site, "approve", sas=sas)
    assert page.status == 422
    assert "six digits" in page.text
    assert "3 of 3 tries left" in page.text


def test_a_request_is_rejected_without_a_number(site: Site) -> None:
    device = asking(site)
    assert decided(site, "reject", sas="", reason="not mine").status == 303
    assert "No device asks" in site.get("/pairing").text
    with pytest.raises(KeyError, match="nonce"):
        device.claim()
    assert "operator:console" in site.get("/journal?kind=pairing.rejected").row("pairing.rejected")


def test_a_request_that_changed_is_not_decided(site: Site) -> None:
    device = asking(site)
    page = decided(site, "approve", sas=device.sas, version="1")
    assert page.status == 409
    assert "Nothing was changed" in page.text


def test_a_paired_device_is_replaced_only_where_the_operator_says_so(site: Site) -> None:
    first = asking(site)
    assert decided(site, "approve", sas=first.sas).status == 303
    _activated(site, first)
    told = node.typed(*secret_of(posted(MINT)))
    again = Device(Api(site.world), told, device_id=first.device_id)
    assert again.begin().status == 201
    assert again.hello().status == 202
    assert "throw that one out" in site.get("/pairing").text
    assert decided(site, "approve", sas=again.sas).status == 422
    assert decided(site, "approve", sas=again.sas, replaces=first.device_id).status == 303


def _activated(site: Site, device: Device) -> None:
    assert device.claim().body["state"] == "issued"
    of = container()
    found = wiring.devices(of).get("main", device.device_id)
    certificate = CertificateStore().certificate("main", device.device_id, found.offered)
    assert certificate is not None
    wiring.devices(of).activate(found, certificate, site.world.clock.now())


def test_a_code_is_ended(site: Site) -> None:
    code, _ = secret_of(posted(MINT))
    assert posted({"do": "end", "code_id": code}).status == 303
    assert "No codes" in site.get("/pairing").text
    assert posted({"do": "end", "code_id": code}).status == 404


def test_a_code_that_is_over_is_not_shown(site: Site) -> None:
    posted(MINT | {"ttl_s": "120"})
    site.world.clock.move(timedelta(minutes=2))
    assert "No codes" in site.get("/pairing").text


def test_without_qr_there_is_no_choice_and_none_is_minted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_PAIRING_QR", "false")
    container.cache_clear()
    page = site.get("/pairing")
    assert '<select name="method"' not in page.html
    assert "switched off" in page.text
    refused = posted(MINT | {"method": "qr"})
    assert refused.status == 403
    assert "switched off" in refused.text
    assert posted(MINT).status == 200


BAD: list[tuple[Mapping[str, str] | str, int]] = [
    ("", 422),
    ({"do": "steal"}, 422),
    (MINT | {"ttl_s": "5"}, 422),
    (MINT | {"ttl_s": "ten"}, 422),
    (MINT | {"ttl_s": "9" * 40}, 422),
    (MINT | {"client_kind": "toaster"}, 422),
    (MINT | {"method": "recovery"}, 422),
    (MINT | {"label": "x" * 65}, 422),
    (MINT | {"label": "two\nlines"}, 422),
    (MINT | {"owner": "stranger"}, 422),
    ({"do": "mint"}, 422),
    (urlencode(MINT) + "&method=qr", 400),
    ("do", 400),
    ("do=mint&label=%ff", 400),
    ("&".join(f"a{number}=" for number in range(17)), 400),
    ("do=" + "x" * 9_000, 413),
    ({"do": "end"}, 404),
    ({"do": "end", "code_id": "k7qm"}, 404),
    ({"do": "approve"}, 404),
    ({"do": "reject", "request_id": "01M81J18G068RKEJVNQ9RFVHWP", "version": "3"}, 404),
]


@pytest.mark.parametrize(("fields", "status"), BAD, ids=range(len(BAD)))
def test_what_is_filled_in_wrong_is_told_on_the_page(
    site: Site, fields: Mapping[str, str] | str, status: int
) -> None:
    page = posted(fields)
    assert page.status == status
    assert "Nothing was changed" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "No codes" in site.get("/pairing").text


@pytest.mark.usefixtures("site")
def test_an_eleventh_code_is_refused() -> None:
    assert {posted(MINT).status for _ in range(10)} == {200}
    page = posted(MINT)
    assert page.status == 409
    assert "10 codes of yours are live" in page.text


@pytest.mark.parametrize("site_of", ["cross-site", "same-site", "none", ""])
def test_a_page_of_another_site_changes_nothing(site: Site, site_of: str) -> None:
    assert posted(MINT, Sec_Fetch_Site=site_of).status == 403
    assert "No codes" in site.get("/pairing").text


def test_no_other_stage_mints(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_STAGE", "prod")
    assert posted(MINT).status == 404
    assert not site.world.events("pairing.code_minted")


@pytest.mark.usefixtures("site")
def test_policies_can_forbid_it() -> None:
    activated('@id("no") forbid (principal, action == Action::"mint_pairing_code", resource);')
    page = posted(MINT)
    assert page.status == 403
    assert "policy.forbidden" in page.text


def test_a_name_cannot_become_markup(site: Site) -> None:
    page = posted(MINT | {"label": HOSTILE})
    assert HOSTILE not in page.html
    asking(site, label=HOSTILE)
    assert HOSTILE not in site.get("/pairing").html


@pytest.mark.usefixtures("site")
def test_no_secret_is_in_any_repr() -> None:
    new = NewCode(PairingMethod.PIN, ClientKind.CLI, timedelta(minutes=2), "", "")
    minted: Any = pairing(container()).codes.mint("main", "operator:console", new)
    assert minted.pin not in repr(MintedPart(minted.code, minted.pin, None))
