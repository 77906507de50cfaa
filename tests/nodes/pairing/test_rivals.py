"""Two devices that say the same of themselves: nobody is thrown out unless an operator said so."""

from datetime import timedelta

import pytest

from chalicelib.errors import Conflict
from chalicelib.nodes.pairing.refusals import PairingUnavailable, StaleRequest
from tests.nodes.pairing.pairing_world import Node, Pairing


def current(pairing: Pairing, made: Node) -> str:
    return pairing.runtime.activation.devices.get("main", made.device_id).current


def fingerprint(made: Node) -> str:
    assert made.claimed is not None
    assert made.claimed.certificate is not None
    return made.claimed.certificate.fingerprint


def test_a_request_of_before_a_device_was_paired_does_not_throw_it_out(pairing: Pairing) -> None:
    rival = pairing.pending()
    made = pairing.paired(device_id=rival.device_id)
    with pytest.raises(StaleRequest, match="paired or thrown out"):
        pairing.approve(rival)
    assert pairing.runtime.requests.get("main", rival.session_id).typed == frozenset()
    assert current(pairing, made) == fingerprint(made)


def test_a_request_of_before_a_device_was_thrown_out_cannot_be_approved(pairing: Pairing) -> None:
    made = pairing.paired()
    again = pairing.pending(device_id=made.device_id)
    devices = pairing.runtime.activation.devices
    devices.revoke("main", made.device_id, "lost", "token:laptop", pairing.clock.now())
    with pytest.raises(StaleRequest, match="paired or thrown out"):
        pairing.approve(again)
    assert pairing.runtime.requests.get("main", again.session_id).typed == frozenset()
    assert pairing.state(again) == "pending_approval"


def test_an_approval_of_before_a_device_was_paired_brings_no_certificate(pairing: Pairing) -> None:
    rival = pairing.pending()
    pairing.approve(rival)
    made = pairing.paired(device_id=rival.device_id)
    with pytest.raises(PairingUnavailable):
        rival.claim()
    assert pairing.state(rival) == "failed"
    assert current(pairing, made) == fingerprint(made)


def test_a_certificate_of_before_a_device_was_paired_is_not_activated(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = pairing.pending()
    made = pairing.pending(device_id=rival.device_id)
    pairing.approve(rival)
    pairing.approve(made)
    made.claim()
    issue = pairing.issuer.issue

    def late(*asked: object) -> object:
        """The other one is activated after this claim has looked, and before it is issued."""
        pairing.activate(made)
        return issue(*asked)  # type: ignore[arg-type]  # as it came

    with monkeypatch.context() as patch:
        patch.setattr(pairing.issuer, "issue", late)
        rival.claim()
    with pytest.raises(Conflict, match="paired or thrown out"):
        pairing.activate(rival)
    assert current(pairing, made) == fingerprint(made)


def test_of_two_that_were_approved_before_either_called_one_becomes_the_device(
    pairing: Pairing,
) -> None:
    one = pairing.pending()
    other = pairing.pending(device_id=one.device_id)
    for each in (one, other):
        pairing.approve(each)
        each.claim()
    # Of two offers the later one stands.
    pairing.activate(other)
    pairing.clock.move(timedelta(seconds=3))
    with pytest.raises(Conflict):
        pairing.activate(one)
    assert current(pairing, other) == fingerprint(other)


def test_an_approval_to_replace_one_pairing_does_not_replace_the_next(pairing: Pairing) -> None:
    old = pairing.paired()
    rival = pairing.pending(device_id=old.device_id)
    pairing.approve(rival, replaces=old.device_id)
    made = pairing.pending(device_id=old.device_id)
    pairing.approve(made, replaces=old.device_id)
    made.claim()
    pairing.activate(made)
    with pytest.raises(PairingUnavailable):
        rival.claim()
    assert current(pairing, made) == fingerprint(made)
