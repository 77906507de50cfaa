"""Clients that are slow, idle, or say two things at once: they hold up nobody, and get nothing."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from infra.local import nodes_front
from infra.local.connections import Connections, Timed
from tests.nodes.front.client import REFUSED, Front, ask
from tests.nodes.gateway import Node

MANY = 8


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_front, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(nodes_front, "MOST_CONNECTIONS", MANY)


@pytest.fixture
def node(front: Front) -> Node:
    return front.gateway.node()


def secured(front: Front, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(front.raw(), server_hostname="localhost")


def head(node: Node, what: str, *lines: str, method: str = "POST") -> bytes:
    first = f"{method} {node.path(what)} HTTP/1.1"
    return "\r\n".join((first, "Host: localhost", *lines, "", "")).encode()


def answers(connection: ssl.SSLSocket) -> bytes:
    """Return all that comes before the connection is closed."""
    found = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except REFUSED:
            return found
        if not piece:
            return found
        found += piece


def statuses(text: bytes) -> list[int]:
    return [int(each[:3]) for each in text.split(b"HTTP/1.1 ")[1:]]


class TestSlow:
    def test_a_body_that_drips_is_refused_in_time(self, front: Front, node: Node) -> None:
        with secured(front, front.tls(node)) as connection:
            connection.sendall(head(node, "nonce", "Content-Length: 1000"))
            begun = time.monotonic()
            connection.settimeout(0.05)
            for _ in range(100):
                connection.sendall(b" ")
                try:
                    told = connection.recv(65_536)
                except TimeoutError:
                    continue
                break
            assert time.monotonic() - begun < 4
            assert statuses(told) == [408]

    def test_headers_that_drip_are_hung_up_on_in_time(self, front: Front, node: Node) -> None:
        with secured(front, front.tls(node)) as connection:
            connection.sendall(head(node, "whoami", method="GET")[:-2])
            connection.settimeout(0.05)
            begun = time.monotonic()
            while time.monotonic() - begun < 10:
                try:
                    connection.sendall(b"X-A: 1\r\n")
                    if connection.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except REFUSED:
                    break
            assert time.monotonic() - begun < 4

    def test_a_body_that_ends_early_is_refused(self, front: Front, node: Node) -> None:
        with secured(front, front.tls(node)) as connection:
            connection.sendall(head(node, "nonce", "Content-Length: 1000") + b"{}")
            assert statuses(answers(connection)) == [408]


class TestIdle:
    def test_more_handshakes_than_there_is_room_for_hold_up_nobody(
        self, front: Front, node: Node
    ) -> None:
        with ExitStack() as stack:
            waiting = [stack.enter_context(front.raw()) for _ in range(3 * MANY)]
            assert front.whoami(node).status == 200
            assert len(waiting) == 3 * MANY

    def test_one_that_keeps_all_connections_idle_holds_up_nobody(
        self, front: Front, node: Node
    ) -> None:
        other = front.gateway.node()
        context = front.tls(other)
        with ExitStack() as stack:
            for _ in range(2 * MANY):
                stack.enter_context(secured(front, context))
            assert front.whoami(node).status == 200

    def test_a_connection_is_used_again_after_an_answer(self, front: Front, node: Node) -> None:
        with front.connected(front.tls(node)) as connection:
            for _ in range(3):
                assert ask(connection, "GET", node.path("whoami")).status == 200


BOTH = ("Content-Length: 2", "Transfer-Encoding: chunked")
SMUGGLED = {
    "a length and chunks": BOTH,
    "chunks and a length": BOTH[::-1],
    "chunks": BOTH[1:],
    "chunks by another name": ("Transfer-Encoding: xchunked", "Content-Length: 2"),
    "chunks on two lines": ("Transfer-Encoding:", " chunked", "Content-Length: 2"),
    "chunks with a space": ("Transfer-Encoding : chunked", "Content-Length: 2"),
    "two lengths": ("Content-Length: 2", "Content-Length: 200"),
    "a length twice": ("Content-Length: 2", "Content-Length: 2"),
    "a list of lengths": ("Content-Length: 2, 200",),
    "a length with a sign": ("Content-Length: +2",),
    "a length below nothing": ("Content-Length: -2",),
    "a length in other digits": ("Content-Length: \u0662".encode().decode("latin-1"),),
    "a length of hexadecimal digits": ("Content-Length: 0x2",),
    "two hosts": ("Host: other", "Content-Length: 2"),
}


@pytest.mark.parametrize("lines", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_a_request_in_a_requests_body_is_never_answered(
    front: Front, node: Node, lines: tuple[str, ...]
) -> None:
    inner = head(node, "revoke-self", "Content-Length: 2") + b"{}"
    with secured(front, front.tls(node)) as connection:
        connection.sendall(head(node, "nonce", *lines).decode().encode("latin-1"))
        connection.sendall(b"{}" + inner)
        found = statuses(answers(connection))
    assert len(found) == 1
    assert 400 <= found[0] < 500
    assert front.gateway.device(node).state == "active"


OTHERS = {
    "two slashes": "/v1//nodes/{}/whoami",
    "slashes before": "//v1/nodes/{}/whoami",
    "a slash behind": "/v1/nodes/{}/whoami/",
    "a dot": "/v1/nodes/./{}/whoami",
    "two dots": "/v1/nodes/{own}/../{}/whoami",
    "encoded dots": "/v1/nodes/{own}/%2e%2e/{}/whoami",
    "an encoded slash": "/v1/nodes/{own}%2f..%2f{}/whoami",
    "a parameter": "/v1/nodes/{};{own}/whoami",
    "an encoded zero": "/v1/nodes/{}%00/whoami",
    "encoded": "/v1/nodes/%30{tail}/whoami",
    "lower case": "/v1/nodes/{low}/whoami",
    "a query": "/v1/nodes/{}/whoami?device_id={own}",
    "a whole address": "https://127.0.0.1/v1/nodes/{}/whoami",
    "a backslash": "/v1/nodes/{own}\\..\\{}/whoami",
}


@pytest.mark.parametrize("target", OTHERS.values(), ids=OTHERS.keys())
def test_no_way_of_writing_a_path_leads_to_another_device(
    front: Front, node: Node, target: str
) -> None:
    other = front.gateway.node()
    path = target.format(other.id, own=node.id, tail=other.id[1:], low=other.id.lower())
    with secured(front, front.tls(node)) as connection:
        lines = (f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", "", "")
        connection.sendall("\r\n".join(lines).encode())
        told = answers(connection)
    (status,) = statuses(told)
    assert 400 <= status < 500
    assert b'"owner"' not in told


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_makes_no_method_another_one(front: Front, node: Node, name: str) -> None:
    with front.connected(front.tls(node)) as connection:
        reply = ask(connection, "GET", node.path("whoami"), headers={name: "POST"})
        assert reply.status == 200
        refused = ask(connection, "GET", node.path("revoke-self"), headers={name: "POST"})
    assert refused.status == 405
    assert front.gateway.device(node).state == "active"


class TestConnections:
    @pytest.fixture
    def pair(self) -> Iterator[tuple[socket.socket, socket.socket]]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            yield ours, theirs

    def test_what_is_being_answered_is_not_ended_for_another(
        self, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        connections, (ours, theirs) = Connections(1), pair
        assert connections.enter(ours)
        connections.works(ours)
        assert not connections.enter(theirs)
        connections.waits(ours)
        assert connections.enter(theirs)
        assert theirs.recv(1) == b""  # It was hung up on.

    def test_what_has_left_takes_no_room(self, pair: tuple[socket.socket, socket.socket]) -> None:
        connections, (ours, theirs) = Connections(1), pair
        assert connections.enter(ours)
        connections.leave(ours)
        assert connections.enter(theirs)
        ours.send(b"x")
        assert theirs.recv(1) == b"x"

    def test_nothing_is_read_before_a_request_may_begin(
        self, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        timed = Timed(pair[0])
        assert timed.readable()
        with pytest.raises(TimeoutError, match="in time"):
            timed.readinto(bytearray(1))
        timed.begin(1, 1)
        pair[1].send(b"x")
        assert timed.readinto(bytearray(1)) == 1
