"""Both ends of a pairing: Palyra on moto, and a device that holds its own key."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ulid import ULID

from chalicelib.functions.wiring import nodes, pairing
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.store import JournalRow, JournalStore
from chalicelib.nodes.authority.authorities import Authorities
from chalicelib.nodes.authority.issuing import CertificateIssuer
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.claiming import Claimed, Proof
from chalicelib.nodes.pairing.deciding import Approval
from chalicelib.nodes.pairing.handshake import Begin, Begun, Requested
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import Minted, NewCode
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.runtime import NodeRuntimeState
from chalicelib.nodes.pairing.session import Origin, PairingSession
from chalicelib.settings import Settings
from chalicelib.signing import FileSigner
from cli.node import handshake as node
from tests.support.world import TestClock

ADMIN = "token:laptop"
HOME = Origin("203.0.113.7", "palyra-node/1")
POLL = timedelta(seconds=3)
URL = "https://api.example.com"


class MemoryTruststore:
    """What the front would trust."""

    def __init__(self) -> None:
        self.pem = ""

    def get(self) -> str:
        return self.pem

    def keep(self, pem: str) -> bool:
        is_other, self.pem = pem != self.pem, pem
        return is_other


def issuer(directory: Any) -> CertificateIssuer:
    """Return what issues certificates, with keys in files."""
    journal = JournalStore()
    authorities = Authorities(
        store=AuthorityStore(),
        signers={slot: FileSigner(directory / slot) for slot in ("a", "b")},
        truststore=MemoryTruststore(),
        journal=journal,
        random_bytes=os.urandom,
    )
    return CertificateIssuer(
        authorities=authorities,
        certificates=CertificateStore(),
        journal=journal,
        random_bytes=os.urandom,
    )


@contextmanager
def at_once(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Let several do something at once; each of their calls to AWS is one step, as it is there."""
    make, lock = BaseClient._make_api_call, Lock()

    def call(*args: Any) -> Any:
        with lock:
            return make(*args)

    with patch.object(BaseClient, "_make_api_call", call), ThreadPoolExecutor(threads) as pool:
        yield pool


class Waits:
    """A clock that notes who slept, and sleeps for nobody."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr(key: ec.EllipticCurvePrivateKey) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    public = key.public_key()
    digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize()


@dataclass
class Pairing:
    """Palyra's end, as a test of it needs it."""

    runtime: NodeRuntimeState
    clock: TestClock
    waits: Waits
    issuer: CertificateIssuer

    def mint(self, method: str = "pin", kind: str = "daemon", **more: Any) -> Minted:
        new = NewCode(
            method=PairingMethod(method),
            client_kind=ClientKind(kind),
            lasts=more.get("lasts", timedelta(minutes=10)),
            label=more.get("label", "garage pi"),
            url=URL,
        )
        return self.runtime.codes.mint(more.get("owner", "main"), more.get("by", ADMIN), new)

    def node(self, minted: Minted, **more: Any) -> "Node":
        """Return a device that was told a code."""
        told = (
            node.typed(minted.code.id, minted.pin)
            if minted.pin is not None
            else node.scanned(minted.qr or "")
        )
        return Node(self, told, **more)

    def pending(self, method: str = "pin", **more: Any) -> "Node":
        """Return a device that waits for a decision."""
        made = self.node(self.mint(method), **more)
        made.begin()
        made.hello()
        return made

    def approve(self, made: "Node", by: str = ADMIN, **more: Any) -> PairingSession:
        request = self.runtime.requests.get("main", made.session_id)
        approval = Approval(
            version=more.get("version", request.version),
            identity_fingerprint=more.get("fingerprint", request.spki_sha256),
            sas=more.get("sas", made.sas),
            replaces=more.get("replaces"),
            reason=more.get("reason", ""),
        )
        return self.runtime.requests.approve("main", by, made.session_id, approval)

    def activate(self, made: "Node") -> Any:
        """Let a device make its first call, as the gatekeeper would let it in."""
        store = CertificateStore()
        device = store.device("main", made.device_id)
        assert device is not None
        assert made.claimed is not None
        assert made.claimed.certificate is not None
        fingerprint = made.claimed.certificate.fingerprint
        certificate = store.certificate("main", made.device_id, fingerprint)
        assert certificate is not None
        return self.runtime.activation.activate(device, certificate)

    def paired(self, **more: Any) -> "Node":
        """Return a device that is a node."""
        made = self.pending(**more)
        self.approve(made)
        made.claim()
        self.activate(made)
        return made

    def state(self, made: "Node") -> str:
        stored = self.runtime.handshake.store.session(made.session_id)
        assert stored is not None
        return str(stored.session.standing(self.clock.now()))

    def events(self, kind: str) -> list[JournalRow]:
        return [row for row in JournalRow.scan() if row.kind == kind]


