"""Hello: the proof is taken once; the first that proves a code is the one that it was for."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spake2 import SPAKE2_A
from ulid import ULID

from chalicelib.nodes.pairing.limits import PENDING, PENDING_OF_ADDRESS
from chalicelib.nodes.pairing.refusals import PairingUnavailable
from chalicelib.nodes.pairing.session import Origin
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import HOME, Node, Pairing, csr, new_key


def begun(pairing: Pairing, method: str = "pin", **more: Any) -> Node:
    made = pairing.node(pairing.mint(method), **more)
    made.begin()
    return made


def failure(pairing: Pairing) -> str:
    (row,) = pairing.events("pairing.failed")
    return str(row.content)


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_a_wrong_proof_ends_the_session(pairing: Pairing, method: str) -> None:
    made = begun(pairing, method)
    with pytest.raises(PairingUnavailable):
        made.hello(confirm=node.written(bytes(32)))
    assert pairing.state(made) == "failed"
    assert "the proof is wrong" in failure(pairing)
    with pytest.raises(PairingUnavailable):
        made.hello()


def test_a_wrong_pin_proves_nothing_and_learns_nothing(pairing: Pairing) -> None:
    minted = pairing.mint()
    wrong = f"{(int(minted.pin or 0) + 1) % 10**6:06}"
    made = Node(pairing, node.typed(minted.code.id, wrong))
    made.begin()
    with pytest.raises(PairingUnavailable):
        made.hello()
    pairing.node(minted).begin()  # The code stands for whoever was told it.


def test_a_second_hello_is_refused_and_told_once(pairing: Pairing) -> None:
    made = begun(pairing)
    made.hello()
    for _ in range(3):
        with pytest.raises(PairingUnavailable):
            made.hello()
    assert pairing.state(made) == "pending_approval"
    assert len(pairing.events("pairing.replayed")) == 1


def test_a_proof_is_good_for_its_own_session_alone(pairing: Pairing) -> None:
    minted = pairing.mint()
    first, second = pairing.node(minted), pairing.node(minted)
    first.begin()
    second.begin()
    assert first.proving is not None
    stolen = first.proving.hello(csr(second.key))["confirm"]
    with pytest.raises(PairingUnavailable):
        second.hello(confirm=stolen)
    first.hello()


def test_the_first_to_prove_a_code_has_it_and_all_others_fail(pairing: Pairing) -> None:
    minted = pairing.mint()
    first, second = pairing.node(minted), pairing.node(minted)
    first.begin()
    second.begin()
    second.hello()
    with pytest.raises(PairingUnavailable):
        first.hello()
    assert (pairing.state(second), pairing.state(first)) == ("pending_approval", "failed")
    assert "the code is over" in failure(pairing)


def test_a_code_that_was_ended_takes_its_sessions_with_it(pairing: Pairing) -> None:
    minted = pairing.mint()
    made = pairing.node(minted)
    made.begin()
    pairing.runtime.codes.revoke("main", "token:laptop", minted.code.id)
    with pytest.raises(PairingUnavailable):
        made.hello()


def test_a_code_minted_anew_under_an_old_id_is_not_the_old_ones_sessions(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.nodes.pairing.minting.mint_id", lambda _random: "K7QM")
    made = begun(pairing)
    pairing.runtime.codes.revoke("main", "token:laptop", "K7QM")
    assert pairing.mint().code.id == "K7QM"
    with pytest.raises(PairingUnavailable):
        made.hello()


def _another_curve(_made: Node) -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _another_key(_made: Node) -> str:
    return csr(new_key())


def _cut(made: Node) -> str:
    return csr(made.key)[:-40]


def _twice(made: Node) -> str:
    return csr(made.key) * 2


def _a_private_key(_made: Node) -> str:

    pem = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


@pytest.mark.parametrize("spoil", [_another_curve, _another_key, _cut, _twice, _a_private_key])
def test_a_bad_request_for_a_certificate_ends_the_session(pairing: Pairing, spoil: Any) -> None:
    made = begun(pairing)
    with pytest.raises(PairingUnavailable):
        made.hello(csr_pem=spoil(made))
    assert pairing.state(made) == "failed"
    assert "the request for a certificate" in failure(pairing)
    assert "PRIVATE KEY" not in failure(pairing)


def test_a_device_that_was_thrown_out_cannot_be_paired(pairing: Pairing) -> None:
    old = pairing.paired()
    devices = pairing.runtime.activation.devices
    devices.revoke("main", old.device_id, "lost", "token:laptop", pairing.clock.now())
    again = begun(pairing, device_id=old.device_id)
    with pytest.raises(PairingUnavailable):
        again.hello()
    assert "revoked" in failure(pairing)


def test_a_key_that_belongs_to_another_device_cannot_be_paired(pairing: Pairing) -> None:
    old = pairing.paired()
    other = begun(pairing, key=old.key)
    with pytest.raises(PairingUnavailable):
        other.hello()
    assert "another device" in failure(pairing)


def test_an_address_has_three_requests_that_wait_and_an_owner_twenty(pairing: Pairing) -> None:
    for number in range(PENDING_OF_ADDRESS):
        pairing.pending(origin=HOME, device_id=str(ULID()))
        assert len(pairing.runtime.requests.list("main")) == number + 1
    fourth = begun(pairing, origin=HOME)
    with pytest.raises(PairingUnavailable):
        fourth.hello()
    for number in range(PENDING - PENDING_OF_ADDRESS):
        pairing.pending(origin=Origin(f"198.51.100.{number}"))
    last = begun(pairing, origin=Origin("192.0.2.1"))
    with pytest.raises(PairingUnavailable):
        last.hello()
    # A decision makes room.
    one = pairing.runtime.requests.list("main")[0]
    pairing.runtime.requests.reject("main", "token:laptop", one.id, one.version, "not mine")
    pairing.pending(origin=Origin("192.0.2.2"))


def test_a_gateway_that_does_not_know_the_pin_is_not_trusted(pairing: Pairing) -> None:
    made = begun(pairing)
    assert made.proving is not None
    with pytest.raises(node.Untrusted):
        made.proving.trust(node.written(bytes(32)))


@pytest.mark.parametrize("what", ["ca_spki_sha256", "gateway_id", "session_id", "msg_b"])
def test_whoever_changes_what_the_gateway_says_is_found_out(
    pairing: Pairing, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pairing.node(pairing.mint())
    answered = made.handshake.answered

    def changed(answer: Any) -> node.Proving:
        said = dict(answer)
        if what == "msg_b":
            side = SPAKE2_A(b"000000")
            said[what] = node.written(b"B" + side.start()[1:])
        elif what == "ca_spki_sha256":
            said[what] = node.written(b"\x07" * 32)
        else:
            said[what] = said[what][::-1]
        return answered(said)

    monkeypatch.setattr(made.handshake, "answered", changed)
    made.begin()
    assert made.proving is not None
    with pytest.raises(PairingUnavailable):
        made.hello()


def test_a_device_that_scanned_a_code_speaks_to_that_gateway_alone(pairing: Pairing) -> None:
    minted = pairing.mint("qr")
    told = node.scanned(minted.qr or "")
    for other in (told._replace(gateway_id="gw-0"), told._replace(ca_spki_sha256=bytes(32))):
        with pytest.raises(node.Untrusted):
            Node(pairing, other).begin()
