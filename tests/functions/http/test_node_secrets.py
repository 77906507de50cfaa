"""A node's whole life, and then a hunt for its secrets in everything that was said meanwhile."""

import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli.node import handshake, identity
from tests.functions.http.api import Api
from tests.functions.http.test_pairing import NOBODY, Device, approved, at_once, minted
from tests.functions.log import Log
from tests.nodes.capabilities.helper import LOOK
from tests.nodes.gateway import Gateway, Node
from tests.support.hunt import Said, forms, kept, listening

__all__ = ["at_once"]
MINT = "POST /v1/pairing/codes"


@dataclass
class Life:
    """What a node had that nobody else may know."""

    said: Said = field(default_factory=Said)
    long: dict[str, bytes] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)

    def knows(self, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        scalar = key.private_numbers().private_value.to_bytes(32, "big")
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self.long |= {f"{name}, number": scalar, f"{name}, PKCS8": der}

    def proved(self, name: str, proving: handshake.Proving) -> None:
        labels = ("claim", "confirm device")
        self.long |= {f"{name}, {each}": proving._key(each) for each in labels}
        # That of a QR code is known by another name.
        if proving._secret not in self.long.values():
            self.long[f"{name}, secret"] = proving._secret


@pytest.fixture
def life(
    api: Api,
    gateway: Gateway,
    log: Log,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Life:
    """The life of two nodes, one by PIN and one by QR code; all of it is heard."""
    caplog.set_level("DEBUG", logger="palyra")
    lived = Life()
    _hear_answers(lived.said, gateway, monkeypatch)
    with listening(lived.said):
        for method in ("pin", "qr"):
            _live(api, gateway, lived, method)
    kept(lived.said)
    lived.said.add("log", log.output.getvalue())
    lived.said.add("log", caplog.text)
    lived.said.add("output", list(capfd.readouterr()))
    return lived


def _hear_answers(said: Said, gateway: Gateway, patch: pytest.MonkeyPatch) -> None:
    send, invoke = Api.send, Gateway.invoke

    def sent(api: Api, method: str, path: str, *args: Any, **how: Any) -> Any:
        reply = send(api, method, path, *args, **how)
        said.add(f"answer to {method} {path}", [dict(reply.headers), reply.body])
        return reply

    def invoked(of: Gateway, told: dict[str, Any]) -> dict[str, Any]:
        answer = invoke(of, told)
        said.add(f"answer to node {told['path']}", answer)
        return answer

    patch.setattr(Api, "send", sent)
    patch.setattr(Gateway, "invoke", invoked)
    assert gateway.of


def _live(api: Api, gateway: Gateway, life: Life, method: str) -> None:
    device = _paired(api, life, method)
    node = Node(gateway, "main", device.device_id, device.key)
    node.pem = device.claim().body["certificate_pem"]
    assert node.call("POST", "activate").status == 200
    api.world.clock.move(timedelta(hours=13))
    following = node.renewed()
    life.knows(f"{method}, renewed key", following.key)
    assert following.whoami().status == 200
    _invoked(api, following)
    assert api.post(f"/v1/nodes/{node.id}/revoke", {"reason": "lost"}).status == 200
    assert following.whoami().status == 403


def _paired(api: Api, life: Life, method: str) -> Device:
    code = minted(api, method=method)
    if method == "pin":
        told = handshake.typed(code["code_id"], code["pin"])
        life.short["PIN"] = code["pin"]
    else:
        told = handshake.scanned(code["qr"])
        life.long["QR secret"] = told.secret
    wrong = Device(api, told._replace(secret=b"000000" if method == "pin" else bytes(32)))
    assert (wrong.begin().status, wrong.hello().status) == (201, 409)
    device = Device(api, told)
    assert (device.begin().status, device.hello().status) == (201, 202)
    assert device.proving is not None
    life.knows(f"{method}, key", device.key)
    life.proved(method, device.proving)
    life.short[f"{method}, typed number"] = device.sas
    mistyped = f"{(int(device.sas) + 1) % 10**6:06}"
    assert approved(api, device, sas=mistyped).status == 422
    life.short[f"{method}, mistyped number"] = mistyped
    assert approved(api, device).status == 200
    return device


def _invoked(api: Api, node: Node) -> None:
    assert node.call("POST", "register", {"capabilities": [LOOK]}).status == 200
    path = f"/v1/nodes/{node.id}"
    assert api.post(f"{path}/capabilities/{LOOK['name']}/grant", {}).status == 200
    asked = {"capability": LOOK["name"], "arguments": {"width": 640}}
    request = api.post(f"{path}/invoke", asked).body["id"]
    claim = "claim-of-the-first-process"
    assert node.call("POST", f"requests/{request}/take", {"claim": claim}).status == 200
    done = {"claim": claim, "state": "succeeded", "output": {"seen": 1}}
    assert node.call("POST", f"requests/{request}/result", done).status == 200


def test_nothing_secret_stands_anywhere_after_a_nodes_whole_life(life: Life) -> None:
    found = {name: life.said.find(secret) for name, secret in life.long.items()}
    found |= {name: life.said.find_digits(digits) for name, digits in life.short.items()}
    # Whoever mints a code is shown its secret, this once.
    shown = {"PIN", "QR secret"}
    for name in shown:
        assert found[name], f"the hunt does not find the {name} where it must be"
        assert {where.partition(":")[0] for where in found[name]} == {f"answer to {MINT}"}
    assert {name: where for name, where in found.items() if where and name not in shown} == {}
    markers = [where for where, piece in life.said.pieces if re.search(rb"PRIVATE\s+KEY", piece)]
    assert markers == []


def test_the_hunt_heard_everything(life: Life) -> None:
    where = {each for each, _ in life.said.pieces}
    for kind in ("table palyra-local-nodes", "table palyra-local-journal", "log", "answer to node"):
        assert any(each.startswith(kind) for each in where), (kind, sorted(where))
    for operation in ("TransactWriteItems", "PutItem", "UpdateItem", "Decrypt", "Sign"):
        assert f"asked {operation}" in where


def test_a_device_that_comes_back_leaves_nothing_either(api: Api, gateway: Gateway) -> None:
    node, life = gateway.node(), Life()
    life.knows("last key", node.key)
    api.world.clock.move(timedelta(hours=25))
    with listening(life.said):
        told = api.post("/v1/pairing/recoveries", {}, headers=NOBODY).body
        following = Node(gateway, "main", node.id)
        life.knows("next key", following.key)
        gateway_id, nonce = told["gateway_id"], told["nonce"]
        said = {
            "v": 1,
            "device_id": node.id,
            "nonce": nonce,
            "certificate_pem": node.pem,
            "csr_pem": following.csr(),
            "proof": identity.recovery_proof(node.key, following.key, gateway_id, node.id, nonce),
        }
        answer = api.post("/v1/pairing/recover", said, headers=NOBODY)
    assert answer.status == 202
    life.said.add("answer", answer.body)
    secret = identity.exchanged(following.key, handshake.unwritten(answer.body["msg_b"]))
    device = handshake.Device(node.id, "daemon", identity.spki_sha256(following.key))
    proving = handshake.came_back(device, nonce, gateway_id, answer.body, secret)
    number = proving.trust(answer.body["confirm"]).sas
    life.proved("recovery", proving)
    kept(life.said)
    assert [name for name, each in life.long.items() if life.said.find(each)] == []
    assert life.said.find_digits(number) == []


SECRET = os.urandom(32)
WAYS = sorted(forms(SECRET))


def _plant(place: str, way: str) -> str:
    """Put a secret somewhere, and return where that is: not all takes all bytes as text."""
    raw = b"before " + forms(SECRET)[way] + b" after"
    text, dynamo = raw.decode("latin-1"), boto3.client("dynamodb")
    if place == "object" or not (text.isascii() and text.isprintable()):
        bucket = boto3.client("s3").list_buckets()["Buckets"][0]["Name"]
        boto3.client("s3").put_object(Bucket=bucket, Key=f"planted {way}", Body=raw)
        return f"object {bucket}/planted {way}"
    if place == "queue":
        queue: str = boto3.client("sqs").list_queues()["QueueUrls"][0]
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=text)
        return f"queue {queue}"
    item = {"pk": {"S": "system#planted"}, "sk": {"S": way}, "said": {"SS": [text]}}
    dynamo.put_item(TableName="palyra-local-nodes", Item=item)
    return "table palyra-local-nodes"


@pytest.mark.usefixtures("container")
@pytest.mark.parametrize("place", ["table", "queue", "object"])
def test_the_hunt_finds_a_planted_secret_however_it_is_written(place: str) -> None:
    planted = {way: _plant(place, way) for way in WAYS}
    said = Said()
    kept(said)
    found = said.find(SECRET)
    assert [way for way in WAYS if f"{planted[way]}: {way}" not in found] == []
    assert Said().find(SECRET) == []


@pytest.mark.parametrize("before", range(3))
def test_the_hunt_finds_base64_at_every_alignment(before: int) -> None:
    said = Said()
    said.add("log", base64_of(b"x" * before + SECRET + b"and more"))
    assert said.find(SECRET)


@pytest.mark.parametrize(
    "text",
    [
        '{"pin":"482913"}',
        "pin=482913&a=1",
        "482913",
        "the PIN is 482913.",
        "343832393133",
        "NDgyOTEz",
    ],
)
def test_the_hunt_finds_planted_digits(text: str) -> None:
    said = Said()
    said.add("log", text)
    assert said.find_digits("482913")


def test_digits_of_a_longer_number_are_not_the_secret() -> None:
    said = Said()
    said.add("log", {"time": 1_748_291_300_000, "id": "01M482913ABC"})
    assert said.find_digits("482913") == []


def base64_of(content: bytes) -> str:
    return handshake.written(content)
