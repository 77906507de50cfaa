"""The console over HTTP, below a prefix as API Gateway has one: the real app, on a test's world."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from chalice.config import Config
from chalice.local import LocalGateway

from app import app
from tests.support.world import TestClock

PREFIX = "/api"


@dataclass
class Served:
    """Where the console is, and what was asked of it: path and status."""

    url: str
    clock: TestClock
    is_down: bool = False
    answers: list[tuple[str, int]] = field(default_factory=list)

    def statuses(self, path: str) -> list[int]:
        """Return what a path was answered with, oldest first."""
        return [status for asked, status in self.answers if asked == path]


@contextmanager
def serving(clock: TestClock) -> Iterator[Served]:
    """Serve for as long as the block."""
    server = _Server(clock)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield server.served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, clock: TestClock) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.served = Served(f"http://127.0.0.1:{self.server_port}{PREFIX}/", clock)
        self.gateway = LocalGateway(app, Config.create())
        # A Lambda container answers one request at a time, too.
        self.lock = threading.Lock()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        server = cast("_Server", self.server)
        path = self.path.removeprefix(PREFIX)
        answer: dict[str, Any]
        if path == self.path:
            answer = {"statusCode": 403, "headers": {}, "body": "the gateway has no such stage"}
        elif server.served.is_down:
            answer = {"statusCode": 502, "headers": {}, "body": "the function does not answer"}
        else:
            with server.lock:
                answer = server.gateway.handle_request(self.command, path, dict(self.headers), body)
        server.served.answers.append((path, answer["statusCode"]))
        self._send(answer)

    def _send(self, answer: dict[str, Any]) -> None:
        body = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the terminal for the tests."""
