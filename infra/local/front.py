"""The HTTP front: API and console under one clean origin, `http://127.0.0.1:PORT`.

A proxy in API Gateway's place. Method, path (byte for byte), query, headers and body go to the
deployed API as they came, and its answers come back as they are. What does not come from the app
is told as a problem (RFC 9457): a path that no route has, a function that failed, an emulator that
does not answer. Requests for another host are refused, so that no web page can reach the API by a
name of its own that resolves to loopback.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from infra.local.answer import Answer, Headers
from infra.local.place import LOOPBACK, Place
from infra.local.problem import Problem, of_the_gateway

_LARGEST_BODY = 10 * 1024 * 1024  # API Gateway's.
_ANSWER_SECONDS = 35.0  # API Gateway gives up after 29.
_IDLE_SECONDS = 75.0
_POLL_SECONDS = 0.05
_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
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
def serving(place: Place, api_path: str) -> Iterator[None]:
    """Serve for as long as the block."""
    front = _Front(place, api_path)
    thread = threading.Thread(target=front.serve_forever, args=[_POLL_SECONDS], daemon=True)
    thread.start()
    try:
        yield
    finally:
        front.shutdown()
        front.server_close()


class _Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: Place, api_path: str) -> None:
        self.emulator_port = place.emulator_port
        self.api_path = api_path
        super().__init__((LOOPBACK, place.port), _Request)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def _answer(self) -> None:
        try:
            self._refuse_what_gateway_would()
            answer = self._forward(self.rfile.read(self._length()))
        except Problem as problem:
            answer = problem.answer()
            self.close_connection = True  # Its body may not have been read.
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815  the names that it calls

    def _refuse_what_gateway_would(self) -> None:
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in _OWN_HOSTS:
            detail = f"This front answers for {LOOPBACK} and localhost only, not for {host!r:.80}"
            raise Problem(HTTPStatus.MISDIRECTED_REQUEST, detail)
        if not self.path.startswith("/") or not self.path.isascii():
            raise Problem(HTTPStatus.BAD_REQUEST, "The path must begin with / and be URL-encoded")
        if "Transfer-Encoding" in self.headers:
            raise Problem(HTTPStatus.LENGTH_REQUIRED, "Send the body whole, with a Content-Length")
        if self._length() > _LARGEST_BODY:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A body may have 10 MB at most")

    def _length(self) -> int:
        text = self.headers.get("Content-Length", "0")
        if not text.isdecimal():
            raise Problem(HTTPStatus.BAD_REQUEST, f"Content-Length is {text!r:.40}: not a number")
        return int(text)

    def _forward(self, body: bytes) -> Answer:
        try:
            answer = self._call(body)
        except TimeoutError as error:
            detail = f"The API did not answer within {_ANSWER_SECONDS:.0f} s"
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, detail) from error
        except (OSError, http.client.HTTPException) as error:
            detail = f"The emulator does not answer ({error}). Read emulator.log; `make up` anew"
            raise Problem(HTTPStatus.BAD_GATEWAY, detail) from error
        problem = of_the_gateway(answer, f"{self.command} {self.path}")
        if problem:
            raise problem
        return answer

    def _call(self, body: bytes) -> Answer:
        front = cast("_Front", self.server)
        emulator = http.client.HTTPConnection(
            LOOPBACK, front.emulator_port, timeout=_ANSWER_SECONDS
        )
        with closing(emulator):
            path = f"{front.api_path}{self.path}"
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

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Tell what the server itself refuses, a malformed request line say, as a problem too."""
        self.close_connection = True
        self.request_version = self.protocol_version  # Not known yet, and told in any case.
        problem = Problem(HTTPStatus(code), explain or message or "")
        self._send(problem.answer())

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for what a person has to read."""


def _end_to_end(headers: Any) -> Headers:
    named = [(name, value) for name, value in headers]
    listed = ",".join(value for name, value in named if name.lower() == "connection")
    dropped = _HOP_BY_HOP | {name.strip().lower() for name in listed.split(",")}
    return [(name, value) for name, value in named if name.lower() not in dropped]
