"""Begin: an attempt is charged first, and whatever is wrong is refused alike."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ulid import ULID

from chalicelib.nodes.pairing.limits import ATTEMPTS, BEGINS, BEGINS_OF_ADDRESS, FAILURES
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.padding import SLOW_SECONDS, STEP_SECONDS
from chalicelib.nodes.pairing.pake import Reply, Spake2
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown
from chalicelib.nodes.pairing.session import Origin
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import Node, Pairing, at_once


def attempts(pairing: Pairing, code_id: str) -> int:
    stored = pairing.runtime.handshake.store.code(code_id)
    return len(stored.code.begun) if stored else 0


def from_(number: int) -> Origin:
    return Origin(f"198.51.{number // 250}.{number % 250 + 1}")


def test_of_200_begins_at_once_exactly_5_reach_the_check(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    minted, checked = pairing.mint(), []
    respond = Spake2.respond

    def counting(*args: Any) -> Reply:
        checked.append(1)
        return respond(*args)

    monkeypatch.setattr(Spake2, "respond", counting)

    def begin(number: int) -> bool:
        told = node.typed(minted.code.id, f"{number:06}")
        try:
            Node(pairing, told, origin=from_(number)).begin()
        except PairingUnavailable:
            return False
        return True

    with at_once(16) as pool:
        begun = sum(pool.map(begin, range(200)))
    assert (len(checked), begun) == (ATTEMPTS, ATTEMPTS)
    assert attempts(pairing, minted.code.id) == ATTEMPTS


def test_an_attempt_is_charged_whatever_comes_of_it(pairing: Pairing) -> None:
    minted = pairing.mint()
    for change in (
        {"method": PairingMethod.QR},
        {"client_kind": ClientKind.CLI},
        {"msg_a": b"A" + bytes(32)},
        {"msg_a": os.urandom(32)},
    ):
        with pytest.raises(PairingUnavailable):
            pairing.node(minted).begin(**change)
    assert attempts(pairing, minted.code.id) == 4
    pairing.node(minted).begin()
    with pytest.raises(PairingUnavailable):
        pairing.node(minted).begin()


type _Spoil = Callable[[Pairing], Node]


def _unknown(pairing: Pairing) -> Node:
    return Node(pairing, node.typed("ZZZZ", "000000"))


def _expired(pairing: Pairing) -> Node:
    made = pairing.node(pairing.mint())
    pairing.clock.move(timedelta(minutes=10))
    return made


def _revoked(pairing: Pairing) -> Node:
    minted = pairing.mint()
    pairing.runtime.codes.revoke("main", "token:laptop", minted.code.id)
    return pairing.node(minted)


def _consumed(pairing: Pairing) -> Node:
    minted = pairing.mint()
    first = pairing.node(minted)
    first.begin()
    first.hello()
    return pairing.node(minted)


def _of_another_method(pairing: Pairing) -> Node:
    return Node(pairing, node.typed(pairing.mint("qr").code.id, "000000"))


def _of_another_kind(pairing: Pairing) -> Node:
    return pairing.node(pairing.mint(kind="cli"))


@pytest.mark.parametrize(
    "spoil", [_unknown, _expired, _revoked, _consumed, _of_another_method, _of_another_kind]
)
def test_every_code_that_cannot_be_begun_with_is_refused_alike(
    pairing: Pairing, spoil: _Spoil
) -> None:
    made = spoil(pairing)
    pairing.waits.slept.clear()
    with pytest.raises(PairingUnavailable) as refused:
        made.begin()
    unlike = PairingUnavailable()
    assert (refused.value.detail, refused.value.fix) == (unlike.detail, unlike.fix)
    assert pairing.waits.slept == [STEP_SECONDS]
    assert len(pairing.events("pairing.refused")) == 1


def refuse_after(pairing: Pairing, seconds: float) -> None:
    with pairing.runtime.handshake.padding.of_refusals():
        pairing.waits.now += seconds
        raise PairingUnavailable


def test_what_takes_longer_than_a_step_takes_whole_steps(pairing: Pairing) -> None:
    for spent, held in ((0.0, 0.15), (0.1, 0.05), (0.15, 0.0), (0.2, 0.1), (1.0, 0.05)):
        pairing.waits.slept.clear()
        with pytest.raises(PairingUnavailable):
            refuse_after(pairing, spent)
        assert pairing.waits.slept[0] == pytest.approx(held, abs=1e-6)


def test_an_address_begins_ten_times_a_minute(pairing: Pairing) -> None:
    for _ in range(BEGINS_OF_ADDRESS):
        with pytest.raises(PairingUnavailable):
            _unknown(pairing).begin()
    with pytest.raises(SlowDown) as refused:
        _unknown(pairing).begin()
    assert refused.value.wait <= timedelta(minutes=1)
    # Others go on, and so does this one after a minute.
    pairing.node(pairing.mint(), origin=from_(1)).begin()
    pairing.clock.move(timedelta(minutes=1))
    pairing.node(pairing.mint()).begin()


def test_all_of_a_customers_addresses_are_counted_as_one(pairing: Pairing) -> None:
    for number in range(BEGINS_OF_ADDRESS):
        with pytest.raises(PairingUnavailable):
            Node(pairing, node.typed("ZZZZ", "000000"), Origin(f"2001:db8:0:1::{number}")).begin()
    with pytest.raises(SlowDown):
        Node(pairing, node.typed("ZZZZ", "000000"), Origin("2001:db8:0:1:ffff::1")).begin()
    with pytest.raises(PairingUnavailable):
        Node(pairing, node.typed("ZZZZ", "000000"), Origin("2001:db8:0:2::1")).begin()


def test_a_flood_makes_beginning_slow_and_locks_nobody_out(pairing: Pairing) -> None:
    for number in range(BEGINS):
        pairing.runtime.handshake.guard.admit(from_(number), str(ULID()), pairing.clock.now())
    assert SLOW_SECONDS not in pairing.waits.slept
    pairing.node(pairing.mint()).begin()
    assert SLOW_SECONDS in pairing.waits.slept


def test_many_failures_make_beginning_slow_and_raise_one_incident(pairing: Pairing) -> None:
    guard = pairing.runtime.handshake.guard
    for _ in range(FAILURES + 5):
        guard.count_failure(str(ULID()), pairing.clock.now())
    pairing.node(pairing.mint()).begin()
    assert SLOW_SECONDS in pairing.waits.slept
    (incident,) = guard.alarm.incidents.active("system", None, 10).items
    assert incident.summary == "too many attempts to pair fail"


def test_strangers_cannot_fill_the_journal(pairing: Pairing) -> None:
    for number in range(60):
        with pytest.raises(PairingUnavailable):
            Node(pairing, node.typed("ZZZZ", "000000"), from_(number)).begin()
    assert len(pairing.events("pairing.refused")) == 2 * FAILURES


def test_a_code_that_was_tried_five_times_has_no_secret_any_more(pairing: Pairing) -> None:
    minted = pairing.mint()
    for _ in range(ATTEMPTS):
        pairing.node(minted).begin()
    stored = pairing.runtime.handshake.store.code(minted.code.id)
    assert stored is not None
    assert stored.secret is None
    assert pairing.runtime.codes.list("main") == []


def test_a_session_ends_with_its_code(pairing: Pairing) -> None:
    made = pairing.node(pairing.mint(lasts=timedelta(minutes=2)))
    begun = made.begin()
    assert begun.expires_at == pairing.clock.now() + timedelta(minutes=2)
