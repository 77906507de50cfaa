"""The front of nodes: `https://127.0.0.1:NODE_PORT`, in API Gateway's place, with mutual TLS.

Nobody gets further than the handshake without a certificate that the truststore's authorities
signed, and a handshake takes five seconds at most. What of it counts is decided behind: the front
tells the function which certificate it saw, in the event, where no client can write, and refuses
by itself only what API Gateway does. No session is resumed, so that each connection is looked at.
"""

import base64
import io
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.nodes.authority import truststore
from infra.local import clients, server_certificate
from infra.local.answer import Answer
from infra.local.connections import Connections, Timed
from infra.local.deployed import Deployed
from infra.local.environment import NODES_ORIGIN, REGION
from infra.local.errors import LocalCloudError
from infra.local.front import Handler
from infra.local.nodes_event import Asked, event
from infra.local.nodes_tls import Trust, is_taken
from infra.local.place import LOOPBACK, STAGE, Place
from infra.local.problem import Problem, no_route, wrong_method
from infra.local.request import check
from infra.local.routes import Routes

HANDSHAKE_SECONDS = 5.0
LARGEST_BODY = 1024 * 1024
IDLE_SECONDS = 30.0
REQUEST_SECONDS = 30.0
_DRAIN_SECONDS = 2.0
_POLL_SECONDS = 0.05
MOST_CONNECTIONS = 128
_ACCOUNT = "000000000000"

type Invoke = Callable[[dict[str, Any]], dict[str, Any]]


class Behind(NamedTuple):
    """What stands behind the front.

    Attributes:
        routes: what the API has routes for.
        invoke: hands an event to the API's function, and returns its answer.
        truststore: returns the authorities' certificates, as PEM; empty before there are any.
        domain: what the front is called in events.
    """

    routes: Routes
    invoke: Invoke
    truststore: Callable[[], str]
    domain: str = NODES_ORIGIN


@contextmanager
def of(place: Place, deployed: Deployed, routes: Routes) -> Iterator[None]:
    """Serve before the deployed API for as long as the block; the authority is made if need be."""
    made = _call(deployed.functions["node_issuer"], {"do": "gateway"})
    if "answer" not in made:
        raise LocalCloudError(f"There is no authority for nodes: {made!s:.500}")
    api = deployed.functions["api_handler"]
    behind = Behind(routes, lambda asked: _call(api, asked), _in_s3)
    with serving(place, behind):
        yield


@contextmanager
def serving(place: Place, behind: Behind) -> Iterator[None]:
    """Serve for as long as the block."""
    server_certificate.ensure(place)
    front = _Front(place, behind)
    thread = threading.Thread(target=front.serve_forever, args=[_POLL_SECONDS], daemon=True)
    thread.start()
    try:
        yield
    finally:
        front.shutdown()
        front.server_close()


class _Front(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, place: Place, behind: Behind) -> None:
        self.behind = behind
        self.trust = Trust(place, behind.truststore)
        self.connections = Connections(MOST_CONNECTIONS)
        super().__init__((LOOPBACK, place.node_port), _Request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread: one that is slow holds up nobody."""
        try:
            secured = self._wrapped(request)
        except OSError:
            secured = None
        if secured is None:
            self.shutdown_request(request)
        elif self._shakes_hands(secured):
            super().process_request_thread(secured, client_address)
        else:
            self.shutdown_request(secured)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; nobody else may end it from here on."""
        self.connections.leave(request)
        super().shutdown_request(request)

    def _wrapped(self, request: socket.socket) -> ssl.SSLSocket | None:
        context = self.trust.context()
        if context is None:
            return None
        return context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)

    def _shakes_hands(self, secured: ssl.SSLSocket) -> bool:
        if not self.connections.enter(secured):
            return False
        try:
            # It is the time of the whole handshake, and not of each of its pieces.
            secured.settimeout(HANDSHAKE_SECONDS)
            secured.do_handshake()
        except (OSError, ValueError):
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the terminal for what a person has to read: a client that went away is no news."""


class _Request(Handler):
    timeout = IDLE_SECONDS

    @property
    def _nodes_front(self) -> _Front:
        return cast("_Front", self.server)

    @property
    def _behind(self) -> Behind:
        return self._nodes_front.behind

    def setup(self) -> None:
        """Read with an eye on the clock."""
        super().setup()
        self.rfile.close()
        self._timed = Timed(self.connection)
        self.rfile = io.BufferedReader(self._timed)

    def handle_one_request(self) -> None:
        """Give a client some time to ask, and some to say all of it."""
        self._timed.begin(IDLE_SECONDS, REQUEST_SECONDS)
        super().handle_one_request()

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(IDLE_SECONDS)
        super()._send(answer)

    def _drain(self) -> None:
        self._timed.begin(_DRAIN_SECONDS, _DRAIN_SECONDS)
        super()._drain()

    def _refuse_what_gateway_would(self) -> None:
        check(self.request_version, self.path, self.headers, LARGEST_BODY)
        if not is_taken(self._certificate()):
            detail = "The certificate's key is of a kind that is not taken"
            raise Problem(HTTPStatus.FORBIDDEN, detail, "use a key on P-256")
        path = self.path.partition("?")[0]
        methods = self._behind.routes.methods(path)
        if not methods:
            raise no_route(path)
        if self.command not in methods:
            raise wrong_method(self.command, path, methods)

    def _forward(self, body: bytes) -> Answer:
        found = self._behind.routes.find(self.path.partition("?")[0])
        if found is None:
            raise no_route(self.path)
        asked = Asked(
            method=self.command,
            target=self.path,
            headers=self.headers.items(),
            body=body,
            resource=found[0],
            variables=found[1],
            address=str(self.client_address[0]),
        )
        told = event(asked, self._certificate(), self._behind.domain)
        self._nodes_front.connections.works(self.connection)
        try:
            return _answer(self._behind.invoke(told))
        except (BotoCoreError, ClientError) as error:
            detail = f"The emulator does not answer ({type(error).__name__})"
            raise Problem(
                HTTPStatus.BAD_GATEWAY, detail, "read its log, then `make up` again"
            ) from error
        finally:
            self._nodes_front.connections.waits(self.connection)

    def _certificate(self) -> bytes:
        der = cast("ssl.SSLSocket", self.connection).getpeercert(binary_form=True)
        if der is None:  # It was required: the connection is not what it has to be.
            raise Problem(HTTPStatus.FORBIDDEN, "There is no client certificate")
        return der


def _answer(told: dict[str, Any]) -> Answer:
    """Return the HTTP answer of a function's."""
    if "statusCode" not in told:
        detail = f"The function failed ({told.get('errorMessage', 'it answered nothing')!s:.200})"
        raise Problem(HTTPStatus.BAD_GATEWAY, detail, "the emulator's log says why")
    headers = [(name, str(value)) for name, value in (told.get("headers") or {}).items()]
    several = told.get("multiValueHeaders") or {}
    headers += [(name, str(value)) for name, values in several.items() for value in values]
    body = told.get("body") or ""
    content = base64.b64decode(body) if told.get("isBase64Encoded") else body.encode()
    return Answer(int(told["statusCode"]), headers, content)


def _call(function: str, asked: dict[str, Any]) -> dict[str, Any]:
    answer = clients.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(asked).encode()
    )
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    return told


def _in_s3() -> str:
    name = f"palyra-{STAGE}-{_ACCOUNT}-{REGION}-{truststore.BUCKET}"
    try:
        found = clients.client("s3").get_object(Bucket=name, Key=truststore.KEY)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return ""
        raise
    return str(found["Body"].read().decode())
