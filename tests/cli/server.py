"""The real API behind a loopback port, as API Gateway would serve it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from chalice.test import HTTPResponse

from tests.functions.http.api import _client


class _Request(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = dict(self.headers.items())
        self._send(_client().http.request(self.command, self.path, headers=headers, body=body))

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that it calls

    def _send(self, answer: HTTPResponse) -> None:
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.items():
            if isinstance(value, str) and name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the test."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the API for as long as the block; yield its address."""
    server = HTTPServer(("127.0.0.1", 0), _Request)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
