"""`/v1/pairing`: a device is paired over HTTP, and whoever should not be is refused."""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ulid import ULID

from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing import padding
from chalicelib.policy.request import Role
from cli.node import handshake as node
from tests.functions.http.api import Api, Reply, as_role, assert_problem
from tests.functions.log import Log

CODES, SESSIONS = "/v1/pairing/codes", "/v1/pairing/sessions"
REQUESTS = "/v1/pairing/requests"
NOBODY = {"Authorization": ""}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let refusals come without their wait; how long it is, is tested where it is made."""
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)


@dataclass
class Device:
    """A device that speaks over HTTP, without a token."""

    api: Api
    told: node.Told
    device_id: str = field(default_factory=lambda: str(ULID()))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    proving: node.Proving | None = None
    sas: str = ""

    def __post_init__(self) -> None:
        public = self.key.public_key()
        digest = hashes.Hash(hashes.SHA256())
        digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        self.spki = digest.finalize()
        self.handshake = node.Handshake(
            self.told, node.Device(self.device_id, "daemon", self.spki), random_bytes
        )

    def begin(self, **changes: Any) -> Reply:
        said = self.handshake.begin() | changes
        reply = self.api.post(SESSIONS, said, headers=NOBODY)
        if reply.status == 201:
            self.proving = self.handshake.answered(reply.body)
        return reply

    def hello(self, **changes: Any) -> Reply:
        assert self.proving is not None
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        csr = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        said = self.proving.hello(csr) | changes
        reply = self.api.post(f"{self.path}/hello", said, headers=NOBODY)
        if reply.status == 202:
            self.sas = self.proving.trust(reply.body["confirm"]).sas
        return reply

    def claim(self) -> Reply:
        assert self.proving is not None
        self.api.world.clock.move(timedelta(seconds=3))
        nonce = self.api.post(f"{self.path}/claim", {}, headers=NOBODY).body["nonce"]
        return self.api.post(f"{self.path}/claim", self.proving.claim(nonce), headers=NOBODY)

    @property
    def path(self) -> str:
        assert self.proving is not None
        return f"{SESSIONS}/{self.proving.session_id}"


def random_bytes(size: int) -> bytes:

    return os.urandom(size)


def minted(api: Api, **more: Any) -> Any:
    reply = api.post(CODES, {"method": "pin", "client_kind": "daemon"} | more)
    assert reply.status == 201
    return reply.body


def a_device(api: Api, **more: Any) -> Device:
    code = minted(api, **more)
    if "pin" in code:
        return Device(api, node.typed(code["code_id"], code["pin"]))
    return Device(api, node.scanned(code["qr"]))


def pending(api: Api, **more: Any) -> Device:
    device = a_device(api, **more)
    assert device.begin().status == 201
    assert device.hello().status == 202
    return device


def approved(api: Api, device: Device, **changes: Any) -> Reply:
    assert device.proving is not None
    request = api.get(f"{REQUESTS}/{device.proving.session_id}").body
    said = {
        "version": request["version"],
        "identity_fingerprint": request["verified"]["identity_fingerprint"],
        "sas": device.sas,
    }
    return api.post(f"{REQUESTS}/{request['request_id']}/approve", said | changes)


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_a_device_is_paired(api: Api, method: str) -> None:
    device = pending(api, method=method, label="garage pi")
    (request,) = api.get(REQUESTS).body["items"]
    assert request["verified"]["device_id"] == device.device_id
    assert request["prompt"]["options"] == ["approve", "reject"]
    assert request["label"] == "garage pi"
    assert request["fingerprint_groups"].replace(" ", "") == device.spki.hex()
    assert device.sas not in str(request)
    assert device.claim().body["state"] == "pending_approval"
    assert approved(api, device).body["state"] == "approved"
    claimed = device.claim().body
    assert claimed["state"] == "issued"
    certificate = x509.load_pem_x509_certificate(claimed["certificate_pem"].encode())
    authority = x509.load_pem_x509_certificate(claimed["ca_pem"].encode())
    certificate.verify_directly_issued_by(authority)
    assert certificate.public_key() == device.key.public_key()
    assert device.claim().body["certificate_pem"] == claimed["certificate_pem"]


def test_a_number_may_be_typed_in_two_groups(api: Api) -> None:
    device = pending(api)
    assert approved(api, device, sas=f"{device.sas[:3]} {device.sas[3:]}").status == 200


@pytest.mark.parametrize(
    "sas", ["", "12345", "1234567", "١٢٣٤٥٦", "\uff11\uff12\uff13456", "abcdef"]
)
def test_what_is_no_number_is_told_and_is_no_try(api: Api, sas: str) -> None:
    device = pending(api)
    assert_problem(approved(api, device, sas=sas), 422, "sas")
    assert approved(api, device).status == 200


def test_a_wrong_number_is_told_and_the_third_rejects(api: Api) -> None:
    device = pending(api)
    wrong = f"{(int(device.sas) + 1) % 10**6:06}"
    for _ in range(3):
        problem = assert_problem(approved(api, device, sas=wrong), 422, "sas")
        assert problem["type"] == "urn:palyra:problem:sas-mismatch"
    stale = assert_problem(approved(api, device), 409, "request_id")
    assert stale["type"] == "urn:palyra:problem:stale-request"


def test_an_approval_of_an_older_version_is_stale(api: Api) -> None:
    problem = assert_problem(approved(api, pending(api), version=1), 409, "version")
    assert problem["type"] == "urn:palyra:problem:stale-request"


def test_every_refusal_of_a_device_is_the_same_answer(api: Api) -> None:
    spent = pending(api)
    wrong = a_device(api)
    assert wrong.begin().status == 201
    unknown = Device(api, node.typed("ZZZZ", "000000"))
    other_kind = a_device(api, client_kind="cli")
    session = f"{SESSIONS}/{ULID()}"
    replies = [
        unknown.begin(),
        other_kind.begin(),
        a_device(api).begin(msg_a=node.written(b"A" + bytes(32))),
        a_device(api).begin(method="qr"),
        wrong.hello(confirm=node.written(bytes(32))),
        wrong.hello(),
        spent.hello(),
        api.post(f"{session}/hello", {"confirm": "A" * 43, "csr_pem": "x"}, headers=NOBODY),
        api.post(f"{session}/claim", {}, headers=NOBODY),
        api.post(f"{spent.path}/claim", {"nonce": "x", "mac": "A" * 43}, headers=NOBODY),
        api.post(f"{SESSIONS}/no-id/claim", {}, headers=NOBODY),
    ]
    assert {each.status for each in replies} == {409}
    # Neither its text nor its length nor its headers say which of them it was.
    assert len({(str(each.body), each.size, str(each.headers)) for each in replies}) == 1
    assert replies[0].body["type"] == "urn:palyra:problem:pairing-unavailable"


GOOD = {
    "v": 1,
    "code_id": "K7QM",
    "method": "pin",
    "client_kind": "daemon",
    "device_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "spki_sha256": "A" * 43,
    "msg_a": "A" * 44,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", 0),
        ("v", 2),
        ("v", True),
        ("v", "1"),
        ("v", 1.0),
        ("code_id", "k7qm"),
        ("code_id", "K7QI"),
        ("code_id", "K7QM\n"),
        ("code_id", ""),
        ("method", "pin_code"),
        ("method", ["pin"]),
        ("client_kind", "toaster"),
        ("client_kind", None),
        ("device_id", "01arz3ndektsv4rrffq69g5fav"),
        ("device_id", "8" + "0" * 25),
        ("spki_sha256", "A" * 42),
        ("spki_sha256", "A" * 42 + "B"),
        ("spki_sha256", "A" * 43 + "="),
        ("spki_sha256", "A" * 100_000),
        ("msg_a", ""),
        ("msg_a", "A+/A"),
        ("msg_a", 7),
        ("pin", "123456"),
    ],
)
def test_what_is_no_beginning_is_told_what_is_wrong_and_charges_nothing(
    api: Api, field: str, value: Any
) -> None:
    code = minted(api)["code_id"]
    said = GOOD | {"code_id": code} | {field: value}
    assert_problem(api.post(SESSIONS, said, headers=NOBODY), 422, field)
    (listed,) = api.get(CODES).body["items"]
    assert listed["attempts"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "nfc"),
        ("client_kind", "phone"),
        ("ttl_s", 29),
        ("ttl_s", 3601),
        ("ttl_s", "600"),
        ("label", "x" * 65),
        ("label", "a\nb"),
        ("label", "\ud800"),
        ("label", "AKIAIOSFODNN7EXAMPLE"),
    ],
)
def test_what_cannot_be_minted_is_told(api: Api, field: str, value: Any) -> None:
    body = {"method": "pin", "client_kind": "daemon"} | {field: value}
    assert_problem(api.post(CODES, body), 422, field)


def test_half_a_proof_is_told(api: Api) -> None:
    device = pending(api)
    assert_problem(api.post(f"{device.path}/claim", {"nonce": "x"}, headers=NOBODY), 422, "body")


def test_a_code_is_listed_without_its_secret_and_ended(api: Api) -> None:
    code = minted(api)
    (listed,) = api.get(CODES).body["items"]
    assert listed == {name: code[name] for name in code if name != "pin"}
    assert api.send("DELETE", f"{CODES}/{code['code_id']}").body["state"] == "dead"
    assert api.get(CODES).body["items"] == []
    assert_problem(api.send("DELETE", f"{CODES}/{code['code_id']}"), 404)
    assert_problem(api.send("DELETE", f"{CODES}/not-a-code"), 404)


def test_a_request_is_rejected(api: Api) -> None:
    device = pending(api)
    assert device.proving is not None
    path = f"{REQUESTS}/{device.proving.session_id}"
    version = api.get(path).body["version"]
    assert api.post(f"{path}/reject", {"version": version, "reason": "not mine"}).status == 200
    assert api.get(path).body["state"] == "rejected"
    assert api.get(REQUESTS).body["items"] == []
    assert_problem(approved(api, device), 409, "request_id")


def test_another_owner_sees_nothing(api: Api) -> None:
    device = pending(api)
    assert device.proving is not None
    assert_problem(api.get(f"{REQUESTS}/{device.proving.session_id}", owner="other"), 404)
    assert api.get(REQUESTS, owner="other").body["items"] == []
    assert api.get(CODES, owner="other").body["items"] == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", CODES),
        ("POST", CODES),
        ("DELETE", f"{CODES}/K7QM"),
        ("GET", REQUESTS),
        ("GET", f"{REQUESTS}/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("POST", f"{REQUESTS}/01ARZ3NDEKTSV4RRFFQ69G5FAV/approve"),
        ("POST", f"{REQUESTS}/01ARZ3NDEKTSV4RRFFQ69G5FAV/reject"),
    ],
)
def test_only_an_admin_decides_who_becomes_a_node(
    api: Api, role: Role, method: str, path: str
) -> None:
    assert_problem(as_role(api, role, method, path), 403)


def test_a_device_activates_by_its_certificate_and_by_nothing_else(api: Api) -> None:
    device = pending(api)
    approved(api, device)
    claimed = device.claim().body
    path = f"/v1/nodes/{device.device_id}/activate"
    forged = {"X-Amzn-Mtls-Clientcert": claimed["certificate_pem"].replace("\n", " ")}
    for headers in (NOBODY, forged, {"X-SSL-Client-Cert": "x", "X-Forwarded-Client-Cert": "y"}):
        assert_problem(api.post(path, {}, headers=headers), 401)
    found = CertificateStore().device("main", device.device_id)
    assert found is not None
    assert found.current == ""


def test_an_address_that_begins_too_often_is_told_to_wait(api: Api) -> None:
    unknown = Device(api, node.typed("ZZZZ", "000000"))
    replies = [unknown.begin() for _ in range(11)]
    assert [each.status for each in replies] == [409] * 10 + [429]
    assert "wait" in replies[-1].body["fix"]


def test_a_qr_code_says_where_the_api_is(api: Api) -> None:
    told = node.scanned(minted(api, method="qr")["qr"])
    assert told.url.startswith(("http://", "https://"))
    assert "/v1" not in told.url


def test_no_log_holds_a_secret(api: Api, log: Log) -> None:
    code = minted(api)
    device = Device(api, node.typed(code["code_id"], code["pin"]))
    device.begin()
    device.hello()
    approved(api, device, sas="000000" if device.sas != "000000" else "000001")
    approved(api, device)
    device.claim()
    assert device.proving is not None
    written = log.output.getvalue()
    assert "sas-mismatch" in written
    for secret in (code["pin"], device.sas, node.written(device.proving._key("claim"))):
        assert f'"{secret}"' not in written
        assert f"'{secret}'" not in written
