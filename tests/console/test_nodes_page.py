from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import container
from tests.console.site import Reply, Site
from tests.console.test_escaping import HOSTILE
from tests.console.test_pairing_page import asking, form_of, posted
from tests.console.test_policies_page import activated
from tests.functions.http.test_recovery import returning
from tests.nodes.capabilities.helper import TAKE, Helper
from tests.nodes.gateway import ORIGIN, Gateway
from tests.permissions.policies import acting_as

NOBODY = "01M81J18G068RKEJVNQ9RFVHWP"


@pytest.fixture
def helper(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helper]:
    """A node that is paired, and the console beside it."""
    monkeypatch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
    container.cache_clear()
    yield Helper(Gateway(site.world))
    container.cache_clear()


def changed(helper: Helper, do: str, **fields: str) -> Reply:
    return posted({"do": do} | fields, f"/nodes/{helper.node.id}")


def page_of(site: Site, helper: Helper) -> Reply:
    return site.get(f"/nodes/{helper.node.id}")


def terms_of(helper: Helper, name: str) -> str:
    items = helper.api.get(helper.path("capabilities")).body["items"]
    return str(next(each["terms_sha256"] for each in items if each["name"] == name))


def test_without_devices_it_leads_to_pairing(site: Site) -> None:
    page = site.get("/nodes")
    assert "No device was paired yet" in page.text
    assert "There is no authority yet" in page.text
    assert "./pairing" in page.links()
    assert "./nodes" in site.get("/").links()


def test_a_device_is_listed_with_its_state_and_its_certificates_end(
    site: Site, helper: Helper
) -> None:
    page = site.get("/nodes")
    row = page.row("garage pi")
    assert f"daemon · {helper.node.id} Active never 23 Nov 2026, 12:00:00 UTC" in row
    assert f"./nodes/{helper.node.id}" in page.links()
    assert helper.node.call("POST", "heartbeat", {}).status == 200
    assert "Active 22 Nov 2026, 12:00:00 UTC" in site.get("/nodes").row("garage pi")


def test_a_device_that_is_silent_is_offline(site: Site, helper: Helper) -> None:
    assert helper.node.call("POST", "heartbeat", {}).status == 200
    helper.move(minutes=11)
    assert "Offline 22 Nov 2026, 12:00:00 UTC" in site.get("/nodes").row("garage pi")
    assert "Offline" in page_of(site, helper).text


@pytest.mark.parametrize(("hours", "word"), [(17, "Active"), (19, "Ends soon"), (24, "Expired")])
def test_a_certificate_that_ends_is_told(
    site: Site, helper: Helper, hours: float, word: str
) -> None:
    helper.move(hours=hours)
    assert word in site.get("/nodes").row("garage pi")
    assert word in page_of(site, helper).text


def test_more_devices_are_behind_a_link(site: Site, helper: Helper) -> None:
    ids = sorted([helper.node.id, helper.gateway.node().id, helper.gateway.node().id])
    page = site.get("/nodes?limit=2")
    (more,) = [link for link in page.links() if "cursor=" in link]
    assert ids[2] not in page.html
    second = site.get(f"/{more.removeprefix('./')}")
    assert ids[2] in second.html
    assert ids[0] not in second.html
    assert "./nodes" in second.links()


def test_those_of_another_owner_are_not_shown(site: Site, helper: Helper) -> None:
    stranger = helper.gateway.node("stranger")
    assert stranger.id not in site.get("/nodes").html
    assert site.get(f"/nodes/{stranger.id}").status == 404


def test_whoever_asks_is_told_where_devices_are(site: Site) -> None:
    asking(site)
    page = site.get("/nodes")
    assert "1 device under way to be paired" in page.text


@pytest.mark.usefixtures("helper")
def test_the_authority_is_shown_with_that_which_follows(site: Site) -> None:
    of = container()
    known = wiring.gateway(of)
    page = site.get("/nodes")
    assert known.gateway_id in page.text
    assert "Signs" in page.row(known.ca_spki_sha256)
    assert "palyra authority prepare" in page.text
    authorities = issuing.issuer(of).authorities
    authorities.prepare("token:laptop", site.world.clock.now())
    page = site.get("/nodes")
    assert page.text.count("Signs next") == 1
    assert "palyra authority switch" in page.text
    authorities.switch("token:laptop", site.world.clock.now() + timedelta(hours=1))
    page = site.get("/nodes")
    assert "Counts for a while" in page.row(known.ca_spki_sha256)


def test_a_device_has_a_page_with_its_certificates(site: Site, helper: Helper) -> None:
    following = helper.node.renewed()
    assert following.whoami().status == 200
    page = page_of(site, helper)
    assert "it calls with this one Active" in page.row(following.fingerprint)
    assert "Superseded" in page.row(helper.node.fingerprint)
    assert "It has not said what it can do" in page.text
    assert "PRIVATE" not in page.html


def test_a_device_is_asked_to_renew_once(site: Site, helper: Helper) -> None:
    assert "Let it renew now" in page_of(site, helper).text
    assert changed(helper, "rotate").status == 303
    page = page_of(site, helper)
    assert "asked 22 Nov 2026, 12:00:00 UTC to renew" in page.text
    assert "Let it renew now" not in page.text
    assert helper.node.renewed().whoami().status == 200
    assert "Let it renew now" in page_of(site, helper).text


def test_a_device_whose_certificate_has_ended_is_not_asked_to_renew(
    site: Site, helper: Helper
) -> None:
    helper.move(hours=25)
    assert "Let it renew now" not in page_of(site, helper).text
    assert changed(helper, "rotate").status == 409


