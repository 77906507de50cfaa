"""What comes too late is refused also where the time ends between the look and the write."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.nodes.pairing import limits
from chalicelib.nodes.pairing.deciding import Deciding
from chalicelib.nodes.pairing.guard import Guard
from chalicelib.nodes.pairing.limits import BEGINS_OF_ADDRESS, FAILURES, REJECTIONS
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown, StaleRequest
from chalicelib.nodes.pairing.sealing import SecretSealer
from chalicelib.nodes.pairing.session import Origin
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import ADMIN, Node, Pairing, at_once

MOMENT = timedelta(milliseconds=1)


def slow_opening(pairing: Pairing, patch: pytest.MonkeyPatch, lasts: timedelta) -> None:
    """Let it take a while until a row's secrets are open."""
    opens = SecretSealer.open

    def opened(*asked: Any) -> Any:
        pairing.clock.move(lasts)
        return opens(*asked)

    patch.setattr(SecretSealer, "open", opened)


def test_an_approval_in_the_last_moment_counts_and_at_the_end_does_not(pairing: Pairing) -> None:
    one, other = pairing.pending(), pairing.pending()
    pairing.clock.move(limits.APPROVAL - MOMENT)
    pairing.approve(one)
    pairing.clock.move(MOMENT)
    with pytest.raises(StaleRequest, match="expired"):
        pairing.approve(other)


def test_an_approval_whose_time_ends_before_it_is_written_is_not(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pairing.pending()
    pairing.clock.move(limits.APPROVAL - MOMENT)
    slow_opening(pairing, monkeypatch, 2 * MOMENT)
    with pytest.raises(StaleRequest):
        pairing.approve(made)
    assert pairing.state(made) == "expired"
    assert pairing.events("pairing.approved") == []


def test_a_proof_whose_time_ends_before_it_is_written_is_not(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pairing.node(pairing.mint())
    made.begin()
    pairing.clock.move(limits.SESSION - MOMENT)
    slow_opening(pairing, monkeypatch, 2 * MOMENT)
    with pytest.raises(PairingUnavailable):
        made.hello()
    assert pairing.runtime.requests.list("main") == []
    assert len(pairing.runtime.codes.list("main")) == 1


def unknown(pairing: Pairing, address: str = "203.0.113.7") -> None:
    with pytest.raises(PairingUnavailable):
        Node(pairing, node.typed("ZZZZ", "000000"), Origin(address)).begin()


def test_an_address_begins_ten_times_in_any_minute(pairing: Pairing) -> None:
    """Also in one that begins in the middle of the clock's."""
    pairing.clock.move(timedelta(seconds=50))
    for _ in range(BEGINS_OF_ADDRESS - 1):
        unknown(pairing)
        pairing.clock.move(timedelta(seconds=2))
    unknown(pairing)
    with pytest.raises(SlowDown) as refused:
        pairing.node(pairing.mint()).begin()
    # The first was 18 seconds ago.
    assert refused.value.wait == timedelta(seconds=42)
    pairing.clock.move(refused.value.wait)
    pairing.node(pairing.mint()).begin()
    with pytest.raises(SlowDown):
        pairing.node(pairing.mint()).begin()


def test_of_many_begins_of_an_address_at_once_ten_are_let_in(pairing: Pairing) -> None:
    for _ in range(4):
        unknown(pairing)
    pairing.clock.move(timedelta(seconds=30))

    def begin(_number: int) -> bool:
        try:
            unknown(pairing)
        except SlowDown:
            return False
        return True

    with at_once(8) as pool:
        let_in = sum(pool.map(begin, range(24)))
    assert let_in == BEGINS_OF_ADDRESS - 4


def test_failures_of_any_ten_minutes_make_beginning_slow(pairing: Pairing) -> None:
    guard: Guard = pairing.runtime.handshake.guard
    ids = pairing.runtime.handshake.ids
    pairing.clock.move(timedelta(minutes=9))
    for number in range(FAILURES):
        if number == FAILURES // 2:
            pairing.clock.move(timedelta(minutes=2))
        guard.count_failure(ids.ulid(pairing.clock.now()), pairing.clock.now())
    pairing.node(pairing.mint()).begin()
    assert len(pairing.waits.slept) == 1
    assert len(guard.alarm.incidents.active("system", None, 10).items) == 1
    # Half of them are too long ago.
    pairing.clock.move(timedelta(minutes=8, seconds=1))
    pairing.node(pairing.mint()).begin()
    assert len(pairing.waits.slept) == 1


def test_rejections_of_any_ten_minutes_raise_an_incident(pairing: Pairing) -> None:
    requests: Deciding = pairing.runtime.requests
    pairing.clock.move(timedelta(minutes=8))
    for number in range(REJECTIONS):
        assert list(requests.alarm.incidents.active("main", None, 10).items) == []
        made = pairing.pending()
        version = requests.get("main", made.session_id).version
        requests.reject("main", ADMIN, made.session_id, version, f"no {number}")
        pairing.clock.move(timedelta(minutes=2))
    assert len(requests.alarm.incidents.active("main", None, 10).items) == 1


def test_rejections_of_more_than_ten_minutes_raise_none(pairing: Pairing) -> None:
    requests: Deciding = pairing.runtime.requests
    for _ in range(REJECTIONS):
        made = pairing.pending()
        version = requests.get("main", made.session_id).version
        requests.reject("main", ADMIN, made.session_id, version, "")
        pairing.clock.move(timedelta(minutes=5))
    assert list(requests.alarm.incidents.active("main", None, 10).items) == []
