"""Replays, relays and reflections: what was said once is good for nobody else, and never again."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.nodes.authority.authorities import Authorities
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.claiming import Proof
from chalicelib.nodes.pairing.refusals import PairingUnavailable
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import ADMIN, HOME, Node, Pairing, csr, new_key, spki


def refused_hello(made: Node, **changes: Any) -> None:
    with pytest.raises(PairingUnavailable):
        made.hello(**changes)


def attempts(pairing: Pairing) -> int:
    (code,) = pairing.runtime.codes.list("main")
    return len(code.begun)


def proof_of(made: Node, **more: Any) -> str:
    assert made.proving is not None
    return made.proving.hello(csr(made.key), **more)["confirm"]


def test_a_beginning_that_is_said_again_is_another_session_with_other_keys(
    pairing: Pairing,
) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    proof, first = proof_of(made), made.session_id
    said = made.handshake.begin()
    asked = {"msg_a": node.unwritten(said["msg_a"])}
    thief = Node(pairing, made.told, device_id=made.device_id, key=made.key)
    begun = thief.begin(**asked)
    assert begun.session_id != first
    refused_hello(thief, confirm=proof)
    assert pairing.runtime.codes.list("main")[0].begun == {first, begun.session_id}


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_the_same_beginning_twice_is_answered_by_two_messages(
    pairing: Pairing, method: str
) -> None:
    made = pairing.node(pairing.mint(method))
    message = node.unwritten(made.handshake.begin()["msg_a"])
    answers = {made.begin(msg_a=message).msg_b for _ in range(3)}
    assert len(answers) == 3


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_a_message_of_another_code_opens_nothing(pairing: Pairing, method: str) -> None:
    one, other = (pairing.node(pairing.mint(method)) for _ in range(2))
    one.begin()
    other.begin()
    refused_hello(other, confirm=proof_of(one))
    one.hello()


def _other_key(_made: Node) -> dict[str, Any]:
    return {"spki_sha256": spki(new_key())}


def _other_device(_made: Node) -> dict[str, Any]:
    return {"device_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}


def _other_message(made: Node) -> dict[str, Any]:
    said = Node(made.palyra, made.told).handshake.begin()
    return {"msg_a": node.unwritten(said["msg_a"])}


@pytest.mark.parametrize("method", ["pin", "qr"])
@pytest.mark.parametrize("change", [_other_key, _other_device, _other_message])
def test_whoever_stands_between_and_changes_what_the_device_says_gets_no_proof(
    pairing: Pairing, method: str, change: Any
) -> None:
    made = pairing.node(pairing.mint(method))
    made.begin(**change(made))
    refused_hello(made)
    assert pairing.state(made) == "failed"
    assert pairing.runtime.requests.list("main") == []


def test_the_gateways_proof_is_no_proof_of_a_device(pairing: Pairing) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    assert made.proving is not None
    refused_hello(made, confirm=node.written(made.proving._key("confirm gateway")))


def test_the_devices_proof_is_no_proof_of_a_gateway(pairing: Pairing) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    assert made.proving is not None
    with pytest.raises(node.Untrusted):
        made.proving.trust(proof_of(made))


@pytest.mark.parametrize("wrong", ["proof", "request"])
def test_a_hello_that_fails_leaves_the_code_to_whoever_was_told_it(
    pairing: Pairing, wrong: str
) -> None:
    minted = pairing.mint()
    made = pairing.node(minted)
    made.begin()
    changes = {"proof": {"confirm": "A" * 43}, "request": {"csr_pem": csr(new_key())}}
    refused_hello(made, **changes[wrong])
    refused_hello(made)  # The session has had its one hello.
    assert attempts(pairing) == 1
    other = pairing.node(minted)
    other.begin()
    other.hello()
    assert pairing.state(other) == "pending_approval"


def test_the_last_of_five_attempts_can_still_be_proven(pairing: Pairing) -> None:
    minted = pairing.mint()
    for _ in range(4):
        pairing.node(minted).begin()
    last = pairing.node(minted)
    last.begin()
    last.hello()
    assert pairing.state(last) == "pending_approval"


def test_beginnings_that_are_left_standing_lock_nobody_out(pairing: Pairing) -> None:
    minted = pairing.mint()
    for _ in range(3):
        pairing.node(minted).begin()
    made = pairing.node(minted)
    made.begin()
    made.hello()
    assert pairing.state(made) == "pending_approval"


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(days=3)])
def test_a_hello_after_its_time_is_refused_though_the_row_is_still_there(
    pairing: Pairing, late: timedelta
) -> None:
    made = pairing.node(pairing.mint(lasts=timedelta(minutes=60)))
    made.begin()
    pairing.clock.move(late)
    refused_hello(made)
    assert pairing.state(made) == "expired"


def test_a_claim_before_the_proof_is_refused(pairing: Pairing) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    with pytest.raises(PairingUnavailable):
        pairing.runtime.claims.claim(made.session_id, None)
    with pytest.raises(PairingUnavailable):
        made.ask("A" * 43)
    made.hello()


def test_a_claim_after_a_rejection_is_refused(pairing: Pairing) -> None:
    made = pairing.pending()
    nonce = pairing.runtime.claims.claim(made.session_id, None).nonce
    version = pairing.runtime.requests.get("main", made.session_id).version
    pairing.runtime.requests.reject("main", ADMIN, made.session_id, version, "not mine")
    with pytest.raises(PairingUnavailable):
        made.ask(nonce)


def test_a_nonce_of_the_sessions_past_or_of_another_session_is_refused(pairing: Pairing) -> None:
    one, other = pairing.pending(), pairing.pending()
    nonce = pairing.runtime.claims.claim(other.session_id, None).nonce
    with pytest.raises(PairingUnavailable):
        one.ask(nonce)
    assert one.proving is not None
    mine = one.proving.claim(pairing.runtime.claims.claim(one.session_id, None).nonce)
    with pytest.raises(PairingUnavailable):
        pairing.runtime.claims.claim(other.session_id, Proof(nonce, node.unwritten(mine["mac"])))
    one.claim()
    other.claim()


def test_the_key_of_a_device_that_was_thrown_out_pairs_no_other_device(pairing: Pairing) -> None:
    old = pairing.paired()
    devices = pairing.runtime.activation.devices
    devices.revoke("main", old.device_id, "lost", ADMIN, pairing.clock.now())
    made = pairing.node(pairing.mint(), key=old.key)
    made.begin()
    refused_hello(made)
    devices.clear("main", old.device_id, "found", ADMIN, pairing.clock.now())
    again = pairing.node(pairing.mint(), key=old.key, device_id=old.device_id)
    again.begin()
    refused_hello(again)
    fresh = pairing.pending(device_id=old.device_id)
    assert pairing.state(fresh) == "pending_approval"


def test_the_key_of_the_authority_is_nobodys(pairing: Pairing) -> None:
    authorities: Authorities = pairing.issuer.authorities
    ca = authorities.signing(pairing.clock.now()).gateway.ca_spki_sha256
    made = pairing.node(pairing.mint(), origin=HOME)
    with pytest.raises(PairingUnavailable):
        made.begin(spki_sha256=bytes.fromhex(ca))
    (row,) = pairing.events("pairing.refused")
    assert "authority" in row.content
    assert CertificateStore().key_use(ca) is None
