"""The way back of a device whose certificate has ended: for seven days, and with its last key."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.node import handshake, identity
from tests.functions.http.api import Api, Reply, assert_problem
from tests.functions.http.test_pairing import NOBODY, REQUESTS, at_once
from tests.nodes.forging import forged, impostor
from tests.nodes.gateway import Gateway, Node, a_request, new_key

__all__ = ["at_once"]
BEGIN, RECOVER = "/v1/pairing/recoveries", "/v1/pairing/recover"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def node(gateway: Gateway) -> Node:
    """A device whose certificate ended an hour ago."""
    made = gateway.node()
    gateway.world.clock.move(25 * HOUR)
    return made


@dataclass
class Return:
    """A device on its way back."""

    api: Api
    node: Node
    following: Node
    said: dict[str, Any]
    gateway_id: str

    def sent(self, **changes: Any) -> Reply:
        return self.api.post(RECOVER, self.said | changes, headers=NOBODY)

    def proving(self, answer: Any) -> handshake.Proving:
        """What follows the gateway's answer, as the command does it."""
        device = handshake.Device(self.node.id, "daemon", identity.spki_sha256(self.following.key))
        secret = identity.exchanged(self.following.key, handshake.unwritten(answer["msg_b"]))
        return handshake.came_back(device, self.said["nonce"], self.gateway_id, answer, secret)

    def claim(self, proving: handshake.Proving) -> Reply:
        self.api.world.clock.move(timedelta(seconds=3))
        path = f"/v1/pairing/sessions/{proving.session_id}/claim"
        nonce = self.api.post(path, {}, headers=NOBODY).body.get("nonce", "")
        return self.api.post(path, proving.claim(nonce), headers=NOBODY)


def returning(api: Api, node: Node, key: Any = None, last: Any = None) -> Return:
    told = api.post(BEGIN, {}, headers=NOBODY)
    assert told.status == 201
    following = Node(node.gateway, node.owner, node.id, key or new_key())
    gateway_id, nonce = told.body["gateway_id"], told.body["nonce"]
    proof = identity.recovery_proof(last or node.key, following.key, gateway_id, node.id, nonce)
    said = {
        "v": 1,
        "device_id": node.id,
        "nonce": nonce,
        "certificate_pem": node.pem,
        "csr_pem": following.csr(),
        "proof": proof,
    }
    return Return(api, node, following, said, gateway_id)


def approved(api: Api, request_id: str, **changes: Any) -> Reply:
    request = api.get(f"{REQUESTS}/{request_id}").body
    said = {
        "version": request["version"],
        "identity_fingerprint": request["verified"]["identity_fingerprint"],
    }
    return api.post(f"{REQUESTS}/{request_id}/approve", said | changes)


def back(api: Api, node: Node) -> Node:
    """Return the device after it has come back."""
    way = returning(api, node)
    answer = way.sent()
    assert answer.status == 202, answer
    proving = way.proving(answer.body)
    proving.trust(answer.body["confirm"])
    assert approved(api, proving.session_id).status == 200
    way.following.pem = way.claim(proving).body["certificate_pem"]
    assert way.following.call("POST", "activate").status == 200
    return way.following


def test_a_device_comes_back_by_its_last_key_and_an_approval(api: Api, node: Node) -> None:
    following = back(api, node)

    assert following.whoami().status == 200
    assert node.whoami().status == 403
    assert (node.gateway.device(node).state, node.gateway.certificate(node).state) == (
        "active",
        "revoked",
    )
    (event,) = api.world.events("pairing.requested")
    told = json.loads(event.content)["details"]
    assert (told["method"], told["recovers"]) == ("recovery", node.fingerprint)


def test_the_operator_sees_that_it_comes_back(api: Api, node: Node) -> None:
    assert returning(api, node).sent().status == 202
    (shown,) = api.get(REQUESTS).body["items"]
    assert (shown["verified"]["method"], shown["replaces"]) == ("recovery", None)
    assert shown["prompt"]["title"] == "Recover garage pi"
    assert "comes back with its last key" in shown["prompt"]["summary"]


