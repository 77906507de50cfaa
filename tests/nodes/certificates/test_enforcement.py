"""Every call of a node: which certificates are let in, and that nothing else ever is."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from pynamodb.expressions.update import Action

from chalicelib.functions.wiring.container import container
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.store import JournalRow
from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.certificates import columns
from chalicelib.nodes.certificates.device import DeviceState
from tests.nodes.calls import failing, requests
from tests.nodes.forging import forged, impostor, stranger
from tests.nodes.gateway import ORIGIN, Gateway

MINUTE = timedelta(minutes=1)


def reasons(gateway: Gateway) -> list[str]:
    rows = gateway.world.events("node.refused")
    return [json.loads(row.content)["details"]["reason"] for row in rows]


def test_a_device_is_let_in_by_its_certificate(gateway: Gateway) -> None:
    node = gateway.node()
    reply = node.whoami()
    assert reply.status == 200
    assert (reply.body["device_id"], reply.body["owner"]) == (node.id, "main")
    assert reply.body["fingerprint"] == node.fingerprint


class TestWithoutACertificate:
    @pytest.mark.parametrize(
        "identity",
        [
            {"clientCert": None},
            {"clientCert": {}},
            {"clientCert": "-----BEGIN CERTIFICATE-----"},
            {"clientCert": {"clientCertPem": ""}},
            {"clientCert": {"clientCertPem": None}},
            {"clientCert": {"clientCertPem": 7}},
            {"clientCert": {"subjectDN": "CN=01JD", "serialNumber": "01"}},
        ],
    )
    def test_a_call_is_not_let_in(self, gateway: Gateway, identity: dict[str, Any]) -> None:
        reply = gateway.node().whoami(certificate=None, **identity)
        assert (reply.status, reply.code) == (401, "client-cert-required")

    def test_no_header_stands_for_one(self, gateway: Gateway) -> None:
        node = gateway.node()
        pem = node.pem.replace("\n", "%0A")
        names = ("X-Client-Cert", "X-Forwarded-Client-Cert", "X-SSL-Client-Cert", "Client-Cert")
        claims = dict.fromkeys((*names, "X-Amzn-Mtls-Clientcert", "X-ARR-ClientCert"), pem)
        assert node.whoami(certificate=None, headers=claims).status == 401

    def test_a_header_is_not_looked_at_beside_one(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        claims = {"X-Amzn-Mtls-Clientcert": other.pem.replace("\n", "%0A"), "Host": "elsewhere"}
        assert node.whoami(headers=claims).body["device_id"] == node.id

    def test_a_bearer_token_is_none(self, gateway: Gateway) -> None:
        token = {"Authorization": "Bearer palyra_main_" + "A" * 43}
        assert gateway.node().whoami(certificate=None, headers=token).status == 401


class TestByAnotherOrigin:
    @pytest.mark.parametrize(
        "origin",
        ["", "api.palyra.local", f"{ORIGIN}.", ORIGIN.upper(), f"x{ORIGIN}", f"{ORIGIN}:443"],
    )
    def test_a_certificate_counts_for_nothing(self, gateway: Gateway, origin: str) -> None:
        assert gateway.node().whoami(origin=origin).status == 401

    def test_nobody_is_let_in_where_there_is_no_origin(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node = gateway.node()
        monkeypatch.delenv("PALYRA_NODES_ORIGIN")
        container.cache_clear()
        assert node.whoami(origin="").status == 401


class TestOfAnotherDevice:
    def test_the_path_must_name_the_certificates_own(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        assert other.whoami(certificate=node.der).status == 403

    def test_the_path_is_not_folded(self, gateway: Gateway) -> None:
        node = gateway.node()
        path = f"/v1/nodes/{node.id.lower()}/whoami"
        assert gateway.call("GET", path, certificate=node.der).status == 403

    @pytest.mark.parametrize("named", ["other", "", 7, ["x"], {"a": 1}, True, "\ud800"])
    def test_the_body_must_not_name_another(self, gateway: Gateway, named: Any) -> None:
        node = gateway.node()
        assert node.call("POST", "nonce", {"device_id": named}).status == 403

    def test_the_body_may_name_the_same(self, gateway: Gateway) -> None:
        node = gateway.node()
        assert node.call("POST", "nonce", {"device_id": node.id}).status == 201

    def test_a_body_that_names_two_is_refused(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        body = f'{{"device_id":"{other.id}","device_id":"{node.id}"}}'.encode()
        assert node.call("POST", "nonce", body).status == 400

    def test_one_of_the_same_id_of_another_owner_is_another(self, gateway: Gateway) -> None:
        node = gateway.node()
        stranger = gateway.node("stranger", node.id)
        gateway.revoke(node)
        assert stranger.whoami().body["owner"] == "stranger"
        assert node.whoami().status == 403


class TestTime:
    @pytest.mark.parametrize(("begins", "ends"), [(1, 20), (-20, -1)])
    def test_a_certificate_out_of_its_time_is_refused(
        self, gateway: Gateway, begins: int, ends: int
    ) -> None:
        node, now = gateway.node(), gateway.world.clock.now()
        times = {"begin": now + begins * MINUTE, "end": now + ends * MINUTE}
        assert node.whoami(certificate=forged(gateway, node, **times)).status == 403
        assert reasons(gateway) == ["expired"]

    def test_a_certificate_is_good_to_its_last_second(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.world.clock.instant = node.certificate.not_valid_after_utc
        assert node.whoami().status == 200
        gateway.world.clock.move(timedelta(seconds=1))
        assert node.whoami().status == 403


class TestRevocation:
    def test_the_next_call_is_not_let_in(self, gateway: Gateway) -> None:
        node = gateway.node()
        assert node.whoami().status == 200
        gateway.revoke(node)
        assert node.whoami().status == 403

    def test_the_certificate_that_was_to_follow_is_revoked_too(self, gateway: Gateway) -> None:
        node = gateway.node()
        following = node.renewed()
        gateway.revoke(node)
        assert following.whoami().status == 403

    def test_it_is_told_once_however_often_it_is_asked_for(self, gateway: Gateway) -> None:
        node = gateway.node()
        told = [gateway.revoke(node) for _ in range(10)]
        assert all(each == told[0] for each in told)
        assert len(gateway.world.events("node.revoked")) == 1

    def test_a_device_can_end_itself(self, gateway: Gateway) -> None:
        node = gateway.node()
        assert node.call("POST", "revoke-self").body["state"] == "revoked"
        assert node.whoami().status == 403

    def test_it_does_not_wait_for_kms(self, gateway: Gateway) -> None:
        node = gateway.node()
        with failing("Sign", "GetPublicKey", "GenerateDataKey", "Decrypt"):
            assert gateway.revoke(node).state is DeviceState.REVOKED


class TestWhereTheTableWasChanged:
    @pytest.mark.parametrize(
        "changed",
        [
            IdentityRow.device_id.set("01JDABCDEFGHJKMNPQRSTVWXYZ"),
            IdentityRow.authority.set("00" * 20),
        ],
        ids=["device", "authority"],
    )
    def test_certificate_and_entry_must_agree(self, gateway: Gateway, changed: Action) -> None:
        node = gateway.node()
        key = columns.certificate_key("main", node.id, node.fingerprint)
        IdentityRow(*key).update([changed])
        assert node.whoami().status == 403
        assert reasons(gateway) == ["other_entry"]

    def test_the_device_must_know_the_certificate(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        key = columns.device_key("main", node.id)
        IdentityRow(*key).update([IdentityRow.current.set(other.fingerprint)])
        assert node.whoami().status == 403
        assert reasons(gateway) == ["other_entry"]

    def test_an_entry_without_a_signature_of_the_authority_lets_nobody_in(
        self, gateway: Gateway
    ) -> None:
        node = gateway.node()
        authority, signer = impostor(gateway)
        der = forged(gateway, node, authority=authority, signer=signer)
        name = hashlib.sha256(der).hexdigest()
        made = replace(gateway.certificate(node), fingerprint=name)
        columns.certificate_row(made).save()
        device = IdentityRow(*columns.device_key("main", node.id))
        device.update([IdentityRow.current.set(name)])
        assert node.whoami(certificate=der).status == 403
        assert misfits(gateway) == ["bad_signature"]


class TestWhatIsTold:
    def test_every_refusal_says_the_same(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        gateway.revoke(other)
        replies = [
            other.whoami(),
            other.whoami(certificate=node.der),
            node.whoami(certificate=forged(gateway, node, without=x509.ExtendedKeyUsage)),
            node.whoami(certificate=forged(gateway, node)),
            node.whoami(clientCert={"clientCertPem": "x"}),
        ]
        assert all(reply == replies[0] for reply in replies)
        assert replies[0].status == 403

    def test_the_journal_says_why_once_an_hour(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        for _ in range(20):
            assert node.whoami().status == 403
        assert reasons(gateway) == ["revoked"]
        gateway.world.clock.move(timedelta(hours=1))
        node.whoami()
        assert reasons(gateway) == ["revoked"] * 2

    def test_a_call_about_another_device_is_told_of_who_made_it(self, gateway: Gateway) -> None:
        node, other = gateway.node(), gateway.node()
        assert other.whoami(certificate=node.der).status == 403
        assert node.call("POST", "nonce", {"device_id": other.id}).status == 403
        (row,) = gateway.world.events("node.refused")
        told = json.loads(row.content)
        assert (told["subject"], told["details"]["reason"]) == (f"device:{node.id}", "other_device")

    def test_what_is_no_certificate_does_not_get_into_the_journal(self, gateway: Gateway) -> None:
        gateway.node().whoami(clientCert={"clientCertPem": "x"})
        assert (reasons(gateway), misfits(gateway), misused()) == ([], [], [])

    def test_the_journal_shows_no_whole_fingerprint(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        node.whoami()
        assert all(node.fingerprint not in row.content for row in _journal())


def misfits(gateway: Gateway) -> list[str]:
    rows = gateway.world.events("node.misfit")
    return [json.loads(row.content)["details"]["reason"] for row in rows]


def misused() -> list[str]:
    found = IncidentStore().active("system", None, 9).items
    return [each.dedupe_key for each in found if each.kind == "authority-misused"]


class TestWhatWasNeverIssued:
    def test_what_our_key_signed_without_a_purpose_is_an_incident(self, gateway: Gateway) -> None:
        node = gateway.node()
        der = forged(gateway, node, without=x509.ExtendedKeyUsage)
        assert node.whoami(certificate=der).status == 403
        assert (misfits(gateway), reasons(gateway)) == (["profile"], [])
        assert misused() == ["authority-misused:profile"]

    def test_so_is_what_our_key_signed_and_no_table_knows(self, gateway: Gateway) -> None:
        node = gateway.node()
        assert node.whoami(certificate=forged(gateway, node)).status == 403
        assert reasons(gateway) == ["unknown_certificate"]
        assert misused() == ["authority-misused:unknown_certificate"]

    @pytest.mark.parametrize(("is_known", "reason"), [(True, "bad_signature"), (False, "")])
    def test_so_is_what_another_authority_signed_once_an_hour_however_many(
        self, gateway: Gateway, *, is_known: bool, reason: str
    ) -> None:
        node = gateway.node()
        authority, signer = impostor(gateway) if is_known else stranger(gateway)
        for hour in range(2):
            for owner in ("main", "stranger", "b"):
                how = {"authority": authority, "signer": signer, "owner": owner}
                assert node.whoami(certificate=forged(gateway, node, **how)).status == 403
            assert misfits(gateway) == [reason or "unknown_authority"] * (hour + 1)
            gateway.world.clock.move(timedelta(hours=1))
        assert misused() == [f"authority-misused:{reason or 'unknown_authority'}"]

    def test_a_misfit_of_another_authority_is_told_as_that(self, gateway: Gateway) -> None:
        node = gateway.node()
        authority, signer = stranger(gateway)
        how = {"authority": authority, "signer": signer, "without": x509.ExtendedKeyUsage}
        assert node.whoami(certificate=forged(gateway, node, **how)).status == 403
        assert misfits(gateway) == ["unknown_authority"]

    @pytest.mark.parametrize("lost", ["Query", "PutItem", "UpdateItem", "TransactWriteItems"])
    def test_a_refusal_stays_one_where_nothing_can_be_told(
        self, gateway: Gateway, lost: str
    ) -> None:
        node = gateway.node()
        der = forged(gateway, node, without=x509.ExtendedKeyUsage)
        with failing(lost):
            assert node.whoami(certificate=der).status == 403
            assert node.whoami(certificate=forged(gateway, node)).status == 403


def _journal() -> list[Any]:
    return list(JournalRow.scan())


class TestWhenAwsDoesNotAnswer:
    def test_nobody_is_let_in(self, gateway: Gateway) -> None:
        node = gateway.node()
        with failing("BatchGetItem"):
            assert node.whoami().status == 503
        assert node.whoami().status == 200

    def test_a_refusal_stays_one_where_it_cannot_be_written_down(self, gateway: Gateway) -> None:
        node = gateway.node()
        gateway.revoke(node)
        with failing("PutItem", "Query"):
            assert node.whoami().status == 403


class TestWhatACallCosts:
    def test_it_is_one_request_to_dynamodb(self, gateway: Gateway) -> None:
        node = gateway.node()
        assert requests(node.whoami) == ["BatchGetItem"]

    def test_the_first_with_a_renewed_certificate_reads_and_writes(self, gateway: Gateway) -> None:
        following = gateway.node().renewed()
        made = requests(following.whoami)
        assert made == ["BatchGetItem", "TransactWriteItems"]
