"""Renewing, losing replies, copies of keys, and what is left of a certificate afterwards."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.errors import Unavailable
from chalicelib.functions.wiring.issuer import issuer
from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.renewal import Renewal
from chalicelib.nodes.certificates.certificate import CertificateState
from chalicelib.nodes.certificates.device import DeviceState
from tests.nodes.forging import compressed, signing
from tests.nodes.gateway import Gateway, Node
from tests.nodes.pairing.pairing_world import at_once
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


def issued_at_once(gateway: Gateway, node: Node, *asked: dict[str, str]) -> list[str]:
    """Return the certificate of each request; empty where it has to be asked again."""
    made, now = issuer(gateway.of), gateway.world.clock.now()
    read = [
        made.read_renewal(
            NodeRequest.read(each["csr_pem"], node.id), each["nonce"], each["proof"], now
        )
        for each in asked
    ]

    def renew(each: Renewal) -> str:
        try:
            return made.renew(each, node.owner, node.fingerprint, now).pem
        except Unavailable:
            return ""

    with at_once(len(read)) as pool:
        return list(pool.map(renew, read))


class TestAtOnce:
    def test_the_same_request_is_answered_by_one_certificate(self, gateway: Gateway) -> None:
        node = gateway.node()
        _, asked = node.renewal()
        told = issued_at_once(gateway, node, *[asked] * 8)
        assert len(set(told) - {""}) == 1
        assert len(gateway.world.events("node.certificate_issued")) == 2

    def test_of_many_requests_one_certificate_is_good_for_something(self, gateway: Gateway) -> None:
        node = gateway.node()
        made = [node.renewal() for _ in range(6)]
        told = issued_at_once(gateway, node, *[asked for _, asked in made])
        for (following, _), pem in zip(made, told, strict=True):
            following.pem = pem
        let_in = [each.whoami().status for each, _ in made if each.pem]
        assert sorted(let_in) == [200, *[403] * (len(let_in) - 1)]
        assert incidents() == []


def test_a_node_may_renew_before_half_of_its_life(gateway: Gateway) -> None:
    node = gateway.node()
    told = node.whoami().body
    assert (told["renew_from"], told["not_after"]) == (
        "2026-11-22T23:57:30Z",
        "2026-11-23T12:00:00Z",
    )
    assert node.renewed().whoami().status == 200


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

    def test_a_nonce_of_another_device_is_refused_though_it_is_signed(
        self, gateway: Gateway
    ) -> None:
        node, other = gateway.node(), gateway.node()
        given = other.call("POST", "nonce").body
        _, asked = node.renewal(told=given)
        reply = node.call("POST", "renew", asked)
        assert (reply.status, "not this device's" in reply.body["detail"]) == (409, True)
        assert gateway.device(node).offered == ""

    def test_a_nonce_that_was_used_is_refused_though_another_key_signs_it(
        self, gateway: Gateway
    ) -> None:
        node = gateway.node()
        given = node.call("POST", "nonce").body
        (_, first), (_, second) = node.renewal(told=given), node.renewal(told=given)
        assert node.call("POST", "renew", first).status == 200
        assert node.call("POST", "renew", second).status == 409
        assert gateway.device(node).generation == 2

    def test_a_proof_of_another_key_is_refused(self, gateway: Gateway) -> None:
        node = gateway.node()
        (_, one), (_, other) = node.renewal(), node.renewal()
        for mixed in (one | {"csr_pem": other["csr_pem"]}, one | {"proof": other["proof"]}):
            reply = node.call("POST", "renew", mixed)
            assert (reply.status, reply.body["errors"][0]["field"]) == (422, "proof")

    def test_the_authoritys_key_cannot_be_asked_for(self, gateway: Gateway) -> None:
        node = gateway.node()
        _, asked = node.renewal()
        own = signing(gateway).certificate.public_bytes(Encoding.PEM).decode()
        assert node.call("POST", "renew", asked | {"csr_pem": own}).status == 422

    def test_a_key_that_was_revoked_is_refused_however_it_is_written(
        self, gateway: Gateway
    ) -> None:
        node, thrown = gateway.node(), gateway.node()
        gateway.revoke(thrown)
        _, asked = node.renewal(thrown.key)
        assert node.call("POST", "renew", asked).status == 409
        squeezed = compressed(thrown.key)
        assert node.call("POST", "renew", asked | {"csr_pem": squeezed}).status == 409

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
