"""What provokes each kind of incident of nodes, on what is really deployed.

Devices speak to the API over HTTP. Where they show a certificate, its functions are handed what the
front would hand them: the clock of a moved cloud is ahead, and no TLS takes what is not valid yet.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.clock import to_ms
from chalicelib.incidents import node_kinds
from chalicelib.nodes.authority import truststore
from chalicelib.nodes.authority import upkeep as authority
from chalicelib.nodes.certificates.device import ENDS_SOON
from chalicelib.nodes.enforcement.reason import Reason
from chalicelib.nodes.pairing import limits
from chalicelib.nodes.pairing.code import mint_id
from cli.node import handshake
from tests.deployed.clinic import Clinic, Fault
from tests.deployed.driver import rows
from tests.deployed.moving import MINUTE, SECOND, MovedCloud
from tests.deployed.stories import Stories, Story
from tests.functions.http.api import Reply
from tests.functions.http.test_pairing import CODES, REQUESTS, SESSIONS, Device
from tests.nodes.gateway import Gateway, Node
from tests.nodes.gateway import Reply as NodeReply

LIFE = timedelta(hours=24)
STORIES = Stories()
TRUST = f"palyra-local-000000000000-us-east-1-{truststore.BUCKET}"


@STORIES.of(node_kinds.CERTIFICATE_ENDING)
def a_node_does_not_renew(clinic: Clinic) -> Story:
    node = paired(clinic)
    visible = clinic.pass_by(LIFE - ENDS_SOON + MINUTE)

    yield Fault(node.id, visible)

    assert node.renewed().whoami().status == 200
    revoke(clinic, node)


@STORIES.of(node_kinds.CERTIFICATE_EXPIRED)
def a_node_is_gone(clinic: Clinic) -> Story:
    node = paired(clinic)
    visible = clinic.pass_by(LIFE + MINUTE)

    yield Fault(node.id, visible)

    assert node.whoami().status == 403
    revoke(clinic, node)


@STORIES.of(node_kinds.NODE_CLONED)
def a_key_was_copied(clinic: Clinic) -> Story:
    node = paired(clinic)
    assert node.renewed().whoami().status == 200
    fault = Fault(node.id, clinic.now())
    assert node.whoami().status == 403

    yield fault

    revoke(clinic, node)


@STORIES.of(node_kinds.ISSUING_FAILS)
def the_authority_is_not_there(clinic: Clinic) -> Story:
    paired(clinic)  # Whose authority there is then.
    (head,) = (row for row in rows(clinic.cloud).scan("nodes") if row["sk"] == "head")
    clinic.edit("nodes", head, signing="00")
    fault = Fault("node_issuer", clinic.now(), "system")
    assert "refusal" in clinic.cloud.invoke("node_issuer", {"do": "gateway"})

    yield fault

    clinic.edit("nodes", head)
    assert "answer" in clinic.cloud.invoke("node_issuer", {"do": "gateway"})
    clinic.pass_by(node_kinds.ISSUING_FAILS.quiet)


@STORIES.of(node_kinds.AUTHORITY_ENDING)
def the_authority_ends_soon(clinic: Clinic) -> Story:
    yield from an_authority_that_ends(clinic, timedelta(days=80))


@STORIES.of(node_kinds.AUTHORITY_EXPIRED)
def the_authority_has_ended(clinic: Clinic) -> Story:
    yield from an_authority_that_ends(clinic, -timedelta(days=1))


def an_authority_that_ends(clinic: Clinic, left: timedelta) -> Story:
    """Let the row of the authority that signs say another end: nobody waits for ten years."""
    paired(clinic)
    found = rows(clinic.cloud).scan("nodes")
    (head,) = (row for row in found if row["sk"] == "head")
    (signing,) = (row for row in found if row["sk"] == f"ca#{head['signing']}")
    clinic.edit("nodes", signing, not_after=to_ms(clinic.now() + left))
    visible = clinic.pass_by(authority.EVERY + MINUTE)

    yield Fault(head["signing"], visible, "system")

    clinic.edit("nodes", signing)


@STORIES.of(node_kinds.TRUSTSTORE_CHANGED)
def a_stranger_is_trusted(clinic: Clinic) -> Story:
    paired(clinic)
    s3, where = clinic.cloud.client("s3"), {"Bucket": TRUST, "Key": truststore.KEY}
    before = s3.get_object(**where)["Body"].read()
    # Of the front itself: no node's authority has signed it.
    stranger = Path(clinic.cloud.up_file["nodes_ca"]).read_bytes()
    s3.put_object(**where, Body=before + stranger)
    visible = clinic.pass_by(authority.EVERY + MINUTE)

    yield Fault(truststore.KEY, visible, "system")

    assert s3.get_object(**where)["Body"].read() == before
    clinic.pass_by(node_kinds.TRUSTSTORE_CHANGED.quiet)


@STORIES.of(node_kinds.AUTHORITY_MISUSED)
def a_certificate_that_nobody_issued(clinic: Clinic) -> Story:
    node = paired(clinic)
    (known,) = (row for row in rows(clinic.cloud).scan("nodes") if row["sk"] == node.fingerprint)
    rows(clinic.cloud).remove("nodes", known)
    fault = Fault(Reason.UNKNOWN_CERTIFICATE, clinic.now(), "system")
    assert node.whoami().status == 403

    yield fault

    clinic.edit("nodes", known)
    assert node.whoami().status == 200
    revoke(clinic, node)
    clinic.pass_by(node_kinds.AUTHORITY_MISUSED.quiet)


@STORIES.of(node_kinds.PAIRING_GUESSED)
def somebody_guesses(clinic: Clinic) -> Story:
    at_the_beginning_of(clinic, limits.FAILURES_IN)
    caller = OverHttp(clinic)
    for number in range(limits.FAILURES):
        if number % (limits.BEGINS_OF_ADDRESS - 1) == 0:
            clinic.pass_by(MINUTE)
        reply = stranger(caller).begin()
        assert reply.status not in {200, 201, 429}, reply

    yield Fault("guessing", clinic.now(), "system")

    clinic.pass_by(node_kinds.PAIRING_GUESSED.quiet)


@STORIES.of(node_kinds.PAIRING_MISTYPED)
def a_number_is_typed_wrong(clinic: Clinic) -> Story:
    device = pending(clinic)
    wrong = f"{(int(device.sas) + 1) % 10 ** len(device.sas):0{len(device.sas)}}"
    for _ in range(limits.TYPED_NUMBERS):
        assert 400 <= approved(device, wrong).status < 500

    yield Fault(session_of(device), clinic.now())

    clinic.pass_by(node_kinds.PAIRING_MISTYPED.quiet)


@STORIES.of(node_kinds.PAIRING_REJECTED)
def an_operator_rejects_and_rejects(clinic: Clinic) -> Story:
    at_the_beginning_of(clinic, limits.REJECTIONS_IN)
    for _ in range(limits.REJECTIONS):
        device = pending(clinic)
        path = f"{REQUESTS}/{session_of(device)}"
        said = {"version": device.api.get(path).body["version"], "reason": "not mine"}
        assert device.api.post(f"{path}/reject", said).status == 200

    yield Fault("pairing:rejected", clinic.now())

    clinic.pass_by(node_kinds.PAIRING_REJECTED.quiet)


class OverHttp:
    """The API of a cloud, for devices and whoever lets them in."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic

    def get(self, path: str) -> Reply:
        return _reply(self.clinic.main.get(path))

    def post(self, path: str, said: Any, headers: Any = None) -> Reply:
        del headers  # Who speaks as a device has a token that nobody looks at.
        return _reply(self.clinic.main.post(path, said))


