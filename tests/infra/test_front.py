"""The front before an API that answers as it is told, and shows what it was sent."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from infra.local import front
from infra.local.place import LOOPBACK, Place
from infra.local.routes import Routes

EVERY = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
ROUTES = Routes({"/": ["GET"], "/v1/jobs": ["GET", "POST"], "/any/{id}": ["ANY"]})
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
    with front.serving(place, API, ROUTES), httpx.Client(base_url=place.url) as opened:
        yield opened


def raw(place: Place, request: bytes, *, is_whole: bool = False) -> bytes:
    """Send bytes; `is_whole` says that there is nothing to come."""
    with socket.create_connection((LOOPBACK, place.port), timeout=5) as connection:
        connection.sendall(request)
        if is_whole:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("method", [each for each in EVERY if each != "HEAD"])
def test_a_request_arrives_as_it_was_sent(client: httpx.Client, api: Api, method: str) -> None:
    api.answers.append((200, [], b"ok"))

    answer = client.request(method, "/any/x?a=1&a=%202", content=b"\x00body", headers={"X-A": "b"})

    assert (answer.status_code, answer.content) == (200, b"ok")
    asked, headers, body = api.seen[0]
    assert asked == f"{method} {API}/any/x?a=1&a=%202"
    assert body == b"\x00body"
    assert ("X-A", "b") in headers
    assert ("Host", client.base_url.netloc.decode()) in headers


@pytest.mark.usefixtures("client")
def test_a_path_is_forwarded_byte_for_byte(place: Place, api: Api) -> None:
    api.answers.append((200, [], b""))

    line = b"GET /any//%c3%A4%20..;x?y=%2f|{ HTTP/1.1"
    raw(place, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert api.seen[0][0] == f"GET {API}/any//%c3%A4%20..;x?y=%2f|{{"


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
    assert client.head("/any/x").headers["content-length"] == "7"


def test_problems_of_the_app_are_its_own(client: httpx.Client, api: Api) -> None:
    body = json.dumps({"title": "Denied", "status": 403, "detail": "no"}).encode()
    api.answers.append((403, [("Content-Type", "application/problem+json")], body))

    answer = client.get("/v1/jobs")

    assert (answer.status_code, answer.content) == (403, body)


def test_a_page_of_the_app_is_its_own_whatever_its_status(client: httpx.Client, api: Api) -> None:
    api.answers.append((404, [("Content-Type", "text/html; charset=utf-8")], b"<h1>No such run"))

    assert client.get("/any/x").content == b"<h1>No such run"


def test_a_path_that_no_route_has_is_not_found(client: httpx.Client, api: Api) -> None:
    for method in ("GET", "PUT", "TRACE", "BREW"):
        answer = client.request(method, "/v1/nothing?a=b")
        assert problem(answer, 404)["type"] == "urn:palyra:problem:not-found"
        assert answer.json()["detail"] == "The API has no path /v1/nothing"

    assert api.seen == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_a_method_that_a_path_does_not_have_is_not_allowed(
    client: httpx.Client, api: Api, method: str
) -> None:
    answer = client.request(method, "/v1/jobs?a=b")

    told = problem(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    assert told["detail"] == f"/v1/jobs does not take {method}"
    assert told["fix"] == "use one of: GET, POST"
    assert api.seen == []


def test_a_refused_head_has_no_body(client: httpx.Client) -> None:
    answer = client.head("/v1/jobs")

    assert (answer.status_code, answer.content) == (405, b"")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/any/a%2Fb", "/any/%2f", "/any%2Fb", "/v1%2Fjobs", "/any/"])
def test_an_encoded_slash_begins_no_segment(client: httpx.Client, api: Api, path: str) -> None:
    problem(client.get(path), 404)

    assert api.seen == []


@pytest.mark.parametrize(
    ("given", "headers", "body", "status", "detail"),
    [
        (
            403,
            [("x-amzn-ErrorType", "MissingAuthenticationTokenException")],
            b'{"message": "Missing Authentication Token"}',
            404,
            "The API has no path /v1/jobs",
        ),
        (502, [], b'{"message": "Internal server error"}', 502, "The function failed (Internal"),
        (500, [], b"", 502, "The function failed ()"),
        (504, [], b'{"message": "Endpoint request timed out"}', 504, "Endpoint request timed out"),
        (413, [], b'{"Message": "Request Too Long"}', 413, "Request Too Long"),
        (415, [], b'{"message": "Unsupported Media Type"}', 415, "Unsupported Media Type"),
        (429, [], b'{"message": "Too Many Requests"}', 429, "Too Many Requests"),
        (400, [("Content-Type", "text/plain")], b"bad", 400, "bad"),
        (400, [], b"[]", 400, "Bad Request"),
        (499, [], b"", 502, "The gateway answered 499"),
    ],
)
def test_answers_of_the_gateway_are_told_as_problems(
    client: httpx.Client,
    api: Api,
    given: int,
    headers: list[tuple[str, str]],
    body: bytes,
    status: int,
    detail: str,
) -> None:
    api.answers.append((given, headers, body))

    told = problem(client.get("/v1/jobs"), status)

    assert told["detail"].startswith(detail)


def test_an_emulator_that_is_gone_is_told_as_a_problem(client: httpx.Client) -> None:
    told = problem(client.get("/v1/jobs"), 502)

    assert "The emulator does not answer" in told["detail"]
    assert "make up" in told["fix"]


def test_an_api_that_takes_too_long_is_told_as_a_problem(
    client: httpx.Client, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(front, "_ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(Upstream, "do_GET", lambda _: released.wait(5))

    told = problem(client.get("/v1/jobs"), 504)

    released.set()
    assert "did not answer" in told["detail"]
    assert api.seen == []


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        (b"GET / HTTP/1.1", b"Host: rebound.example", 421),
        (b"GET / HTTP/1.1", b"Host: localhost:8400@rebound.example", 421),
        (b"GET / HTTP/1.1", b"Accept: */*", 421),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nHost: localhost", 400),
        (b"GET http://elsewhere/ HTTP/1.1", b"Host: localhost", 400),
        (b"GET * HTTP/1.1", b"Host: localhost", 400),
        (b"GET /a b HTTP/1.1", b"Host: localhost", 400),
        (b"GET /a#b HTTP/1.1", b"Host: localhost", 400),
        (b"GET /%zz HTTP/1.1", b"Host: localhost", 400),
        (b"GET /\x00 HTTP/1.1", b"Host: localhost", 400),
        (b"GET /\xc3\xa4 HTTP/1.1", b"Host: localhost", 400),
        (b"GET /?\xc3\xa4 HTTP/1.1", b"Host: localhost", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nno colon", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nA name: x", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\n: x", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nX: a\r\n folded", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nX: a\x00b", 400),
        (b"GET / HTTP/1.1", b"Host: localhost\r\n" + b"X: a\r\n" * 200, 431),
        (b"GET / HTTP/1.1", b"Host: localhost\r\nX: " + b"a" * 70_000, 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", b"Host: localhost", 414),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: 1x", 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: -1", 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: " + b"9" * 5000, 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nContent-Length: 10485761", 413),
        (b"POST / HTTP/1.1", b"Host: localhost\r\nTransfer-Encoding: chunked", 411),
        (b"BREW / HTTP/1.1", b"Host: localhost", 405),
        (b"get / HTTP/1.1", b"Host: localhost", 405),
        (b"GET / HTTP/9.9", b"Host: localhost", 400),
        (b"GET /", b"Host: localhost", 400),
        (b"nonsense", b"", 400),
        (b" ", b"", 400),
        (b"\xa0\x85", b"Host: localhost", 400),
        (b"\r\n\r\nGET / HTTP/1.1", b"Host: localhost", 400),
    ],
)
def test_what_is_no_request_to_the_api_is_refused_as_a_problem(
    place: Place, request_line: bytes, header: bytes, status: int
) -> None:
    head, body = told(raw(place, request_line + b"\r\n" + header + b"\r\n\r\n"))

    assert f" {status} " in head.splitlines()[0]
    assert "application/problem+json" in head
    assert body["status"] == status
    assert body["type"].startswith("urn:palyra:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["fix"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
def test_an_empty_line_before_a_request_does_not_count(place: Place, api: Api, line: bytes) -> None:
    api.answers.append((200, [], b"ok"))

    answer = raw(place, line + b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert answer.endswith(b"\r\n\r\nok")


@pytest.mark.usefixtures("client")
def test_who_says_nothing_is_told_nothing(place: Place) -> None:
    assert raw(place, b"", is_whole=True) == raw(place, b"\r\n", is_whole=True) == b""


@pytest.mark.usefixtures("client")
def test_a_body_that_ends_early_is_refused(place: Place) -> None:
    request = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"

    head, body = told(raw(place, request, is_whole=True))

    assert " 400 " in head.splitlines()[0]
    assert body["detail"] == "The body ended after 4 of 9 bytes"


@pytest.mark.usefixtures("client")
def test_a_body_that_does_not_come_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front.Handler, "timeout", 0.05)
    request = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"

    head, _ = told(raw(place, request))

    assert " 408 " in head.splitlines()[0]


def test_who_sends_too_much_is_told_so_nevertheless(client: httpx.Client, api: Api) -> None:
    told = problem(client.post("/v1/jobs", content=bytes(11 * 1024 * 1024)), 413)

    assert "10485760" in told["detail"]
    assert api.seen == []


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return what an answer tells, which must be a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == status
    assert content["type"].startswith("urn:palyra:problem:")
    assert content["title"]
    return content


def told(answer: bytes) -> tuple[str, dict[str, Any]]:
    """Return the head of a raw answer, and its body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)
