"""Renewing, losing replies, copies of keys, and what is left of a certificate afterwards."""

from datetime import timedelta

import pytest

from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.certificates.certificate import CertificateState
from chalicelib.nodes.certificates.device import DeviceState
from tests.nodes.gateway import Gateway, Node
from tests.support.faults import every_write_retried

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=1)


def incidents() -> list[tuple[str, str]]:
    page = IncidentStore().active("main", None, 50)
    return [(each.dedupe_key.partition(":")[0], each.severity) for each in page.items]


def test_a_renewed_certificate_counts_from_its_first_use(gateway: Gateway) -> None:
    first = gateway.node()
    second = first.renewed()
    assert gateway.certificate(second).state is CertificateState.ISSUED

    assert first.whoami().status == 200
    told = second.whoami()

    assert (told.status, told.body["generation"]) == (200, 2)
    assert gateway.certificate(second).state is CertificateState.ACTIVE
    assert gateway.certificate(first).state is CertificateState.SUPERSEDED


def test_the_old_certificate_is_good_for_fifteen_minutes_beside_the_new_one(
    gateway: Gateway,
) -> None:
    first = gateway.node()
    second = first.renewed()
    gateway.world.clock.move(15 * MINUTES - timedelta(seconds=1))
    assert first.whoami().status == 200
    gateway.world.clock.move(timedelta(seconds=1))
    assert (first.whoami().status, second.whoami().status) == (403, 200)
    assert incidents() == []


def test_a_lost_answer_is_given_again_even_after_the_overlap(gateway: Gateway) -> None:
    first = gateway.node()
    following, asked = first.renewal()
    once = first.call("POST", "renew", asked)
    gateway.world.clock.move(HOUR)

    again = first.call("POST", "renew", asked)

    assert (once.status, once.body) == (again.status, again.body)
    following.pem = again.body["certificate_pem"]
    assert following.whoami().status == 200


def test_a_lapsed_certificate_is_not_renewed_anew(gateway: Gateway) -> None:
    first = gateway.node()
    _, asked = first.renewal()
    first.renewed()
    gateway.world.clock.move(timedelta(minutes=4))
    assert first.whoami().status == 200
    gateway.world.clock.move(timedelta(minutes=11))

    assert first.call("POST", "nonce").status == 403
    assert first.call("POST", "renew", asked).status == 409


def test_a_new_pairing_does_not_bring_a_lapsed_certificate_back(gateway: Gateway) -> None:
    first = gateway.node()
    first.renewed()
    gateway.world.clock.move(16 * MINUTES)
    again = Node(gateway, "main", first.id)
    again.takes(gateway.issue(again))
    assert first.whoami().status == 403


def test_within_the_overlap_another_renewal_replaces_the_one_that_was_lost(
    gateway: Gateway,
) -> None:
    first = gateway.node()
    lost, kept = first.renewed(), first.renewed()
    assert (lost.whoami().status, kept.whoami().status) == (403, 200)
    assert gateway.certificate(lost).state is CertificateState.REVOKED


def test_a_copy_that_is_used_after_its_successor_suspends_the_device(gateway: Gateway) -> None:
    first = gateway.node()
    second = first.renewed()
    assert second.whoami().status == 200

    assert first.whoami().status == 403

    assert gateway.device(second).state is DeviceState.SUSPENDED
    assert second.whoami().status == 403
    assert incidents() == [("possible_clone", IncidentSeverity.CRITICAL)]
    assert [row.kind for row in gateway.world.events("node.suspended")] == ["node.suspended"]


def test_an_old_copy_says_nothing_about_a_later_pairing(gateway: Gateway) -> None:
    first = gateway.node()
    second = first.renewed()
    assert second.whoami().status == 200
    again = gateway.node(device_id=first.id)

    assert first.whoami().status == 403

    assert again.whoami().status == 200
    assert second.whoami().status == 403
    assert incidents() == []


def test_a_chain_of_renewals_goes_on_for_days(gateway: Gateway) -> None:
    node = gateway.node()
    for generation in range(2, 12):
        gateway.world.clock.move(12 * HOUR)
        node = node.renewed()
        assert node.whoami().body["generation"] == generation
    assert incidents() == []


def test_an_expired_certificate_is_refused_and_the_device_pairs_again(gateway: Gateway) -> None:
    node = gateway.node()
    gateway.world.clock.move(24 * HOUR + timedelta(seconds=1))
    assert node.whoami().status == 403

    node.takes(gateway.issue(node))  # With the key that it had.
    gateway.activate(node)

    assert node.whoami().status == 200


def test_a_nonce_is_given_though_its_write_was_repeated(gateway: Gateway) -> None:
    node = gateway.node()
    with every_write_retried():
        reply = node.call("POST", "nonce")

    assert reply.status == 201, reply


class TestRenewalsThatAreRefused:
    def test_a_nonce_can_be_used_once(self, gateway: Gateway) -> None:
        node = gateway.node()
        following, asked = node.renewal()
        assert node.call("POST", "renew", asked).status == 200
        other, another = node.renewal()
        reply = node.call("POST", "renew", another | {"nonce": asked["nonce"]})
        assert (reply.status, reply.body["errors"][0]["field"]) == (422, "proof")
        assert following.id == other.id

    def test_a_nonce_ends_after_five_minutes(self, gateway: Gateway) -> None:
        node = gateway.node()
        _, asked = node.renewal()
        gateway.world.clock.move(5 * MINUTES)
        assert node.call("POST", "renew", asked).status == 409

    def test_a_nonce_is_one_devices(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        given = other.call("POST", "nonce").body["nonce"]
        _, asked = node.renewal()
        assert node.call("POST", "renew", asked | {"nonce": given}).status == 422

    def test_a_key_must_be_new(self, gateway: Gateway) -> None:
        node = gateway.node()
        _, asked = node.renewal(node.key)
        assert node.call("POST", "renew", asked).status == 409

    def test_a_key_of_another_device_is_refused(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        _, asked = node.renewal(other.key)
        assert node.call("POST", "renew", asked).status == 409

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("csr_pem", ""),
            ("csr_pem", "-----BEGIN CERTIFICATE REQUEST-----\n"),
            ("nonce", "short"),
            ("proof", "not base64url!"),
            ("proof", "AAAA"),
            ("proof", "A" * 10_000),
        ],
    )
    def test_what_is_wrong_is_named(self, gateway: Gateway, field: str, value: str) -> None:
        node = gateway.node()
        _, asked = node.renewal()
        reply = node.call("POST", "renew", asked | {field: value})
        assert reply.status == 422
        assert [error["field"] for error in reply.body["errors"]] == [field]

    def test_another_device_in_the_body_is_refused(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        _, asked = node.renewal()
        assert node.call("POST", "renew", asked | {"device_id": other.id}).status == 403
        assert node.call("POST", "renew", asked | {"device_id": node.id}).status == 200

    def test_a_superseded_certificate_renews_nothing(self, gateway: Gateway) -> None:
        first = gateway.node()
        _, asked = first.renewal()
        second = first.renewed()
        assert second.whoami().status == 200
        assert first.call("POST", "renew", asked).status == 403
