"""Races about a device: calls, renewals, copies and revocations, a DynamoDB call at a time.

Every process stops before each call to DynamoDB, and chance says who goes on, and which call fails,
or is made without anybody learning of it. One seed is one exact race. What was told to whom, and
when, is judged afterwards: by what was admitted, and by what stands in the table.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from greenlet import getcurrent, greenlet

from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.errors import PalyraError
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.store import JournalRow, JournalStore
from chalicelib.nodes.authority.authorities import Authorities
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.issuing import CertificateIssuer
from chalicelib.nodes.authority.renewal import Renewal
from chalicelib.nodes.authority.service import DeviceName, IssuedCertificate
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.certificates.alarms import NodeIncidents
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.service import DeviceService
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.enforcement.service import Call, Gatekeeper, NodeCaller
from chalicelib.nodes.enforcement.telling import RefusalTeller
from tests.nodes.forging import KeySigner
from tests.nodes.gateway import a_request, new_key
from tests.simulation import seam
from tests.simulation.dynamo import SimDynamo
from tests.support import stack
from tests.support.world import TestClock

ORIGIN = "nodes.example.com"
DEVICE = DeviceName("main", "01JDABCDEFGHJKMNPQRSTVWXYZ", "daemon")
_MOST_CALLS = 2_000
_FAILURES = 0.03
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_LIVE = {"active", "issued"}


class _NoTruststore:
    """A front that is told nothing."""

    def get(self) -> str | None:
        return None

    def keep(self, pem: str) -> bool:
        del pem
        return False


@dataclass(frozen=True)
class Admission:
    """A call that was let in: when it began and ended, counted in steps of the race."""

    begun: int
    fingerprint: str


@dataclass
class History:
    """What was told to whom, and after which step."""

    revoked_at: int | None = None
    admitted: list[Admission] = field(default_factory=list)
    issued: dict[str, set[str]] = field(default_factory=dict)

    def faults(self, device: Device | None, live: list[str], revocations: int) -> list[str]:
        """Return what of it must not be."""
        found = []
        if self.revoked_at is not None:
            late = [each for each in self.admitted if each.begun > self.revoked_at]
            found += [f"let in after the revocation: {each}" for each in late]
            if device is None or device.state is not DeviceState.REVOKED:
                found.append(f"told to be revoked, and is {device and device.state}")
            if device and device.fingerprints:
                found.append("a revoked device has certificates")
            if live:
                found.append(f"certificates of a revoked device live: {len(live)}")
            if revocations != 1:
                found.append(f"a revocation was written down {revocations} times")
        if device and device.state is DeviceState.ACTIVE:
            strangers = set(live) - set(device.fingerprints)
            if strangers:
                found.append(f"certificates live that the device does not know: {len(strangers)}")
        several = [name for name, made in self.issued.items() if len(made) > 1]
        return found + [f"two certificates for one request: {name}" for name in several]


class Race:
    """One world for many races; each begins with a device that is paired."""

    def __init__(self) -> None:
        self.clock = TestClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
        self.dynamo = SimDynamo(stack.tables(), clock=self.clock.now)
        self.chance = random.Random(0)
        self.running: list[greenlet] = []
        self.step = 0
        self.is_armed = False
        self.signer = KeySigner(new_key())
        self.keys = [new_key() for _ in range(12)]
        with self.installed():
            self.first = self._paired()
        self.begun = self.dynamo.snapshot()

    @contextmanager
    def installed(self) -> Iterator[None]:
        def nobody(service: str) -> Any:
            raise AssertionError(service)

        with seam.install(self._call, nobody), patch("chalicelib.tables.time"):
            yield

    # What every process of its own is made of.

    def issuer(self) -> CertificateIssuer:
        journal = JournalStore()
        authorities = Authorities(
            store=AuthorityStore(),
            signers={"a": self.signer},
            truststore=_NoTruststore(),
            journal=journal,
            random_bytes=os.urandom,
        )
        return CertificateIssuer(
            authorities=authorities,
            certificates=CertificateStore(),
            journal=journal,
            random_bytes=os.urandom,
        )

    def devices(self) -> DeviceService:
        return DeviceService(
            certificates=CertificateStore(),
            journal=JournalStore(),
            alarm=NodeIncidents(incidents=IncidentStore()),
            heartbeats=HeartbeatStore(shards=1),
            random_bytes=os.urandom,
        )

    def gatekeeper(self) -> Gatekeeper:
        return Gatekeeper(
            certificates=CertificateStore(),
            devices=self.devices(),
            teller=RefusalTeller(
                journal=JournalStore(),
                authorities=AuthorityStore(),
                alarm=NodeIncidents(incidents=IncidentStore()),
            ),
            clock=self.clock,
            origin=ORIGIN,
        )

    # Processes.

    def calls(self, history: History, issued: IssuedCertificate, times: int = 3) -> None:
        """Call with a certificate, again and again."""
        for _ in range(times):
            begun = self.step
            if self.admitted(issued) is not None:
                history.admitted.append(Admission(begun, issued.fingerprint))

    def renews(self, history: History, which: int, nonce: str, *, copied: bool) -> None:
        """Ask for the next certificate until it is there, and call with it; and with a copy."""
        request = NodeRequest.read(a_request(self.keys[which]), DEVICE.device_id)
        asked = Renewal(request, nonce)
        for _ in range(3):
            try:
                made = self.issuer().renew(
                    asked, DEVICE.owner, self.first.fingerprint, self.clock.now()
                )
            except PalyraError:
                continue
            history.issued.setdefault(nonce, set()).add(made.fingerprint)
            self.calls(history, made, 2)
            if copied:
                self.calls(history, self.first, 1)

    def pairs_again(self, history: History, which: int) -> None:
        """Be issued the certificate of another pairing, and activate it."""
        request = NodeRequest.read(a_request(self.keys[which]), DEVICE.device_id)
        for _ in range(2):
            try:
                made = self.issuer().issue(request, DEVICE, f"session-{which}", self.clock.now())
                history.issued.setdefault(f"session-{which}", set()).add(made.fingerprint)
                devices, store = self.devices(), CertificateStore()
                device = devices.get(DEVICE.owner, DEVICE.device_id)
                offered = store.certificate(DEVICE.owner, DEVICE.device_id, made.fingerprint)
                if offered is not None:
                    devices.activate(device, offered, self.clock.now())
                self.calls(history, made, 1)
            except PalyraError:
                continue

    def revokes(self, history: History) -> None:
        """Throw the device out, and ask until it is told that it was."""
        while history.revoked_at is None:
            try:
                self.devices().revoke(
                    DEVICE.owner, DEVICE.device_id, "lost", "token:laptop", self.clock.now()
                )
            except PalyraError:
                continue
            history.revoked_at = self.step

    def admitted(self, issued: IssuedCertificate) -> NodeCaller | None:
        """Return who calls with a certificate, if it is let in."""
        identity = {"clientCert": {"clientCertPem": issued.pem}}
        context = {"domainName": ORIGIN, "identity": identity}
        try:
            return self.gatekeeper().admit(Call(context, DEVICE.device_id))
        except PalyraError:
            return None

    # The race itself.

    def run(self, seed: int) -> list[str]:
        """Run the race of a seed; return what of it must not be."""
        self.dynamo.restore(self.begun)
        self.chance, self.step = random.Random(seed), 0
        history = History()
        nonces = [f"{seed:06}-{number}" for number in range(2)]
        processes: list[Callable[[], None]] = [
            lambda: self.revokes(history),
            lambda: self.calls(history, self.first),
            lambda: self.renews(history, 0, nonces[0], copied=bool(seed % 3 == 0)),
            lambda: self.renews(history, 1, nonces[1], copied=False),
            lambda: self.calls(history, self.first),
        ]
        if seed % 2:
            processes.append(lambda: self.pairs_again(history, 2))
        with self.installed():
            for nonce in nonces:
                until = self.clock.now() + timedelta(minutes=5)
                CertificateStore().nonce(DEVICE.owner, DEVICE.device_id, nonce, until)
            self._raced(processes)
            return history.faults(*self._standing())

    def _raced(self, processes: list[Callable[[], None]]) -> None:
        self.running = [greenlet(process) for process in processes]
        self.is_armed = True
        try:
            while self.running:
                process = self.chance.choice(self.running)
                process.switch()
                if process.dead:
                    self.running.remove(process)
        finally:
            self.is_armed = False

    def _call(self, operation: str, arguments: dict[str, Any]) -> Any:
        if not self.is_armed:
            return self.dynamo.call(operation, arguments)
        parent = getcurrent().parent
        assert parent is not None
        parent.switch()
        self.step += 1
        assert self.step < _MOST_CALLS, "the race does not end"
        drawn = self.chance.random()
        if drawn < _FAILURES:
            raise EndpointConnectionError(endpoint_url=operation)
        answer = self.dynamo.call(operation, arguments)
        if operation in _WRITES and drawn < 2 * _FAILURES:
            raise ReadTimeoutError(endpoint_url=operation)
        return answer

    def _standing(self) -> tuple[Device | None, list[str], int]:
        store = CertificateStore()
        page = store.certificates(DEVICE.owner, DEVICE.device_id, None, 200)
        live = [each.fingerprint for each in page.items if each.state in _LIVE]
        rows = JournalRow.scan()
        revocations = len([row for row in rows if row.kind == "node.revoked"])
        return store.device(DEVICE.owner, DEVICE.device_id), live, revocations

    def _paired(self) -> IssuedCertificate:
        request = NodeRequest.read(a_request(self.keys[-1]), DEVICE.device_id)
        made = self.issuer().issue(request, DEVICE, "session", self.clock.now())
        devices, store = self.devices(), CertificateStore()
        device = devices.get(DEVICE.owner, DEVICE.device_id)
        offered = store.certificate(DEVICE.owner, DEVICE.device_id, made.fingerprint)
        assert offered is not None
        devices.activate(device, offered, self.clock.now())
        return made
