"""Decisions: exactly the request that was looked at, by the number that the device shows."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Denied, Invalid, NotFound
from chalicelib.nodes.pairing.deciding import Approval
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SasMismatch, StaleRequest
from tests.nodes.pairing.pairing_world import ADMIN, Node, Pairing, at_once


def wrong(made: Node) -> str:
    return f"{(int(made.sas) + 1) % 10**6:06}"


def test_the_number_of_another_device_is_refused_and_told(pairing: Pairing) -> None:
    made = pairing.pending()
    with pytest.raises(SasMismatch) as refused:
        pairing.approve(made, sas=wrong(made))
    assert "2 more tries" in refused.value.fix
    pairing.approve(made)
    assert len(pairing.events("pairing.mistyped")) == 1


def test_the_last_try_is_told_as_one(pairing: Pairing) -> None:
    made = pairing.pending()
    for left in ("2 more tries", "1 more try"):
        with pytest.raises(SasMismatch) as refused:
            pairing.approve(made, sas=wrong(made))
        assert refused.value.fix.endswith(left)


def test_the_third_wrong_number_rejects_the_request_with_an_incident(pairing: Pairing) -> None:
    made = pairing.pending()
    for _ in range(3):
        with pytest.raises(SasMismatch):
            pairing.approve(made, sas=wrong(made))
    assert pairing.state(made) == "rejected"
    with pytest.raises(StaleRequest):
        pairing.approve(made)
    with pytest.raises(PairingUnavailable):
        made.claim()
    incidents = pairing.runtime.requests.alarm.incidents.active("main", None, 10).items
    assert [each.related for each in incidents] == [(made.session_id,)]


def test_of_many_numbers_typed_at_once_three_are_looked_at(pairing: Pairing) -> None:
    made = pairing.pending()
    request = pairing.runtime.requests.get("main", made.session_id)

    def type_(number: int) -> str:
        try:
            pairing.approve(made, sas=f"{number:06}", version=request.version)
        except (SasMismatch, StaleRequest) as refused:
            return type(refused).__name__
        return "approved"

    guesses = [number for number in range(30) if f"{number:06}" != made.sas]
    with at_once(8) as pool:
        answers = list(pool.map(type_, guesses))
    assert answers.count("SasMismatch") == 3
    assert "approved" not in answers


def test_an_older_version_another_key_and_another_device_are_refused(pairing: Pairing) -> None:
    made = pairing.pending()
    request = pairing.runtime.requests.get("main", made.session_id)
    for change in ({"version": request.version - 1}, {"fingerprint": "0" * 64}):
        with pytest.raises(StaleRequest):
            pairing.approve(made, **change)
    with pytest.raises(Invalid):
        pairing.approve(made, replaces=made.device_id)
    # None of them was a try to type the number.
    assert pairing.runtime.requests.get("main", made.session_id).typed == frozenset()


def test_the_same_approval_is_answered_again_and_another_ones_is_not(pairing: Pairing) -> None:
    made = pairing.pending()
    version = pairing.runtime.requests.get("main", made.session_id).version
    first = pairing.approve(made, version=version)
    for _ in range(10):
        again = pairing.approve(made, version=version)
        assert (again.version, again.decided) == (first.version, first.decided)
    with pytest.raises(StaleRequest):
        pairing.approve(made, by="token:other", version=version)
    made.claim()
    assert pairing.approve(made, version=version).state is SessionState.ISSUED
    assert len(pairing.events("pairing.approved")) == 1


def test_what_was_rejected_is_never_approved_nor_the_other_way_round(pairing: Pairing) -> None:
    requests = pairing.runtime.requests
    no, yes = pairing.pending(), pairing.pending()
    version = requests.get("main", no.session_id).version
    for _ in range(3):
        requests.reject("main", ADMIN, no.session_id, version, "not mine")
    with pytest.raises(StaleRequest):
        pairing.approve(no)
    pairing.approve(yes)
    with pytest.raises(StaleRequest):
        requests.reject("main", ADMIN, yes.session_id, version, "too late")
    assert len(pairing.events("pairing.rejected")) == 1


def test_of_two_who_decide_at_once_one_decides(pairing: Pairing) -> None:
    for _ in range(5):
        made = pairing.pending()
        version = pairing.runtime.requests.get("main", made.session_id).version

        def reject(made: Node = made, version: int = version) -> Any:
            return pairing.runtime.requests.reject("main", "token:b", made.session_id, version, "")

        with at_once(2) as pool:
            asked = [pool.submit(pairing.approve, made), pool.submit(reject)]
        failed = [each for each in asked if isinstance(each.exception(), StaleRequest)]
        assert len(failed) == 1
        pairing.clock.move(timedelta(minutes=11))


def test_an_approval_that_comes_too_late_is_refused(pairing: Pairing) -> None:
    made = pairing.pending()
    pairing.clock.move(timedelta(minutes=10))
    with pytest.raises(StaleRequest, match="expired"):
        pairing.approve(made)
    assert pairing.runtime.requests.list("main") == []


def test_a_request_is_its_owners_and_nobody_elses(pairing: Pairing) -> None:
    made = pairing.pending()
    with pytest.raises(NotFound):
        pairing.runtime.requests.get("other", made.session_id)
    with pytest.raises(NotFound):
        pairing.runtime.requests.reject("other", ADMIN, made.session_id, 3, "")
    assert pairing.runtime.requests.list("other") == []


def test_a_session_that_has_proven_nothing_is_no_request(pairing: Pairing) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    with pytest.raises(NotFound):
        pairing.runtime.requests.get("main", made.session_id)


def test_pairing_a_paired_device_must_be_said(pairing: Pairing) -> None:
    old = pairing.paired()
    new = pairing.pending(device_id=old.device_id)
    with pytest.raises(Invalid) as refused:
        pairing.approve(new)
    assert refused.value.faults[0].field == "replaces"
    pairing.approve(new, replaces=old.device_id)
    new.claim()
    pairing.activate(new)
    devices = pairing.runtime.activation.devices
    assert new.claimed is not None
    assert new.claimed.certificate is not None
    current = devices.get("main", old.device_id).current
    assert current == new.claimed.certificate.fingerprint


def test_two_persons_are_needed_where_the_setting_says_so(pairing: Pairing) -> None:
    made = pairing.pending()
    requests = pairing.runtime.requests
    requests.two_persons = True
    with pytest.raises(Denied):
        pairing.approve(made)
    pairing.approve(made, by="token:second")


def test_several_rejections_raise_an_incident(pairing: Pairing) -> None:
    requests = pairing.runtime.requests
    for _ in range(3):
        made = pairing.pending()
        version = requests.get("main", made.session_id).version
        requests.reject("main", ADMIN, made.session_id, version, "not mine")
    (incident,) = requests.alarm.incidents.active("main", None, 10).items
    assert incident.summary == "several pairing requests were rejected"


def test_a_reason_that_holds_a_secret_is_refused(pairing: Pairing) -> None:
    made = pairing.pending()
    with pytest.raises(Invalid):
        pairing.approve(made, reason="password=hunter2-hunter2")


def test_a_number_that_is_shown_by_nobody_is_in_no_words(pairing: Pairing) -> None:
    made = pairing.pending()
    session = pairing.runtime.requests.get("main", made.session_id)
    assert made.sas not in repr(session)
    assert made.sas not in repr(Approval(3, "00", made.sas))
