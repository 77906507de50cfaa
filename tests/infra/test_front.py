"""The front before an API that answers as it is told, and shows what it was sent."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from infra.local import front
from infra.local.place import LOOPBACK, Place

API = "/restapis/abc/api/_user_request_"


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = f"{self.command} {self.path}"
        self.server.seen.append((asked, self.headers.items(), self.rfile.read(length)))  # type: ignore[attr-defined]
        status, headers, body = self.server.answers.pop(0)  # type: ignore[attr-defined]
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.seen: list[tuple[str, list[tuple[str, str]], bytes]] = []
        self.answers: list[tuple[int, list[tuple[str, str]], bytes]] = []
        super().__init__((LOOPBACK, port), Upstream)


@pytest.fixture
def api(place: Place) -> Iterator[Api]:
    with Api(place.emulator_port) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(place: Place) -> Iterator[httpx.Client]:
    with front.serving(place, API), httpx.Client(base_url=place.url) as opened:
        yield opened


def raw(place: Place, request: bytes) -> bytes:
    with socket.create_connection((LOOPBACK, place.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_request_arrives_as_it_was_sent(client: httpx.Client, api: Api, method: str) -> None:
    api.answers.append((200, [], b"ok"))

    answer = client.request(
        method, "/v1/jobs?a=1&a=%202", content=b"\x00body", headers={"X-A": "b"}
    )

    assert (answer.status_code, answer.content) == (200, b"ok")
    asked, headers, body = api.seen[0]
    assert asked == f"{method} {API}/v1/jobs?a=1&a=%202"
    assert body == b"\x00body"
    assert ("X-A", "b") in headers
    assert ("Host", client.base_url.netloc.decode()) in headers


@pytest.mark.usefixtures("client")
def test_a_path_is_forwarded_byte_for_byte(place: Place, api: Api) -> None:
    api.answers.append((200, [], b""))

    line = b"GET /a%2Fb/%c3%A4//..;x?y=%2f HTTP/1.1"
    raw(place, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert api.seen[0][0] == f"GET {API}/a%2Fb/%c3%A4//..;x?y=%2f"


def test_an_answer_comes_back_as_it_was_given(client: httpx.Client, api: Api) -> None:
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    api.answers.append((201, [*cookies, ("ETag", '"x"'), ("Keep-Alive", "timeout=5")], b"\xff"))

    answer = client.get("/")

    assert (answer.status_code, answer.content) == (201, b"\xff")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["etag"] == '"x"'
    assert "keep-alive" not in answer.headers


def test_answers_without_a_body_have_none(client: httpx.Client, api: Api) -> None:
    api.answers += [(304, [("ETag", '"x"')], b""), (200, [("Content-Length", "7")], b"")]

    assert client.get("/").content == b""
    assert client.head("/").headers["content-length"] == "7"


def test_problems_of_the_app_are_its_own(client: httpx.Client, api: Api) -> None:
    body = json.dumps({"title": "Denied", "status": 403, "detail": "no"}).encode()
    api.answers.append((403, [("Content-Type", "application/problem+json")], body))

    answer = client.get("/v1/jobs")

    assert (answer.status_code, answer.content) == (403, body)


@pytest.mark.parametrize(
    ("given", "headers", "message", "status", "detail"),
    [
        (
            403,
            [("x-amzn-ErrorType", "MissingAuthenticationTokenException")],
            "Missing Authentication Token",
            404,
            "The API has no route GET /v1/jobs",
        ),
        (502, [], "Internal server error", 502, "The function failed (Internal server error)"),
        (429, [], "Too Many Requests", 429, "Too Many Requests"),
    ],
)
def test_answers_of_the_gateway_are_told_as_problems(
    client: httpx.Client,
    api: Api,
    given: int,
    headers: list[tuple[str, str]],
    message: str,
    status: int,
    detail: str,
) -> None:
    api.answers.append((given, headers, json.dumps({"message": message}).encode()))

    answer = client.get("/v1/jobs")

    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)


def test_an_emulator_that_is_gone_is_told_as_a_problem(client: httpx.Client) -> None:
    answer = client.get("/v1/jobs")

    assert answer.status_code == 502
    assert "The emulator does not answer" in answer.json()["detail"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        (b"GET / HTTP/1.1", b"Host: rebound.example", 421),
        (b"GET / HTTP/1.1", b"Accept: */*", 421),
        (b"GET http://elsewhere/ HTTP/1.1", b"Host: localhost", 400),
        (b"GET /\xc3\xa4 HTTP/1.1", b"Host: localhost", 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: 1x", 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: 10485761", 413),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nTransfer-Encoding: chunked", 411),
        (b"BREW / HTTP/1.1", b"Host: localhost", 501),
        (b"GET / HTTP/9.9", b"Host: localhost", 505),
        (b"nonsense", b"", 400),
    ],
)
def test_what_is_no_request_to_the_api_is_refused_as_a_problem(
    place: Place, request_line: bytes, header: bytes, status: int
) -> None:
    answer = raw(place, request_line + b"\r\n" + header + b"\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.splitlines()[0]
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
