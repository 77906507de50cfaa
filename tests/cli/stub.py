"""An API that answers as it is told: with what the real one cannot be made to do on demand."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    """A request that came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


class Told(NamedTuple):
    """An answer; one without a status is lost on its way."""

    status: int
    document: Any


LOST = Told(0, None)
NOT_FOUND = Told(404, {"status": 404, "detail": "there is no such thing"})


@dataclass
class Stub:
    """Answers, each route's in order; the last of them stays. All GETs have ETags."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    _told: dict[tuple[str, str], list[Told]] = field(default_factory=dict)

    def tells(self, method: str, path: str, *answers: Any, status: int = 200) -> None:
        """Answer a route with these documents from now on."""
        told = [each if isinstance(each, Told) else Told(status, each) for each in answers]
        self._told[method, path] = told

    def orders(self) -> list[Asked]:
        """Return what came and was no GET."""
        return [asked for asked in self.asked if asked.method != "GET"]

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        answers = self._told.get((asked.method, asked.path), [NOT_FOUND])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def stubbed() -> Iterator[Stub]:
    """Run a stub on a loopback port for as long as the block."""
    stub = Stub()

    class Request(_Request):
        api = stub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Request(BaseHTTPRequestHandler):
    api: Stub

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(sent) if sent else None
        asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), headers, body)
        told = self.api.answer(asked)
        if told is LOST:
            self.close_connection = True
            return
        content = json.dumps(told.document).encode()
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            self._send(304, b"", etag)
        else:
            self._send(told.status, content, etag)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that it calls

    def _send(self, status: int, content: bytes, etag: str) -> None:
        self.send_response_only(status)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the test."""