def test_nothing_is_issued_before_the_approval(api: Api, node: Node) -> None:
    way = returning(api, node)
    proving = way.proving(way.sent().body)
    reply = way.claim(proving)
    assert (reply.status, reply.body["state"]) == (200, "pending_approval")
    assert "certificate_pem" not in reply.body


def test_the_number_may_be_typed_and_must_be_right_then(api: Api, node: Node) -> None:
    way = returning(api, node)
    answer = way.sent().body
    number = way.proving(answer).trust(answer["confirm"]).sas
    wrong = f"{(int(number) + 1) % 1_000_000:06}"
    assert_problem(approved(api, answer["request_id"], sas=wrong), 422, "sas")
    assert approved(api, answer["request_id"], sas=number).status == 200


@pytest.mark.parametrize("late", [timedelta(), 6 * DAY + 22 * HOUR])
def test_it_has_seven_days(api: Api, node: Node, late: timedelta) -> None:
    api.world.clock.move(late)
    assert returning(api, node).sent().status == 202


def test_after_a_rollover_of_the_authority_it_comes_back_too(api: Api, node: Node) -> None:
    for step in ("prepare", "switch"):
        assert api.send("POST", f"/v1/node-authority/{step}").status == 200
    api.world.clock.move(3 * DAY)
    assert back(api, node).whoami().status == 200


def _early(api: Api, node: Node) -> Return:
    api.world.clock.move(-2 * HOUR)
    return returning(api, node)


def _late(api: Api, node: Node) -> Return:
    api.world.clock.move(7 * DAY)
    return returning(api, node)


def _revoked(api: Api, node: Node) -> Return:
    node.gateway.revoke(node)
    return returning(api, node)


def _cleared(api: Api, node: Node) -> Return:
    node.gateway.revoke(node)
    node.gateway.clear(node)
    return returning(api, node)


def _superseded(api: Api, node: Node) -> Return:
    api.world.clock.move(-20 * HOUR)
    assert node.renewed().whoami().status == 200
    api.world.clock.move(40 * HOUR)
    return returning(api, node)


def _not_activated(api: Api, node: Node) -> Return:
    other = Node(node.gateway, "main", node.id)
    other.takes(node.gateway.issue(other))
    api.world.clock.move(25 * HOUR)
    return returning(api, other)


def _another_key(api: Api, node: Node) -> Return:
    return returning(api, node, last=new_key())


def _the_same_key(api: Api, node: Node) -> Return:
    return returning(api, node, key=node.key)


def _anothers_key(api: Api, node: Node) -> Return:
    return returning(api, node, key=node.gateway.node().key)


def _a_revoked_key(api: Api, node: Node) -> Return:
    thrown = node.gateway.node()
    node.gateway.revoke(thrown)
    return returning(api, node, key=thrown.key)


