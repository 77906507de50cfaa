"""How long the API's function takes to pair a device and to let a node in, beside a bare handler.

The bare handler is a Chalice route that reads the same JSON, makes the same calls to AWS with
botocore alone, and answers the same JSON: it decides and computes nothing. Both run on AWS that
answers at once, take turns on the same rows, and medians of processor time count. What is above a
begin's ratio is the arithmetic of SPAKE2, in pure Python; docs/decisions/pairing.md says why that.

What a call of a node costs is counted, too: the requests to DynamoDB until it is let in.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from chalice.app import Chalice, Response
from cryptography.hazmat.primitives.serialization import Encoding

from app import app
from chalicelib.clock import SystemClock
from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring import pairing
from chalicelib.functions.wiring.container import Container, container
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.service import DeviceName
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from cli.node import handshake, identity
from infra.local.nodes_event import Asked, event
from infra.local.routes import Routes
from tests.bench import answered
from tests.bench.figure import Figure
from tests.bench.simulated import Rooms, rooms

# What was measured, with room for a machine that is busy: 3.4, 1.4, 1.2 and 1.7.
GOALS = {"begin": 5.0, "hello": 2.0, "claim": 2.0, "whoami": 2.5}
REQUESTS_GOAL = 2
_ORIGIN, _API = "nodes.bench.example", "api.bench.example"
_SESSIONS = "/v1/pairing/sessions"
_ROUTES = Routes({path: list(methods) for path, methods in app.routes.items()})
_QUICK_ROUNDS, _ROUNDS = 9, 31
_POLL = timedelta(seconds=5)

_make: Any = BaseClient._make_api_call

type Event = Mapping[str, Any]
type Recorded = list[tuple[Any, str, Any]]


class _Context:
    aws_request_id = "bench"
    function_name = "palyra-bench"


@dataclass(frozen=True, kw_only=True)
class _Call:
    """A call, and the rows that it finds."""

    event: Event
    status: int
    rows: Any


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the ratio of each call, and how many requests letting a node in takes."""
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    with rooms() as made, _function(made) as of:
        calls = dict((*_of_pairing(made, of), *_of_a_node(made, of)))
        container.cache_clear()  # The next one has clients of its own.
        with answered.clients(made.cloud):
            for name, goal in GOALS.items():
                yield _ratio(made, name, calls[name], rounds, goal)
            yield _requests(made, calls)


@contextmanager
def _function(made: Rooms) -> Iterator[Container]:
    """Let the API's function run on the simulated AWS, at its time."""
    container.cache_clear()
    with (
        patch.object(SystemClock, "now", lambda _clock: made.cloud.now()),
        patch.dict(os.environ, PALYRA_NODES_ORIGIN=_ORIGIN),
    ):
        yield container()
    container.cache_clear()


# The calls.


def _of_pairing(made: Rooms, of: Container) -> Iterator[tuple[str, _Call]]:
    """Pair a device by PIN up to its question what became of it, and yield its calls."""
    issuing.issuer(of).gateway(made.cloud.now())
    new = NewCode(PairingMethod.PIN, ClientKind.DAEMON, timedelta(minutes=10), "pi", "https://x")
    code = pairing.pairing(of).codes.mint("main", "token:bench", new)
    key = identity.new_key()
    device = handshake.Device(identity.new_device_id(), "daemon", identity.spki_sha256(key))
    told = handshake.typed(code.code.id, code.pin or "")
    begun = handshake.Handshake(told, device, secrets.token_bytes)

    begin = _call(made, "POST", _SESSIONS, 201, begun.begin())
    yield "begin", begin
    proving = begun.answered(_answer(begin))
    session = f"{_SESSIONS}/{proving.session_id}"
    hello = _call(made, "POST", f"{session}/hello", 202, proving.hello(identity.request(key)))
    yield "hello", hello
    proving.trust(_answer(hello)["confirm"])
    made.cloud.instant += _POLL
    nonce = _answer(_call(made, "POST", f"{session}/claim", 200, {}))["nonce"]
    yield "claim", _call(made, "POST", f"{session}/claim", 200, proving.claim(nonce))


