"""Certificates that end without another that follows: told in time, and once more at the end."""

from datetime import timedelta

import pytest

from chalicelib.functions.wiring.node_upkeep import certificate_watch
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.certificates.watch import CertificateWatch
from tests.nodes.gateway import Gateway

HOUR = timedelta(hours=1)
SUMMARY = "The certificate of device {} {}"


@pytest.fixture
def watch(gateway: Gateway) -> CertificateWatch:
    return certificate_watch(gateway.of)


def told() -> list[str]:
    return [each.summary for each in IncidentStore().active("main", None, 50).items]


def test_nothing_is_told_of_one_that_lasts(gateway: Gateway, watch: CertificateWatch) -> None:
    gateway.node()
    gateway.world.clock.move(17 * HOUR)
    assert (watch.run(), told()) == (0, [])


def test_one_that_ends_within_six_hours_is_told_of(
    gateway: Gateway, watch: CertificateWatch
) -> None:
    node = gateway.node()
    gateway.world.clock.move(18 * HOUR + timedelta(seconds=1))
    assert watch.run() == 1
    assert told() == [SUMMARY.format(node.id, "is about to expire")]


def test_one_that_is_being_renewed_is_not(gateway: Gateway, watch: CertificateWatch) -> None:
    node = gateway.node()
    gateway.world.clock.move(19 * HOUR)
    node.renewed()
    assert (watch.run(), told()) == (0, [])


def test_the_end_is_told_once_and_then_forgotten(gateway: Gateway, watch: CertificateWatch) -> None:
    node = gateway.node()
    gateway.world.clock.move(25 * HOUR)
    assert watch.run() == 1
    assert told() == [SUMMARY.format(node.id, "has expired")]
    gateway.world.clock.move(HOUR)
    assert watch.run() == 0
    assert list(CertificateStore().expiring(gateway.world.clock.now() + 99 * HOUR)) == []


def test_a_late_renewal_ends_the_incident(gateway: Gateway, watch: CertificateWatch) -> None:
    node = gateway.node()
    gateway.world.clock.move(20 * HOUR)
    watch.run()
    assert node.renewed().whoami().status == 200
    assert told() == []


def test_so_does_a_revocation(gateway: Gateway, watch: CertificateWatch) -> None:
    node = gateway.node()
    gateway.world.clock.move(20 * HOUR)
    watch.run()
    gateway.revoke(node)
    assert told() == []
    gateway.world.clock.move(HOUR)
    assert (watch.run(), told()) == (0, [])


def test_so_does_a_new_pairing_after_the_end(gateway: Gateway, watch: CertificateWatch) -> None:
    node = gateway.node()
    gateway.world.clock.move(30 * HOUR)
    watch.run()
    gateway.node(device_id=node.id)
    assert told() == []


def test_a_container_looks_every_five_minutes(gateway: Gateway, watch: CertificateWatch) -> None:
    gateway.node()
    gateway.world.clock.move(20 * HOUR)
    assert watch.run() == 1
    assert watch.run() == 0
    gateway.world.clock.move(timedelta(minutes=5))
    assert watch.run() == 1