class GatewayOfCloud(Gateway):
    """The nodes' origin of a cloud, behind its front."""

    def __init__(self, cloud: MovedCloud) -> None:
        self.cloud = cloud

    def invoke(self, told: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.cloud.invoke("api_handler", told)
        return answer


def stranger(caller: Any) -> Device:
    """Return a device that was told no code that there is."""
    return Device(caller, handshake.typed(mint_id(lambda size: b"\x07" * size), "000000"))


def pending(clinic: Clinic) -> Device:
    """Return a device that waits for a decision; addresses may begin a few times a minute."""
    clinic.pass_by(MINUTE)
    caller: Any = OverHttp(clinic)
    minted = caller.post(CODES, {"method": "pin", "client_kind": "daemon"})
    assert minted.status == 201, minted
    device = Device(caller, handshake.typed(minted.body["code_id"], minted.body["pin"]))
    for reply in (device.begin(), device.hello()):
        assert reply.status in {201, 202}, reply
    return device


def approved(device: Device, number: str) -> Reply:
    path = f"{REQUESTS}/{session_of(device)}"
    request = device.api.get(path).body
    said = {
        "version": request["version"],
        "identity_fingerprint": request["verified"]["identity_fingerprint"],
        "sas": number,
    }
    return device.api.post(f"{path}/approve", said)


def paired(clinic: Clinic) -> Node:
    """Return a node of a cloud."""
    device = pending(clinic)
    assert approved(device, device.sas).status == 200
    claimed = _claimed(clinic, device)
    node = Node(GatewayOfCloud(clinic.cloud), "main", device.device_id, device.key, claimed)
    said: NodeReply = node.call("POST", "activate", {})
    assert said.status == 200, said
    assert node.whoami().status == 200
    return node


def revoke(clinic: Clinic, node: Node) -> None:
    answer = clinic.main.post(f"/v1/nodes/{node.id}/revoke", {"reason": "it was a test's"})
    assert answer.status_code == 200, answer.text


def session_of(device: Device) -> str:
    return device.path.removeprefix(f"{SESSIONS}/")


def at_the_beginning_of(clinic: Clinic, length: timedelta) -> None:
    """Let a window begin in which things are counted."""
    since = datetime(1970, 1, 1, tzinfo=UTC)
    clinic.cloud.move_to(clinic.now() + length - (clinic.now() - since) % length + SECOND)


def _claimed(clinic: Clinic, device: Device) -> str:
    assert device.proving is not None
    clinic.pass_by(limits.POLL + SECOND)
    nonce = device.api.post(f"{device.path}/claim", {}).body["nonce"]
    claimed = device.api.post(f"{device.path}/claim", device.proving.claim(nonce))
    assert claimed.status == 200, claimed
    return str(claimed.body["certificate_pem"])


def _reply(answer: Any) -> Reply:
    body = answer.json() if answer.content else None
    return Reply(answer.status_code, answer.headers, body, len(answer.content))