def test_only_the_newest_certificates_are_shown(site: Site, helper: Helper) -> None:
    node = helper.node
    for _ in range(11):
        helper.move(minutes=1)
        node = node.renewed()
        assert node.whoami().status == 200
    page = page_of(site, helper)
    assert "And 2 earlier ones" in page.text
    assert node.fingerprint in page.html
    assert helper.node.fingerprint not in page.html


def test_a_capability_is_granted_as_it_was_seen_and_revoked(site: Site, helper: Helper) -> None:
    assert helper.registered().status == 200
    terms = terms_of(helper, "camera.take")
    assert f'value="{terms}"' in page_of(site, helper).html
    reply = changed(helper, "grant", name="camera.take", terms_sha256=terms)
    assert (reply.status, reply.headers["Location"]) == (303, f"./{helper.node.id}")
    assert "by operator:console" in page_of(site, helper).row("camera.take Take")
    assert helper.invoke().status == 202
    assert changed(helper, "ungrant", name="camera.take").status == 303
    assert " no Grant" in page_of(site, helper).row("camera.take Take")
    assert helper.invoke().status == 403


def test_what_is_declared_otherwise_meanwhile_is_not_granted(helper: Helper) -> None:
    assert helper.registered().status == 200
    terms = terms_of(helper, "camera.take")
    assert helper.registered(TAKE | {"idempotent": True}).status == 200
    page = changed(helper, "grant", name="camera.take", terms_sha256=terms)
    assert page.status == 409
    assert "declares the capability differently by now" in page.text
    assert helper.invoke().status == 403


@pytest.mark.parametrize("terms", ["", "zz", "0" * 63])
def test_nothing_is_granted_that_was_not_seen(helper: Helper, terms: str) -> None:
    assert helper.registered().status == 200
    assert changed(helper, "grant", name="camera.take", terms_sha256=terms).status == 422
    assert helper.invoke().status == 403


def test_what_it_was_asked_is_shown_with_what_came_of_it(site: Site, helper: Helper) -> None:
    helper.granted("camera.take")
    request = helper.asked()
    assert "Queued" in page_of(site, helper).row("camera.take Details")
    assert helper.take(request).status == 200
    assert helper.succeed(request, {"picture": HOSTILE}).status == 200
    page = page_of(site, helper)
    assert "Succeeded" in page.row("camera.take Details")
    assert '"width": 640' in page.text
    assert HOSTILE not in page.html


def test_a_device_is_thrown_out_at_once_and_let_in_again(site: Site, helper: Helper) -> None:
    assert changed(helper, "revoke", reason="lost in the train").status == 303
    assert helper.node.whoami().status == 403
    page = page_of(site, helper)
    assert "Revoked" in page.text
    assert "lost in the train" in page.text
    assert "Throw it out" not in page.text
    assert changed(helper, "clear").status == 303
    assert "Cleared" in page_of(site, helper).text
    assert helper.node.whoami().status == 403
    assert "operator:console" in site.get("/journal?kind=node.revoked").row("node.revoked")


def test_what_cannot_happen_to_it_is_told(helper: Helper) -> None:
    page = changed(helper, "clear")
    assert page.status == 409
    assert "Nothing was changed" in page.text
    assert "Active" in page.text


def test_policies_can_forbid_it(helper: Helper) -> None:
    activated('@id("no") forbid (principal, action == Action::"revoke_node", resource);')
    assert changed(helper, "revoke").status == 403
    assert helper.node.whoami().status == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("", 422),
        ("do=steal", 422),
        ("do=revoke&name=x", 422),
        ("do=revoke&reason=" + "x" * 201, 422),
        ("do=revoke&reason=AKIAIOSFODNN7EXAMPLE", 422),
        ("do=grant", 404),
        ("do=grant&name=no.such&terms_sha256=" + "0" * 64, 404),
        ("do=ungrant&name=..%2F", 404),
        ("do", 400),
    ],
)
def test_what_is_filled_in_wrong_changes_nothing(helper: Helper, fields: str, status: int) -> None:
    page = posted(fields, f"/nodes/{helper.node.id}")
    assert page.status == status
    assert "Nothing was changed" in page.text
    assert helper.node.whoami().status == 200


@pytest.mark.parametrize("name", [NOBODY, "nonsense", "%3Cscript%3E"])
def test_what_there_is_not_is_a_page_that_says_so(site: Site, name: str) -> None:
    assert site.get(f"/nodes/{name}").status == 404
    assert posted("do=revoke", f"/nodes/{name}").status == 404


@pytest.mark.parametrize("site_of", ["cross-site", "same-site", "none", ""])
def test_a_page_of_another_site_throws_nobody_out(helper: Helper, site_of: str) -> None:
    reply = posted("do=revoke", f"/nodes/{helper.node.id}", Sec_Fetch_Site=site_of)
    assert reply.status == 403
    assert helper.node.whoami().status == 200


def test_no_other_stage_throws_out(helper: Helper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_STAGE", "prod")
    assert posted("do=revoke", f"/nodes/{helper.node.id}").status == 404


def test_nothing_that_a_node_says_becomes_markup(site: Site, helper: Helper) -> None:
    assert helper.registered(TAKE | {"description": HOSTILE}).status == 200
    assert changed(helper, "revoke", reason=HOSTILE).status == 303
    with acting_as("api"):
        assert HOSTILE not in page_of(site, helper).html


def test_a_device_that_comes_back_may_be_approved_without_its_number(
    site: Site, helper: Helper
) -> None:
    helper.move(hours=25)
    asked = returning(helper.api, helper.node).sent()
    assert asked.status == 202
    page = site.get("/pairing")
    assert "Recover garage pi" in page.text
    assert "comes back with its last key" in page.text
    fields = form_of(site)
    assert posted(fields | {"do": "approve", "sas": "", "reason": ""}).status == 303
    assert "Approved" in site.get("/pairing").text
