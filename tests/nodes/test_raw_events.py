"""Events as API Gateway could make them of what a stranger sends: none makes the API fail."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from chalicelib.nodes.pairing import padding
from infra.local.nodes_event import Asked, client_cert, event
from tests.nodes.gateway import ORIGIN, ROUTES, Gateway, Node
from tests.support.world import a_world

SESSION = "/v1/pairing/sessions/01M81J18G00000000000000000"
OPEN = (
    "/v1/pairing/sessions",
    f"{SESSION}/hello",
    f"{SESSION}/claim",
    "/v1/pairing/recoveries",
    "/v1/pairing/recover",
)
OF_NODES = ("nonce", "renew", "activate", "revoke-self", "heartbeat", "register")
TRACES = ("Traceback", "chalicelib", 'File "', "botocore", "pydantic")
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def kept() -> Iterator[Gateway]:
    with a_world() as world, pytest.MonkeyPatch.context() as patch:
        container.cache_clear()
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        patch.setattr(padding.Padding, "slow", lambda _self: None)
        patch.setattr(padding, "STEP_SECONDS", 1e-9)
        patch.setattr("chalicelib.nodes.pairing.limits.BEGINS_OF_ADDRESS", 10**6)
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        yield Gateway(world)
    container.cache_clear()


@pytest.fixture(scope="module")
def node(kept: Gateway) -> Node:
    return kept.node()


def raw(path: str, body: bytes = b"{}", certificate: bytes | None = None) -> dict[str, Any]:
    found = ROUTES.find(path)
    assert found is not None
    domain = ORIGIN if certificate else "api.example.com"
    asked = Asked("POST", path, [*JSON_TYPE.items()], body, *found, "192.0.2.7")
    return event(asked, certificate, domain)


def answered(gateway: Gateway, told: dict[str, Any]) -> tuple[int, Any]:
    answer = gateway.invoke(told)
    text = answer["body"] or ""
    assert not any(trace in text for trace in TRACES), text
    assert answer["statusCode"] < 500, text
    if answer["statusCode"] >= 400:
        problem = json.loads(text)
        assert {"type", "title", "status", "detail"} <= problem.keys()
        assert problem["status"] == answer["statusCode"]
    return answer["statusCode"], json.loads(text or "null")


BODIES: dict[str, Any] = {
    "none": None,
    "empty": "",
    "null": "null",
    "a list": "[]",
    "a text": '"x"',
    "a number": "1e999",
    "not a number": '{"v": NaN}',
    "infinity": '{"v": -Infinity}',
    "a key twice": '{"v": 1, "v": 1}',
    "a key twice, hidden": '{"v": 1, "\\u0076": 2}',
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "half a character": '{"v": "\\ud800"}',
    "half a key": '{"\\udc00": 1}',
    "half a character, raw": '{"v": "\ud800"}',
    "a byte order mark": "\ufeff{}",
    "a zero": '{"v": "\\u0000"}',
    "a long number": '{"v": ' + "9" * 5_000 + "}",
    "too much": '{"v": "' + "x" * 400_000 + '"}',
    "prototype": '{"__proto__": {"v": 1}, "constructor": 1}',
    "more behind": "{} {}",
    "a comment": "/* */{}",
    "half": '{"v": 1',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("path", OPEN)
def test_any_body_of_a_stranger_is_answered(kept: Gateway, path: str, body: Any) -> None:
    status, _ = answered(kept, raw(path) | {"body": body})
    is_empty_begin = path == "/v1/pairing/recoveries" and body in (None, "")
    assert status == (201 if is_empty_begin else status)
    assert status in {400, 409, 413, 422} or is_empty_begin


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("what", [each for each in OF_NODES if each != "revoke-self"])
def test_any_body_of_a_node_is_answered(kept: Gateway, node: Node, what: str, body: Any) -> None:
    told = raw(node.path(what), certificate=node.der) | {"body": body}
    status, _ = answered(kept, told)
    assert status in {200, 201, 204, 400, 409, 413, 422}
    assert node.whoami().status == 200


HEADERS: dict[str, Any] = {
    "none": {"headers": None, "multiValueHeaders": None},
    "empty": {"headers": {}, "multiValueHeaders": {}},
    "no type": {"headers": {"Host": "x"}, "multiValueHeaders": {"Host": ["x"]}},
    "text": {"multiValueHeaders": {"Content-Type": ["text/plain"]}},
    "a form": {"multiValueHeaders": {"Content-Type": ["application/x-www-form-urlencoded"]}},
    "many": {"multiValueHeaders": {"Content-Type": ["application/json", "text/plain"]}},
    "nothing": {"multiValueHeaders": {"Content-Type": [""]}},
    "upper case": {"multiValueHeaders": {"CONTENT-TYPE": ["APPLICATION/JSON"]}},
    "another set": {"multiValueHeaders": {"Content-Type": ["application/json;charset=utf-16"]}},
    "bytes": {"multiValueHeaders": {"Content-Type": ["application/octet-stream"]}},
    "odd": {"multiValueHeaders": {"Content-Type": ["application/json; boundary=\ud800\x00"]}},
    "no list": {"multiValueHeaders": {"Content-Type": []}},
    "an agent that controls": {
        "multiValueHeaders": {
            "Content-Type": ["application/json"],
            "User-Agent": ["a\x1b[2J\n\x00"],
        }
    },
    "a long agent": {
        "multiValueHeaders": {"Content-Type": ["application/json"], "User-Agent": ["x" * 9_000]}
    },
    "half an agent": {
        "multiValueHeaders": {"Content-Type": ["application/json"], "User-Agent": ["\ud800"]}
    },
    "a host that is none": {
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["evil\r\nX: 1"]}
    },
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("path", OPEN)
def test_any_headers_are_answered(kept: Gateway, path: str, headers: Any) -> None:
    status, _ = answered(kept, raw(path) | headers)
    assert status in {201, 400, 409, 415, 422}


ENCODED: dict[str, Any] = {
    "no base64": "%%%",
    "cut off": "e30",
    "not text": base64.b64encode(b"\xff\xfe{}").decode(),
    "other letters": "e-_9",
    "good": base64.b64encode(b"{}").decode(),
    "none": None,
    "not ascii": "é",
}


@pytest.mark.parametrize("body", ENCODED.values(), ids=ENCODED.keys())
@pytest.mark.parametrize("type_", ["application/json", "application/octet-stream", "image/png"])
@pytest.mark.parametrize("path", OPEN)
def test_any_encoded_body_is_answered(kept: Gateway, path: str, type_: str, body: Any) -> None:
    told = raw(path) | {"body": body, "isBase64Encoded": True}
    told["multiValueHeaders"] = {"Content-Type": [type_]}
    assert answered(kept, told)[0] in {201, 400, 409, 415, 422}


IDENTITIES: dict[str, Any] = {
    "none": None,
    "empty": {},
    "no address": {"sourceIp": None},
    "a number": {"sourceIp": 7},
    "a list": {"sourceIp": ["192.0.2.7"]},
    "no address at all": {"sourceIp": "x" * 5_000},
    "half a character": {"sourceIp": "\ud800"},
    "of version six": {"sourceIp": "2001:db8::1%eth0"},
    "mapped": {"sourceIp": "::ffff:192.0.2.7"},
    "a list instead": [],
    "a text": "192.0.2.7",
}


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_any_origin_is_answered(kept: Gateway, identity: Any) -> None:
    good = {
        "v": 1,
        "code_id": "K7QM",
        "method": "pin",
        "client_kind": "daemon",
        "device_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "spki_sha256": "A" * 43,
        "msg_a": "A" * 44,
    }
    told = raw("/v1/pairing/sessions", json.dumps(good).encode())
    told["requestContext"]["identity"] = identity
    assert answered(kept, told)[0] == 409
    told = raw("/v1/pairing/recoveries")
    told["requestContext"]["identity"] = identity
    assert answered(kept, told)[0] == 201


def _certificates(pem: str) -> dict[str, Any]:
    body = "".join(pem.splitlines()[1:-1])
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return {
        "none": None,
        "a text": pem,
        "a list": [pem],
        "a list inside": {"clientCertPem": [pem]},
        "a number": {"clientCertPem": 7},
        "nothing": {"clientCertPem": ""},
        "another name": {"clientcertpem": pem},
        "two": {"clientCertPem": pem + pem},
        "a chain": {
            "clientCertPem": pem + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"
        },
        "text before": {"clientCertPem": "subject=CN\n" + pem},
        "one line": {"clientCertPem": begin + body + end},
        "encoded newlines": {"clientCertPem": pem.replace("\n", "%0A")},
        "old newlines": {"clientCertPem": pem.replace("\n", "\r")},
        "half a character": {"clientCertPem": pem + "\ud800"},
        "a zero": {"clientCertPem": pem + "\x00"},
        "other digits": {"clientCertPem": pem.replace("A", "\uff21", 1)},
        "trusted": {"clientCertPem": pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")},
        "too long": {"clientCertPem": pem + " " * 9_000},
        "huge": {"clientCertPem": "A" * 5_000_000},
        "der": {"clientCertPem": base64.b64decode(body).decode("latin-1")},
        "cut off": {"clientCertPem": pem[:-40]},
    }


CERTIFICATES = tuple(_certificates("x\nAAAA\nz").keys() - {"der"})


@pytest.mark.parametrize("name", [*sorted(CERTIFICATES), "der"])
def test_only_one_block_of_pem_is_a_certificate(kept: Gateway, node: Node, name: str) -> None:
    pem = node.certificate.public_bytes(Encoding.PEM).decode()
    told = raw(node.path("nonce"), certificate=node.der)
    told["requestContext"]["identity"]["clientCert"] = _certificates(pem)[name]
    assert answered(kept, told)[0] in {401, 403}


@pytest.mark.parametrize("newline", ["\n", "\r\n", " \n"])
def test_newlines_of_either_kind_are_taken(kept: Gateway, node: Node, newline: str) -> None:
    told = raw(node.path("nonce"), certificate=node.der)
    shown = client_cert(node.der)
    shown["clientCertPem"] = shown["clientCertPem"].replace("\n", newline)
    told["requestContext"]["identity"]["clientCert"] = shown
    assert answered(kept, told)[0] == 201


@pytest.mark.parametrize(
    "name", ["clientCert", "x-amzn-mtls-clientcert", "X-Client-Cert", "x-forwarded-client-cert"]
)
def test_what_stands_elsewhere_is_no_certificate(kept: Gateway, node: Node, name: str) -> None:
    pem = client_cert(node.der)["clientCertPem"]
    told = raw(node.path("nonce"), certificate=node.der)
    del told["requestContext"]["identity"]["clientCert"]
    told["requestContext"] |= {name: {"clientCertPem": pem}, "authorizer": {name: pem}}
    told["requestContext"]["authentication"] = {"clientCert": {"clientCertPem": pem}}
    told["headers"] = JSON_TYPE | {name: pem.replace("\n", " ")}
    told["multiValueHeaders"] = {key: [value] for key, value in told["headers"].items()}
    told["stageVariables"] = {name: pem}
    told[name] = {"clientCertPem": pem}
    assert answered(kept, told)[0] == 401


@pytest.mark.parametrize(
    "domain", [None, "", "api.example.com", ORIGIN.upper(), f"{ORIGIN}.", f" {ORIGIN}", 7, [ORIGIN]]
)
def test_a_certificate_counts_on_the_nodes_origin_alone(
    kept: Gateway, node: Node, domain: Any
) -> None:
    told = raw(node.path("nonce"), certificate=node.der)
    told["requestContext"]["domainName"] = domain
    assert answered(kept, told)[0] == 401
    told["requestContext"].pop("domainName")
    assert answered(kept, told)[0] == 401


@pytest.mark.parametrize("missing", ["identity", "stage", "requestId", "resourcePath", "path"])
def test_a_context_that_lacks_something_lets_nobody_in(
    kept: Gateway, node: Node, missing: str
) -> None:
    told = raw(node.path("nonce"), certificate=node.der)
    told["requestContext"].pop(missing, None)
    if missing == "resourcePath":
        return  # Lambda is never called without the route; Chalice finds it by that.
    assert answered(kept, told)[0] == (401 if missing == "identity" else 201)


@pytest.mark.parametrize(
    "path",
    [
        "x",
        "01m81j18g00000000000000000",
        "0" * 500,
        "\ud800",
        "\u0660" * 26,
        "..",
        "%2e%2e",
        "a\nb",
        "A-B",
    ],
)
@pytest.mark.parametrize("verb", ["hello", "claim"])
def test_any_name_of_a_session_is_refused_alike(kept: Gateway, path: str, verb: str) -> None:
    body = {} if verb == "claim" else {"confirm": "A" * 43, "csr_pem": "x"}
    unknown = raw(f"{SESSION}/{verb}", json.dumps(body).encode())
    told = json.loads(json.dumps(unknown))
    told["pathParameters"] = {"session_id": path}
    assert answered(kept, told) == answered(kept, unknown)
    assert answered(kept, unknown)[0] == 409


@pytest.mark.parametrize("path", ["x", "0" * 500, "\ud800", "\u0660" * 26, "..", "", "a\nb"])
def test_any_name_of_a_device_is_refused_alike(kept: Gateway, node: Node, path: str) -> None:
    told = raw(node.path("nonce"), certificate=node.der)
    told["pathParameters"] = {"device_id": path}
    other = raw(node.path("nonce"), certificate=node.der)
    other["pathParameters"] = {"device_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
    assert answered(kept, told) == answered(kept, other)
    assert answered(kept, told)[0] == 403


@pytest.mark.parametrize(
    "named", [7, None, True, [], {}, "", "x", 1e400, "\ud800", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]
)
def test_a_body_that_names_another_device_is_refused(kept: Gateway, node: Node, named: Any) -> None:
    text = json.dumps({"device_id": named})
    told = raw(node.path("nonce"), certificate=node.der) | {"body": text}
    status = answered(kept, told)[0]
    assert status == (201 if named is None else 403)


def test_a_query_is_refused_where_there_is_none(kept: Gateway) -> None:
    for path in OPEN:
        told = raw(path)
        told["multiValueQueryStringParameters"] = {"pin": ["123456"], "a": ["\ud800"]}
        status, problem = answered(kept, told)
        assert status in {400, 422}
        assert "123456" not in json.dumps(problem)