def _of_a_node(made: Rooms, of: Container) -> Iterator[tuple[str, _Call]]:
    """Yield a call of a paired node, and its first one with a renewed certificate."""
    key, device = identity.new_key(), identity.new_device_id()
    request = NodeRequest.read(identity.request(key), device)
    now = made.cloud.now()
    name = DeviceName("main", device, "daemon", "pi")
    issued = issuing.issuer(of).issue(request, name, "0" * 26, now)
    devices = wiring.devices(of)
    certificate = CertificateStore().certificate("main", device, issued.fingerprint)
    if certificate is None:
        raise LookupError("there is no certificate of what was issued")
    devices.activate(devices.get("main", device), certificate, now)
    path = f"/v1/nodes/{device}"
    yield "whoami", _call(made, "GET", f"{path}/whoami", 200, None, issued.pem)
    told = _answer(_call(made, "POST", f"{path}/nonce", 201, {}, issued.pem))
    following = identity.new_key()
    asked = issuing.issuer(of).read_renewal(
        NodeRequest.read(identity.request(following), device),
        told["nonce"],
        identity.renewal_proof(following, told["gateway_id"], device, told["nonce"]),
        now,
    )
    renewed = issuing.issuer(of).renew(asked, "main", issued.fingerprint, now)
    yield "renewed", _call(made, "GET", f"{path}/whoami", 200, None, renewed.pem)


def _call(
    made: Rooms, method: str, path: str, status: int, body: Any, certificate: str = ""
) -> _Call:
    found = _ROUTES.find(path)
    if found is None:
        raise LookupError(f"there is no {path}")
    content = b"" if body is None else json.dumps(body).encode()
    origin = _ORIGIN if certificate else _API
    headers = [("Content-Type", "application/json"), ("Host", origin)]
    asked = Asked(method, path, headers, content, *found, "192.0.2.7")
    der = identity.certificate_of(certificate).public_bytes(Encoding.DER) if certificate else None
    return _Call(event=event(asked, der, origin), status=status, rows=made.cloud.dynamo.snapshot())


def _answer(call: _Call) -> Any:
    """Make a call that others build upon."""
    return json.loads(_made(app, call)["body"])


def _made(handler: Any, call: _Call) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = handler(deepcopy(call.event), _Context())
    if answer["statusCode"] != call.status:
        raise RuntimeError(f"it was to be answered {call.status}: {answer}")
    return answer


# Measuring.


def _ratio(made: Rooms, name: str, call: _Call, rounds: int, goal: float) -> Figure:
    bare, requests = _bare(made, call)
    pairs = [(_seconds(made, app, call), _seconds(made, bare, call)) for _ in range(rounds)]
    ours, theirs = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return Figure(
        name=f"nodes.{name}",
        value=round(ours / theirs, 2),
        unit="processor time over that of a bare handler with the same calls to AWS",
        goal=goal,
        details={
            "ms": round(ours * 1e3, 2),
            "bare_ms": round(theirs * 1e3, 2),
            "calls": [f"{_service(client)}:{operation}" for client, operation, _ in requests],
            "rounds": rounds,
        },
    )


def _seconds(made: Rooms, handler: Any, call: _Call) -> float:
    made.cloud.dynamo.restore(call.rows)
    began = process_time()
    _made(handler, call)
    return process_time() - began


def _bare(made: Rooms, call: _Call) -> tuple[Chalice, Recorded]:
    """Return a handler that does with botocore alone what a call did, and what that was."""
    _seconds(made, app, call)  # What a container asks once is asked.
    made.cloud.dynamo.restore(call.rows)
    with _recorded() as requests:
        answer = _made(app, call)
    bare = Chalice(app_name="bare", configure_logs=False)

    def handle(**_names: str) -> Response:
        sent = bare.current_request
        json.loads((sent and sent.raw_body) or b"null")
        for client, operation, arguments in requests:
            _make(client, operation, arguments)
        body = json.dumps(json.loads(answer["body"]))
        return Response(body, {"Content-Type": "application/json"}, call.status)

    path, method = call.event["resource"], call.event["httpMethod"]
    bare.route(path, methods=[method])(handle)
    return bare, requests


@contextmanager
def _recorded() -> Iterator[Recorded]:
    """Note the calls to AWS that are made meanwhile."""
    noted: Recorded = []

    def note(client: Any, operation: str, arguments: Any) -> Any:
        noted.append((client, operation, deepcopy(arguments)))
        return _make(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", note):
        yield noted


def _requests(made: Rooms, calls: Mapping[str, _Call]) -> Figure:
    """Count what letting a node in costs: with any call, and with the first after a renewal."""
    counted = {name: _operations(made, calls[name]) for name in ("whoami", "renewed")}
    return Figure(
        name="calls.node_authorization",
        value=max(len(operations) for operations in counted.values()),
        unit="requests to DynamoDB",
        goal=REQUESTS_GOAL,
        details=counted,
    )


def _operations(made: Rooms, call: _Call) -> list[str]:
    made.cloud.dynamo.restore(call.rows)
    with _recorded() as requests:
        _made(app, call)
    return [operation for client, operation, _ in requests if _service(client) == "dynamodb"]


def _service(client: Any) -> str:
    name: str = client.meta.service_model.service_name
    return name
