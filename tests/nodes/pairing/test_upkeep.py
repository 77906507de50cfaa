"""Upkeep: what nobody ends in time is ended, and nothing of its secrets is left."""

from datetime import timedelta

from chalicelib.nodes.rows import CodeRow
from tests.nodes.pairing.pairing_world import Pairing


def swept(pairing: Pairing) -> int:
    return pairing.runtime.upkeep.run(pairing.clock.now() + timedelta(seconds=45))


def secrets() -> int:
    """Return in how many rows secrets stand."""
    return sum(bool(row.sealed or row.wrapped) for row in CodeRow.scan())


def test_a_code_that_has_expired_has_no_secret_after_the_next_sweep(pairing: Pairing) -> None:
    pairing.mint()
    assert (swept(pairing), secrets()) == (0, 1)
    pairing.clock.move(timedelta(minutes=10))
    assert (swept(pairing), secrets()) == (1, 0)
    assert swept(pairing) == 0


def test_every_session_that_has_expired_has_no_secret_after_the_next_sweep(
    pairing: Pairing,
) -> None:
    begun = pairing.node(pairing.mint())
    begun.begin()
    pairing.pending()
    approved, issued = pairing.pending(), pairing.pending()
    pairing.approve(approved)
    pairing.approve(issued)
    issued.claim()
    assert secrets() == 5
    pairing.clock.move(timedelta(minutes=11))
    assert (swept(pairing), secrets()) == (5, 0)
    assert len(pairing.events("pairing.expired")) == 4
    assert swept(pairing) == 0


def test_what_ends_otherwise_has_no_secret_at_once(pairing: Pairing) -> None:
    rejected = pairing.pending()
    version = pairing.runtime.requests.get("main", rejected.session_id).version
    pairing.runtime.requests.reject("main", "token:laptop", rejected.session_id, version, "")
    pairing.paired()
    assert secrets() == 0
    assert swept(pairing) == 0


def test_a_sweep_without_time_ends_nothing(pairing: Pairing) -> None:
    pairing.mint()
    pairing.clock.move(timedelta(minutes=10))
    assert pairing.runtime.upkeep.run(pairing.clock.now()) == 0
