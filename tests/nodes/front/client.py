"""A client of the front: real sockets, real handshakes."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from infra.local.place import LOOPBACK, Place
from tests.nodes.gateway import Gateway, Node, Reply

# In TLS 1.3 a client is told of a refusal when it first reads, in TLS 1.2 in the handshake.
REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)


@dataclass
class Front:
    """The front as a client sees it."""

    gateway: Gateway
    place: Place

    def tls(
        self, node: Node | None = None, *, certificate: bytes | None = None, key: Any = None
    ) -> ssl.SSLContext:
        """Return a client's settings: it knows the front, and shows a certificate if it has one."""
        context = ssl.create_default_context(cafile=str(self.place.nodes_certificate))
        if node is not None:
            der = certificate or node.der
            file = self.place.state / "client.pem"
            pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
            private = (key or node.key).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
            file.write_bytes(private + pem)
            context.load_cert_chain(file)
        return context

    @contextmanager
    def connected(self, context: ssl.SSLContext) -> Iterator[http.client.HTTPSConnection]:
        connection = http.client.HTTPSConnection(
            LOOPBACK, self.place.node_port, context=context, timeout=20
        )
        with closing(connection):
            yield connection

    def whoami(self, node: Node, context: ssl.SSLContext | None = None, **headers: str) -> Reply:
        with self.connected(context or self.tls(node)) as connection:
            return ask(connection, "GET", node.path("whoami"), headers=headers)

    def raw(self) -> socket.socket:
        """Return a connection on which nothing was said yet."""
        return socket.create_connection((LOOPBACK, self.place.node_port), timeout=20)


def ask(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    sent = {"Content-Type": "application/json"} | (headers or {})
    connection.request(method, path, body=body, headers=sent)
    answer = connection.getresponse()
    return Reply(answer.status, json.loads(answer.read() or b"null"))