def _swapped_request(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["csr_pem"] = a_request(new_key())
    return way


def _another_nonce(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["nonce"] = returning(api, node).said["nonce"]
    return way


def _unknown_nonce(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["nonce"] = "A" * 43
    return way


def _old_nonce(api: Api, node: Node) -> Return:
    way = returning(api, node)
    api.world.clock.move(timedelta(minutes=5))
    return way


def _anothers_certificate(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["certificate_pem"] = node.gateway.node().pem
    return way


def _signed_by_nobody(api: Api, node: Node) -> Return:
    authority, signer = impostor(node.gateway)
    der = forged(node.gateway, node, authority=authority, signer=signer)
    way = returning(api, node)
    way.said["certificate_pem"] = (
        x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
    )
    return way


def _no_certificate(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["certificate_pem"] = "none"
    return way


def _no_request(api: Api, node: Node) -> Return:
    way = returning(api, node)
    way.said["csr_pem"] = node.pem
    return way


REFUSED: list[Callable[[Api, Node], Return]] = [
    *(_early, _late, _revoked, _cleared, _superseded, _not_activated, _another_key),
    *(_the_same_key, _anothers_key, _a_revoked_key, _swapped_request, _another_nonce),
    *(_unknown_nonce, _old_nonce, _anothers_certificate, _signed_by_nobody, _no_certificate),
    _no_request,
]


@pytest.mark.parametrize("way", REFUSED)
def test_whoever_may_not_come_back_is_refused_alike_and_told_of(
    api: Api, node: Node, way: Callable[[Api, Node], Return]
) -> None:
    before = len(api.world.events("pairing.refused"))
    unknown = api.post(f"/v1/pairing/sessions/{node.id}/claim", {}, headers=NOBODY)
    reply = way(api, node).sent()
    assert (reply.status, reply.body, reply.headers) == (409, unknown.body, unknown.headers)
    assert len(api.world.events("pairing.refused")) == before + 1
    assert api.get(REQUESTS).body["items"] == []


def test_a_nonce_is_good_once_also_for_who_failed_with_it(api: Api, node: Node) -> None:
    way = returning(api, node)
    assert way.sent(proof="A" * 90).status == 409
    assert way.sent().status == 409
    way = returning(api, node)
    assert way.sent().status == 202
    assert way.sent().status == 409


def test_the_holder_of_the_last_key_alone_claims_nothing(api: Api, node: Node) -> None:
    way = returning(api, node)
    answer = way.sent().body
    thief = identity.exchanged(node.key, handshake.unwritten(answer["msg_b"]))
    device = handshake.Device(node.id, "daemon", identity.spki_sha256(way.following.key))
    proving = handshake.came_back(device, way.said["nonce"], way.gateway_id, answer, thief)
    approved(api, answer["request_id"])
    assert_problem(way.claim(proving), 409)


def test_a_revocation_after_the_approval_wins(api: Api, node: Node) -> None:
    way = returning(api, node)
    proving = way.proving(way.sent().body)
    assert approved(api, proving.session_id).status == 200
    node.gateway.revoke(node)
    assert_problem(way.claim(proving), 409)
    assert node.gateway.device(node).state == "revoked"


def test_a_pairing_after_the_approval_wins(api: Api, node: Node) -> None:
    way = returning(api, node)
    proving = way.proving(way.sent().body)
    assert approved(api, proving.session_id).status == 200
    other = Node(node.gateway, "main", node.id)
    other.takes(node.gateway.issue(other))
    node.gateway.activate(other)
    assert_problem(way.claim(proving), 409)
    assert other.whoami().status == 200


def test_a_pairing_after_the_claim_wins(api: Api, node: Node) -> None:
    way = returning(api, node)
    proving = way.proving(way.sent().body)
    assert approved(api, proving.session_id).status == 200
    way.following.pem = way.claim(proving).body["certificate_pem"]
    other = Node(node.gateway, "main", node.id)
    other.takes(node.gateway.issue(other))
    node.gateway.activate(other)
    assert way.following.call("POST", "activate").status in {403, 409}
    assert other.whoami().status == 200


def test_a_request_that_was_rejected_brings_nobody_back(api: Api, node: Node) -> None:
    way = returning(api, node)
    answer = way.sent().body
    path = f"{REQUESTS}/{answer['request_id']}/reject"
    assert api.post(path, {"version": 1}).status == 200
    assert_problem(way.claim(way.proving(answer)), 409)


def test_an_address_has_three_requests_that_wait_and_who_has_its_key_comes_later(
    api: Api, node: Node
) -> None:
    assert [returning(api, node).sent().status for _ in range(4)] == [202, 202, 202, 429]
    api.world.clock.move(timedelta(minutes=11))
    assert returning(api, node).sent().status == 202


def test_an_address_asks_ten_times_a_minute(api: Api, node: Node) -> None:
    assert node.id
    found = [api.post(BEGIN, {}, headers=NOBODY).status for _ in range(11)]
    assert found == [201] * 10 + [429]


NO_VALUES: list[Any] = [None, 7, [], {}, "", "x" * 9_000, "\ud800", True]
TEXTS = ("nonce", "certificate_pem", "csr_pem")
FIELDS = ("v", "device_id", "proof", *TEXTS)


@pytest.mark.parametrize(
    ("field", "value"),
    # An empty text is one, though not a good one.
    [(each, no) for each in FIELDS for no in NO_VALUES if no != "" or each not in TEXTS],
)
def test_what_is_no_request_is_refused_and_never_fails(
    api: Api, node: Node, field: str, value: Any
) -> None:
    assert_problem(returning(api, node).sent(**{field: value}), 422, field)
