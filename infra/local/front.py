"""The HTTP front: API and console under one clean origin, `http://127.0.0.1:PORT`.

A proxy in API Gateway's place. Method, path (byte for byte), query, headers and body go to the
deployed API as they came, and its answers come back as they are. What does not come from the app
is told as a problem (RFC 9457): a path that no route has, a method that a path does not have, a
function that failed, an emulator that does not answer, a request that is none. Requests for another
host are refused, so that no web page can reach the API by a name of its own that resolves to
loopback.
"""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from infra.local.answer import Answer, Headers
from infra.local.place import LOOPBACK, Place
from infra.local.problem import Problem, no_route, of_the_gateway, wrong_method
from infra.local.request import body_length, check
from infra.local.routes import Routes

_ANSWER_SECONDS = 35.0  # API Gateway gives up after 29.
_IDLE_SECONDS = 75.0
_POLL_SECONDS = 0.05
_DRAIN_SECONDS = 2.0
_DRAIN_BYTES = 32 * 1024 * 1024
_AT_ONCE = 64 * 1024
_LONGEST_LINE = 64 * 1024
_EMPTY_LINES = frozenset({b"\r\n", b"\n"})
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@contextmanager
def serving(place: Place, api_path: str, routes: Routes) -> Iterator[None]:
    """Serve for as long as the block."""
    front = _Front(place, api_path, routes)
    thread = threading.Thread(target=front.serve_forever, args=[_POLL_SECONDS], daemon=True)
    thread.start()
    try:
        yield
    finally:
        front.shutdown()
        front.server_close()


class _Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: Place, api_path: str, routes: Routes) -> None:
        self.emulator_port = place.emulator_port
        self.api_path = api_path
        self.routes = routes
        super().__init__((LOOPBACK, place.port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the terminal for what a person has to read: a client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection: each request of it is checked, and answered by whom it is for."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    raw_requestline: bytes

    @property
    def _front(self) -> _Front:
        return cast("_Front", self.server)

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class looks for a `do_METHOD`. Which methods there are is said by the routes.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def parse_request(self) -> bool:
        """Read the request; an empty line before it does not count, and what is blank is none."""
        if self.raw_requestline in _EMPTY_LINES:
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE)
        if self.raw_requestline and not str(self.raw_requestline, "iso-8859-1").split():
            self.send_error(HTTPStatus.BAD_REQUEST, "The request line is empty")
            return False
        return super().parse_request()

    def _answer(self) -> None:
        try:
            self._refuse_what_gateway_would()
            answer = self._forward(self._body())
        except Problem as problem:
            self.close_connection = True  # Its body may not have been read.
            self.request_version = self.protocol_version  # It may be one that has no headers.
            answer = problem.answer()
        self._send(answer)
        if self.close_connection:
            self._drain()

    def _refuse_what_gateway_would(self) -> None:
        check(self.request_version, self.path, self.headers)
        path = self.path.partition("?")[0]
        methods = self._front.routes.methods(path)
        if not methods:
            raise no_route(path)
        if self.command not in methods:
            raise wrong_method(self.command, path, methods)

    def _body(self) -> bytes:
        length = body_length(self.headers)
        try:
            body = self.rfile.read(length)
        except TimeoutError as error:
            detail = f"The body did not come within {self.timeout:.0f} s"
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, detail, "send all of it") from error
        if len(body) < length:
            detail = f"The body ended after {len(body)} of {length} bytes"
            raise Problem(HTTPStatus.BAD_REQUEST, detail, "send as many as Content-Length says")
        return body

    def _forward(self, body: bytes) -> Answer:
        try:
            answer = self._call(body)
        except TimeoutError as error:
            detail = f"The API did not answer within {_ANSWER_SECONDS:.0f} s"
            fix = "look whether it was done, then try again"
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, detail, fix) from error
        except (OSError, http.client.HTTPException) as error:
            detail = f"The emulator does not answer ({error})"
            fix = "read its log, then `make up` again"
            raise Problem(HTTPStatus.BAD_GATEWAY, detail, fix) from error
        problem = of_the_gateway(answer, self.path)
        if problem:
            raise problem
        return answer

    def _call(self, body: bytes) -> Answer:
        emulator = http.client.HTTPConnection(
            LOOPBACK, self._front.emulator_port, timeout=_ANSWER_SECONDS
        )
        with closing(emulator):
            path = f"{self._front.api_path}{self.path}"
            emulator.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in _end_to_end(self.headers.items()):
                emulator.putheader(name, value)
            emulator.endheaders(body)
            response = emulator.getresponse()
            return Answer(response.status, _end_to_end(response.getheaders()), response.read())

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        has_body = self.command != "HEAD" and answer.status not in _WITHOUT_BODY
        if has_body:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body:
            self.wfile.write(answer.body)

    def _drain(self) -> None:
        """Take what is still being sent: closing before would tear the answer from the client."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_DRAIN_SECONDS)
            left = _DRAIN_BYTES
            while left > 0 and (taken := self.rfile.read1(_AT_ONCE)):
                left -= len(taken)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Tell what the server itself refuses, a malformed request line say, as a problem too."""
        self.close_connection = True
        self.request_version = self.protocol_version  # Not known yet, and told in any case.
        self.command = ""
        told = HTTPStatus(code)
        # A version that is not served is the caller's fault: nothing here has failed.
        status = HTTPStatus.BAD_REQUEST if told.is_server_error else told
        detail = explain or message or told.description
        problem = Problem(status, detail, "send a valid HTTP/1.1 request")
        self._send(problem.answer())
        self._drain()

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for what a person has to read."""


def _end_to_end(headers: Any) -> Headers:
    named = [(name, value) for name, value in headers]
    listed = ",".join(value for name, value in named if name.lower() == "connection")
    dropped = _HOP_BY_HOP | {name.strip().lower() for name in listed.split(",")}
    return [(name, value) for name, value in named if name.lower() not in dropped]
