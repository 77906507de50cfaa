"""Nodes and the gateway that they call: events as API Gateway makes them, the app behind.

A node holds its own key. Its calls are held to the API's policy, the issuer's to that of its own.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from ulid import ULID

from app import app
from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring import nodes as wiring
from chalicelib.functions.wiring.container import Container, container
from chalicelib.nodes.authority import renewal
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.service import DeviceName, IssuedCertificate
from chalicelib.nodes.certificates.certificate import Certificate
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.store import CertificateStore
from infra.local.nodes_event import Asked, event
from infra.local.routes import Routes
from tests.functions.invoke import Context
from tests.permissions.policies import acting_as
from tests.support.world import World

ORIGIN = "nodes.palyra.local"
ROUTES = Routes({path: list(methods) for path, methods in app.routes.items()})


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any

    @property
    def code(self) -> str:
        """What kind of problem it is."""
        return str(self.body["type"]).rpartition(":")[2]


@dataclass
class Gateway:
    """The nodes origin, and what tests do behind it."""

    world: World

    @property
    def of(self) -> Container:
        return container()

    def invoke(self, told: dict[str, Any]) -> dict[str, Any]:
        """Hand an event to the app, as Lambda does."""
        with acting_as("api"):
            answer: dict[str, Any] = app(json.loads(json.dumps(told)), Context())
        return answer

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        certificate: bytes | None,
        origin: str = ORIGIN,
        headers: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Reply:
        """Make a call; `context` replaces what stands in the event's identity."""
        found = ROUTES.find(path)
        assert found is not None
        sent = {"Content-Type": "application/json", "Host": origin} | dict(headers or {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        asked = Asked(method, path, list(sent.items()), content, *found, "192.0.2.7")
        told = event(asked, certificate, origin)
        told["requestContext"]["identity"] |= context
        answer = self.invoke(told)
        return Reply(answer["statusCode"], json.loads(answer["body"] or "null"))

    def issue(self, node: "Node", session: str = "") -> IssuedCertificate:
        """Issue a node's first certificate, as an approved pairing does."""
        request = NodeRequest.read(node.csr(), node.id)
        name = DeviceName(node.owner, node.id, node.kind, "garage pi")
        return issuing.issuer(self.of).issue(
            request, name, session or str(ULID()), self.world.clock.now()
        )

    def activate(self, node: "Node") -> Device:
        """Let a node's offered certificate count, as its first call does."""
        device = self.device(node)
        certificate = self.certificate(node, device.offered)
        devices = wiring.devices(self.of)
        return devices.activate(device, certificate, self.world.clock.now())

    def node(self, owner: str = "main", device_id: str = "", kind: str = "daemon") -> "Node":
        """Return a node that is paired."""
        node = Node(self, owner, device_id or str(ULID()), kind=kind)
        node.takes(self.issue(node))
        self.activate(node)
        return node

    def device(self, node: "Node") -> Device:
        return wiring.devices(self.of).get(node.owner, node.id)

    def certificate(self, node: "Node", fingerprint: str = "") -> Certificate:
        found = CertificateStore().certificate(node.owner, node.id, fingerprint or node.fingerprint)
        assert found is not None
        return found

    def revoke(self, node: "Node", reason: str = "lost") -> Device:
        devices = wiring.devices(self.of)
        now = self.world.clock.now()
        return devices.revoke(node.owner, node.id, reason, "token:laptop", now)

    def clear(self, node: "Node") -> Device:
        devices = wiring.devices(self.of)
        now = self.world.clock.now()
        return devices.clear(node.owner, node.id, "found again", "token:laptop", now)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def a_request(key: Any, *attributes: x509.NameAttribute[str], **how: Any) -> str:
    """Return a signing request as PEM; `extensions` are added to it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    for extension in how.get("extensions", ()):
        builder = builder.add_extension(extension, critical=True)
    algorithm = how.get("algorithm", hashes.SHA256())
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


def common_name(name: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, name)


@dataclass
class Node:
    """A device: its key, and the certificate that it calls with."""

    gateway: Gateway
    owner: str
    id: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    pem: str = ""
    kind: str = "daemon"

    def csr(self) -> str:
        return a_request(self.key)

    def takes(self, issued: IssuedCertificate) -> None:
        self.pem = issued.pem

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.pem.encode())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def path(self, what: str) -> str:
        return f"/v1/nodes/{self.id}/{what}"

    def call(self, method: str, what: str, body: Any = None, **how: Any) -> Reply:
        return self.gateway.call(method, self.path(what), body, **({"certificate": self.der} | how))

    def whoami(self, **how: Any) -> Reply:
        return self.call("GET", "whoami", **how)

    def renewal(
        self, key: ec.EllipticCurvePrivateKey | None = None, told: Any = None
    ) -> tuple["Node", dict[str, str]]:
        """Return the node with its next key, and what it asks for its certificate with."""
        told = told or self.call("POST", "nonce").body
        following = Node(self.gateway, self.owner, self.id, key or new_key())
        request = NodeRequest.read(following.csr(), self.id)
        text = renewal.signed_text(told["gateway_id"], request, told["nonce"])
        proof = following.key.sign(text, ec.ECDSA(hashes.SHA256()))
        return following, {
            "csr_pem": request.pem,
            "nonce": told["nonce"],
            "proof": base64.urlsafe_b64encode(proof).decode().rstrip("="),
        }

    def renewed(self) -> "Node":
        """Return the node with its next certificate, which was not used yet."""
        following, asked = self.renewal()
        reply = self.call("POST", "renew", asked)
        assert reply.status == 200, reply
        following.pem = reply.body["certificate_pem"]
        return following
