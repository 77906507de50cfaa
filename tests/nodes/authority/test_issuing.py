"""The issuer: one certificate for one thing, one device for one key, and the rollover."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from ulid import ULID

from chalicelib.clock import SystemClock
from chalicelib.errors import Conflict, Invalid, Unavailable
from chalicelib.functions.issuer import node_issuer
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.issuer import issuer
from chalicelib.nodes.authority.authorities import Authorities
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.remote import RemoteIssuer
from chalicelib.nodes.authority.service import DeviceName
from chalicelib.nodes.certificates.device import DeviceState
from tests.nodes.approving import stands
from tests.nodes.calls import failing
from tests.nodes.gateway import ORIGIN, Gateway, Node, a_request, new_key
from tests.permissions.policies import acting_as
from tests.support.faults import replies_of_transactions_lost
from tests.support.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    container.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        yield Gateway(world)
    container.cache_clear()


def a_node(gateway: Gateway, **of: Any) -> Node:
    return Node(gateway, of.get("owner", "main"), of.get("device_id", str(ULID())))


class TestIssuing:
    def test_what_is_asked_again_is_answered_by_the_same(self, gateway: Gateway) -> None:
        node = a_node(gateway)
        issued = [gateway.issue(node, "session") for _ in range(10)]
        assert all(each == issued[0] for each in issued)
        assert len(gateway.world.events("node.certificate_issued")) == 1

    def test_a_lost_reply_is_answered_by_the_same(self, gateway: Gateway) -> None:
        node = a_node(gateway)
        gateway.issue(a_node(gateway))  # The authority is there.
        with replies_of_transactions_lost(), pytest.raises(Unavailable):
            gateway.issue(node, "session")
        issued = gateway.issue(node, "session")
        assert gateway.issue(node, "session") == issued
        assert len(gateway.world.events("node.certificate_issued")) == 2

    def test_another_key_for_the_same_session_is_refused(self, gateway: Gateway) -> None:
        node = a_node(gateway)
        gateway.issue(node, "session")
        node.key = new_key()
        with pytest.raises(Conflict, match="another key"):
            gateway.issue(node, "session")

    def test_another_device_for_the_same_session_is_refused(self, gateway: Gateway) -> None:
        gateway.issue(a_node(gateway), "session")
        with pytest.raises(Conflict, match="another key or device"):
            gateway.issue(a_node(gateway), "session")

    def test_a_key_is_one_devices(self, gateway: Gateway) -> None:
        node, other = gateway.node(), a_node(gateway)
        other.key = node.key
        with pytest.raises(Conflict, match="another device's"):
            gateway.issue(other)

    def test_a_key_is_not_another_owners_device_of_the_same_id(self, gateway: Gateway) -> None:
        node = gateway.node()
        other = Node(gateway, "stranger", node.id, node.key)
        with pytest.raises(Conflict, match="another device's"):
            gateway.issue(other)

    def test_an_offer_that_nobody_takes_up_is_good_for_nothing_after_ten_minutes(
        self, gateway: Gateway
    ) -> None:
        node = a_node(gateway)
        node.takes(gateway.issue(node))
        assert node.whoami().status == 403  # It has to be activated first.
        gateway.world.clock.move(timedelta(minutes=10))
        assert node.call("POST", "activate", b"").status == 403
        assert gateway.device(node).state is DeviceState.PENDING

    def test_a_new_pairing_replaces_an_offer(self, gateway: Gateway) -> None:
        node = a_node(gateway)
        first = gateway.issue(node, "one")
        node.key = new_key()
        second = gateway.issue(node, "two")
        assert gateway.device(node).offered == second.fingerprint
        assert gateway.certificate(node, first.fingerprint).state == "revoked"

    def test_the_paired_device_goes_on_until_the_new_pairing_is_used(
        self, gateway: Gateway
    ) -> None:
        old = gateway.node()
        new = a_node(gateway, device_id=old.id)
        new.takes(gateway.issue(new))
        assert old.whoami().status == 200
        gateway.activate(new)
        assert (old.whoami().status, new.whoami().status) == (403, 200)

    def test_nothing_is_kept_where_the_key_cannot_be_reached(self, gateway: Gateway) -> None:
        gateway.issue(a_node(gateway))
        node = a_node(gateway)
        with failing("Sign"), pytest.raises(Unavailable):
            gateway.issue(node, "session")
        assert len(gateway.world.events("node.certificate_issued")) == 1
        assert gateway.issue(node, "session").pem


class TestTheDenyList:
    def test_a_revoked_device_is_not_paired_before_it_is_cleared(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        node.key = new_key()
        with pytest.raises(Conflict, match="revoked"):
            gateway.issue(node)
        gateway.clear(node)
        node.takes(gateway.issue(node))
        gateway.activate(node)
        assert node.whoami().status == 200

    def test_its_key_is_never_certified_again(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        gateway.clear(node)
        with pytest.raises(Conflict, match="revoked"):
            gateway.issue(node)

    def test_nor_is_a_key_that_was_renewed_away(self, gateway: Gateway) -> None:
        first = gateway.node()
        assert first.renewed().whoami().status == 200
        with pytest.raises(Conflict, match="followed by another"):
            gateway.issue(first)

    def test_a_device_that_is_not_out_cannot_be_cleared(self, gateway: Gateway) -> None:
        with pytest.raises(Conflict, match="active"):
            gateway.clear(gateway.node())

    def test_clearing_twice_is_clearing_once(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        assert gateway.clear(node) == gateway.clear(node)
        assert len(gateway.world.events("node.cleared")) == 1


class TestRollover:
    @pytest.fixture
    def authorities(self, gateway: Gateway) -> Authorities:
        return issuer(gateway.of).authorities

    def test_the_front_knows_the_next_one_before_it_signs(
        self, gateway: Gateway, authorities: Authorities
    ) -> None:
        node, now = gateway.node(), gateway.world.clock.now()
        before = authorities.signing(now).authority
        authorities.prepare("token:laptop", now)
        assert truststore().count("BEGIN CERTIFICATE") == 2
        assert authorities.signing(now).authority == before

        authorities.switch("token:laptop", now)
        after = authorities.signing(now).authority

        assert after.key_id != before.key_id
        assert node.whoami().status == 200
        assert gateway.node().whoami().status == 200
        assert [row.kind for row in gateway.world.events("authority.switched")]

    def test_what_the_old_one_signed_counts_for_48_hours(
        self, gateway: Gateway, authorities: Authorities
    ) -> None:
        gateway.node()
        now = gateway.world.clock.now()
        authorities.prepare("token:laptop", now)
        gateway.world.clock.move(30 * HOUR)
        late = gateway.node()
        old = authorities.signing(gateway.world.clock.now()).authority
        authorities.switch("token:laptop", gateway.world.clock.now())
        gateway.world.clock.move(12 * HOUR)
        renewed = late.renewed()
        assert renewed.whoami().status == 200
        gateway.world.clock.move(36 * HOUR)
        known = authorities.store.get(old.key_id)
        assert known is not None
        assert not known.is_trusted(gateway.world.clock.now())
        assert authorities.keep(gateway.world.clock.now()) == [old.key_id]
        assert truststore().count("BEGIN CERTIFICATE") == 1

    def test_a_key_is_an_authoritys_once(self, gateway: Gateway, authorities: Authorities) -> None:
        gateway.node()
        now = gateway.world.clock.now()
        authorities.prepare("token:laptop", now)
        authorities.switch("token:laptop", now)
        with pytest.raises(Conflict, match="was an authority's before"):
            authorities.prepare("token:laptop", now)

    def test_there_is_nothing_to_switch_to_unprepared(
        self, gateway: Gateway, authorities: Authorities
    ) -> None:
        gateway.node()
        with pytest.raises(Conflict, match="no authority was prepared"):
            authorities.switch("token:laptop", gateway.world.clock.now())

    def test_preparing_twice_is_preparing_once(
        self, gateway: Gateway, authorities: Authorities
    ) -> None:
        gateway.node()
        now = gateway.world.clock.now()
        for _ in range(3):
            authorities.prepare("token:laptop", now)
        assert len(authorities.store.known()) == 2

    def test_a_slot_without_a_key_is_told(self, gateway: Gateway, authorities: Authorities) -> None:
        gateway.node()
        boto3.client("kms").delete_alias(AliasName="alias/palyra-local-nodes-b")
        with pytest.raises(Conflict, match="slot b has no key"):
            authorities.prepare("token:laptop", gateway.world.clock.now())


class TestTheFunction:
    def ask(self, asked: Any) -> Any:
        with acting_as("issuer"):
            return node_issuer(asked, None)

    def test_it_says_who_the_gateway_is_always_the_same(self, gateway: Gateway) -> None:
        first = self.ask({"do": "gateway"})
        assert self.ask({"do": "gateway"}) == first
        assert wiring.gateway(gateway.of).gateway_id == first["answer"]["gateway_id"]

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"do": "sign"},
            {"do": None},
            {"do": "issue", "device": {"owner": "system", "device_id": "x"}, "csr_pem": ""},
            {"do": "issue", "device": {"owner": "a#b", "device_id": "x"}, "csr_pem": ""},
            {"do": "issue", "device": {"owner": "main", "device_id": "x"}, "csr_pem": ""},
        ],
    )
    @pytest.mark.usefixtures("gateway")
    def test_what_it_does_not_do_is_refused(self, asked: Any) -> None:
        assert self.ask(asked)["refusal"]["code"] == "invalid"

    def test_the_api_is_told_what_was_refused(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        remote, now = RemoteIssuer(), gateway.world.clock.now()
        name, request = DeviceName("main", node.id), NodeRequest.read(node.csr(), node.id)
        stands(node, "session")
        with pytest.raises(Conflict, match="revoked"):
            remote.issue(request, name, "session", now)
        told = {"csr_pem": "x", "nonce": "x", "proof": "x"}
        with pytest.raises(Invalid) as refused:
            remote.renew("main", node.id, node.fingerprint, told)
        assert refused.value.faults[0].field == "csr_pem"

    def test_the_api_gets_what_was_issued(self, gateway: Gateway) -> None:
        node = a_node(gateway)
        request, name = NodeRequest.read(node.csr(), node.id), DeviceName("main", node.id)
        now = gateway.world.clock.now()
        stands(node, "session")
        remote = RemoteIssuer().issue(request, name, "session", now)
        assert remote == gateway.issue(node, "session")

    @pytest.mark.usefixtures("gateway")
    def test_a_function_that_failed_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failed: Callable[..., Any] = lambda *_, **__: {"FunctionError": "Unhandled"}  # noqa: E731
        monkeypatch.setattr(RemoteIssuer, "_invoke", failed)
        with pytest.raises(Unavailable):
            RemoteIssuer().roll_over("prepare", "token:laptop")


def truststore() -> str:
    """Return what the front would trust."""
    s3 = boto3.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "trust" in each["Name"]]
    content = s3.get_object(Bucket=bucket, Key="truststore.pem")["Body"].read()
    assert b"PRIVATE" not in content
    return str(content.decode())


def test_a_request_is_read_again_by_the_issuer(gateway: Gateway) -> None:
    node = a_node(gateway)
    asked = {
        "do": "issue",
        "device": {"owner": "main", "device_id": node.id},
        "csr_pem": a_request(node.key).replace("A", "B", 1),
        "serial_of": "session",
    }
    with acting_as("issuer"):
        assert node_issuer(asked, None)["refusal"]["code"] == "invalid"