@dataclass
class Node:
    """A device: its key, what it was told, and where in its handshake it is."""

    palyra: Pairing
    told: node.Told
    origin: Origin = HOME
    kind: str = "daemon"
    device_id: str = field(default_factory=lambda: str(ULID()))
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    random_bytes: Callable[[int], bytes] = os.urandom
    proving: node.Proving | None = None
    trusted: node.Trusted | None = None
    claimed: Claimed | None = None

    def __post_init__(self) -> None:
        self.handshake = node.Handshake(
            self.told, node.Device(self.device_id, self.kind, spki(self.key)), self.random_bytes
        )

    def begin(self, **changes: Any) -> Begun:
        said = self.handshake.begin()
        asked = Begin(
            code_id=said["code_id"],
            method=PairingMethod(said["method"]),
            client_kind=ClientKind(said["client_kind"]),
            device_id=said["device_id"],
            spki_sha256=node.unwritten(said["spki_sha256"]),
            msg_a=node.unwritten(said["msg_a"]),
        )._replace(**changes)
        begun = self.palyra.runtime.handshake.begin(asked, self.origin)
        self.proving = self.handshake.answered(
            {
                "session_id": begun.session_id,
                "msg_b": node.written(begun.msg_b),
                "gateway_id": begun.gateway.gateway_id,
                "ca_spki_sha256": node.written(bytes.fromhex(begun.gateway.ca_spki_sha256)),
            }
        )
        return begun

    def hello(self, **changes: Any) -> Requested:
        assert self.proving is not None
        said = self.proving.hello(csr(self.key)) | changes
        requested = self.palyra.runtime.handshake.hello(
            self.proving.session_id, node.unwritten(said["confirm"]), said["csr_pem"]
        )
        self.trusted = self.proving.trust(node.written(requested.confirm))
        return requested

    def claim(self) -> Claimed:
        """Ask what became of the request, no earlier than allowed."""
        self.palyra.clock.move(POLL)
        nonce = self.palyra.runtime.claims.claim(self.session_id, None).nonce
        self.claimed = self.ask(nonce)
        return self.claimed

    def ask(self, nonce: str) -> Claimed:
        assert self.proving is not None
        said = self.proving.claim(nonce)
        proof = Proof(said["nonce"], node.unwritten(said["mac"]))
        return self.palyra.runtime.claims.claim(self.session_id, proof)

    @property
    def session_id(self) -> str:
        assert self.proving is not None
        return self.proving.session_id

    @property
    def sas(self) -> str:
        assert self.trusted is not None
        return self.trusted.sas


def palyra(
    clock: TestClock, issuer: CertificateIssuer, monkeypatch: Any, **settings: Any
) -> Pairing:
    """Return Palyra's end in a fresh container."""

    of = Container(settings=replace(Settings(), **settings), clock=clock, random_bytes=os.urandom)
    waits = Waits()
    pad = Padding(monotonic=waits.monotonic, sleep=waits.sleep)
    monkeypatch.setattr(nodes, "remote_issuer", lambda _of: issuer)
    monkeypatch.setattr(pairing, "padding", lambda _of: pad)
    return Pairing(pairing.pairing(of), clock, waits, issuer)
