"""Claims: whoever proved the code is handed the certificate, as often as it takes."""

from datetime import timedelta

import pytest

from chalicelib.errors import Conflict, Unavailable
from chalicelib.nodes.pairing.claiming import Proof
from chalicelib.nodes.pairing.limits import POLL, SLOWEST_POLL
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import Pairing, at_once


def test_a_claim_before_the_approval_is_told_to_wait(pairing: Pairing) -> None:
    made = pairing.pending()
    claimed = made.claim()
    assert (claimed.certificate, claimed.session.state) == (None, "pending_approval")


def test_a_node_that_lost_the_answer_to_its_hello_learns_the_number_by_a_claim(
    pairing: Pairing,
) -> None:
    made = pairing.pending()
    assert made.proving is not None
    confirm = made.claim().confirm
    assert confirm is not None
    assert made.proving.trust(node.written(confirm)) == made.trusted


def test_every_claim_is_answered_by_the_same_certificate(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.approve(made)
    issued = [made.claim().certificate for _ in range(10)]
    assert issued[0] is not None
    assert all(each == issued[0] for each in issued)
    assert len(pairing.events("pairing.issued")) == 1


def test_claims_at_once_are_answered_by_one_certificate(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.approve(made)
    pairing.clock.move(POLL)

    def claim(_number: int) -> str:
        try:
            nonce = pairing.runtime.claims.claim(made.session_id, None).nonce
            issued = made.ask(nonce).certificate
        except (PairingUnavailable, SlowDown, Unavailable):
            return ""
        return issued.fingerprint if issued else ""

    with at_once(8) as pool:
        found = set(pool.map(claim, range(16)))
    pairing.clock.move(SLOWEST_POLL)
    made.claim()
    assert made.claimed is not None
    assert made.claimed.certificate is not None
    assert found - {""} <= {made.claimed.certificate.fingerprint}
    assert len(pairing.events("pairing.issued")) == 1


def test_a_nonce_is_good_once(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.clock.move(POLL)
    nonce = pairing.runtime.claims.claim(made.session_id, None).nonce
    made.ask(nonce)
    pairing.clock.move(POLL)
    with pytest.raises(PairingUnavailable):
        made.ask(nonce)
    assert len(pairing.events("pairing.replayed")) == 1
    made.claim()


def test_a_claim_of_whoever_has_no_key_is_refused_and_told_nothing(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.approve(made)
    asked = pairing.runtime.claims.claim(made.session_id, None)
    assert (asked.confirm, asked.certificate) == (None, None)
    with pytest.raises(PairingUnavailable):
        pairing.runtime.claims.claim(made.session_id, Proof(asked.nonce, bytes(32)))
    made.claim()  # And the node that has it is not hindered.


def test_the_key_of_one_session_claims_nothing_of_another(pairing: Pairing) -> None:
    one, other = pairing.pending(), pairing.pending()
    pairing.approve(other)
    assert one.proving is not None
    nonce = pairing.runtime.claims.claim(other.session_id, None).nonce
    mac = node.unwritten(one.proving.claim(nonce)["mac"])
    with pytest.raises(PairingUnavailable):
        pairing.runtime.claims.claim(other.session_id, Proof(nonce, mac))


def test_whoever_asks_too_often_waits_longer_and_longer(pairing: Pairing) -> None:
    made = pairing.pending()
    made.claim()
    waits = []
    for _ in range(3):
        nonce = pairing.runtime.claims.claim(made.session_id, None).nonce
        with pytest.raises(SlowDown) as refused:
            made.ask(nonce)
        waits.append(refused.value.wait.total_seconds())
    assert waits == [6, 12, 24]
    pairing.clock.move(timedelta(seconds=24))
    made.claim()


@pytest.mark.parametrize("minutes", [10, 11])
def test_an_approval_that_nobody_claims_in_time_is_over(pairing: Pairing, minutes: int) -> None:
    made = pairing.pending()
    pairing.approve(made)
    pairing.clock.move(timedelta(minutes=minutes))
    with pytest.raises(PairingUnavailable):
        made.claim()
    assert pairing.state(made) == "expired"


def test_a_certificate_that_is_not_activated_in_time_is_good_for_nothing(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.approve(made)
    made.claim()
    pairing.clock.move(timedelta(minutes=10))
    with pytest.raises(Conflict):
        pairing.activate(made)
    with pytest.raises(PairingUnavailable):
        made.claim()


def test_activating_again_changes_nothing_and_ends_the_claims(pairing: Pairing) -> None:
    made = pairing.paired()
    first = pairing.runtime.activation.devices.get("main", made.device_id)
    for _ in range(3):
        assert pairing.activate(made) == first
    with pytest.raises(PairingUnavailable):
        made.claim()


def test_no_certificate_is_issued_to_a_device_that_was_thrown_out_meanwhile(
    pairing: Pairing,
) -> None:
    old = pairing.paired()
    again = pairing.pending(device_id=old.device_id)
    pairing.approve(again, replaces=old.device_id)
    devices = pairing.runtime.activation.devices
    devices.revoke("main", old.device_id, "lost", "token:laptop", pairing.clock.now())
    with pytest.raises(PairingUnavailable):
        again.claim()
    assert pairing.state(again) == "failed"


def test_nothing_that_a_device_sends_says_what_time_it_is_there(pairing: Pairing) -> None:
    made = pairing.pending()
    assert made.proving is not None
    begin = pairing.node(pairing.mint("qr")).handshake.begin()
    said = {**begin, **made.proving.hello("csr"), **made.proving.claim("nonce")}
    assert set(said) == {
        *("v", "code_id", "method", "client_kind", "device_id", "spki_sha256", "msg_a"),
        *("confirm", "csr_pem", "nonce", "mac"),
    }


def test_an_unknown_session_is_refused(pairing: Pairing) -> None:
    for proof in (None, Proof("nonce", bytes(32))):
        with pytest.raises(PairingUnavailable):
            pairing.runtime.claims.claim("01ARZ3NDEKTSV4RRFFQ69G5FAV", proof)


def test_the_answers_of_a_claim_are_not_shown(pairing: Pairing) -> None:
    made = pairing.pending("qr")
    assert made.proving is not None
    assert node.written(made.told.secret) not in repr(made.told)
    assert repr(made.told.secret) not in repr(made.told)
    assert "secret" not in repr(made.proving)
