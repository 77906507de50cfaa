"""Recovering: a device whose certificate has ended asks for the next one with its last key.

What a code is to a new device, the key of its last certificate is to this one. It signs, over a
nonce that is good once, which key is to follow. The keys of the session come from an exchange with
that key (ECDH, P-256), so that only who holds it can claim the certificate. What follows is as in
every pairing: an operator decides, and the certificate counts from its activation on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.clock import Clock
from chalicelib.errors import Invalid, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.profile import p256
from chalicelib.nodes.authority.service import Gateway
from chalicelib.nodes.certificates import recovery
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.enforcement import presented
from chalicelib.nodes.enforcement.presented import Presented
from chalicelib.nodes.enforcement.reason import NotAdmitted
from chalicelib.nodes.pairing import events, limits
from chalicelib.nodes.pairing.code import unpadded
from chalicelib.nodes.pairing.devices import Devices
from chalicelib.nodes.pairing.gateway import KnownGateway
from chalicelib.nodes.pairing.guard import Guard
from chalicelib.nodes.pairing.handshake import CLAIM, CONFIRM_GATEWAY, SAS
from chalicelib.nodes.pairing.keys import Facts, derive
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.refusals import SlowDown
from chalicelib.nodes.pairing.sealing import SecretSealer
from chalicelib.nodes.pairing.session import Origin, PairingSession, Polling, has_room
from chalicelib.nodes.pairing.store import REQUESTS, PairingStore, row_of
from chalicelib.tables import Cancelled

# In the place of a code's id; no code is called so.
NO_CODE = "recover"
_SYSTEM = "system"
_NONCE_BYTES = 32
_SCALAR_BYTES = 48
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TRIES = 24


class Recover(NamedTuple):
    """What a device comes back with.

    Attributes:
        nonce: what the gateway gave.
        certificate_pem: the last certificate that it called with.
        csr_pem: the request for the next one, of a new key.
        proof: the last key's signature over `recovery.signed_text`, as DER.
    """

    nonce: str
    device_id: str
    certificate_pem: str
    csr_pem: str
    proof: bytes


class Nonce(NamedTuple):
    """What has to be signed, and until when it can be used."""

    text: str
    gateway: Gateway
    until: datetime


class Returned(NamedTuple):
    """What a device is answered that has proven to hold its last key.

    Attributes:
        msg_b: the gateway's public key of the exchange, as an uncompressed point.
        confirm: what the gateway proves with that it has made the exchange.
    """

    session: PairingSession
    msg_b: bytes
    gateway: Gateway
    confirm: bytes


class _NotRecovered(Exception):
    """A device may not come back by this; the message says why."""


class _Proven(NamedTuple):
    device: Device
    fingerprint: str
    request: NodeRequest


@dataclass(kw_only=True, eq=False, repr=False)
class Recovering:
    """Takes what devices send whose certificates have ended."""

    store: PairingStore
    certificates: CertificateStore
    sealer: SecretSealer
    gateway: KnownGateway
    devices: Devices
    guard: Guard
    padding: Padding
    journal: JournalStore
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]

    def begin(self, origin: Origin) -> Nonce:
        """Give what the last key has to sign; whoever asks learns nothing by it.

        Raises:
            SlowDown: the address begins too often.
            Unavailable: AWS did not answer.
        """
        now = self.clock.now()
        self.guard.admit(origin, self.ids.ulid(now), now)
        nonce = unpadded(self.random_bytes(_NONCE_BYTES))
        made = Nonce(nonce, self.gateway.get(now), now + recovery.NONCE_LASTS)
        self.certificates.nonce(_SYSTEM, NO_CODE, nonce, made.until)
        return made

    def recover(self, asked: Recover, origin: Origin) -> Returned:
        """Take the proof of a device, and ask an operator about it.

        Raises:
            PairingUnavailable: it may not come back by this, whatever the reason.
            SlowDown: the address asks too often, or too many requests wait for a decision.
            Unavailable: AWS did not answer; begin again.
        """
        with self.padding.of_refusals():
            return self._recover(asked, origin)

    def _recover(self, asked: Recover, origin: Origin) -> Returned:
        now = self.clock.now()
        session_id = self.ids.ulid(now)
        self.guard.admit(origin, session_id, now)
        try:
            # Used up before anything is looked at.
            self._use(asked.nonce, now)
            gateway = self.gateway.get(now)
            proven = self._proven(asked, gateway.gateway_id, now)
            return self._requested(session_id, asked, proven, gateway, origin, now)
        except _NotRecovered as error:
            self.guard.refuse(None, session_id, f"recovery: {error}", origin, now)

    def _use(self, nonce: str, now: datetime) -> None:
        try:
            self.certificates.make([self.certificates.nonce_use(_SYSTEM, NO_CODE, nonce, now)])
        except Cancelled as cancelled:
            raise _NotRecovered("the nonce was used or has expired") from cancelled

    def _proven(self, asked: Recover, gateway_id: str, now: datetime) -> _Proven:
        shown = _read(asked)
        name = shown.name.device_id
        found = self.certificates.found(shown.owner, name, shown.fingerprint, shown.authority)
        if found.authority is None:
            raise _NotRecovered("the certificate is of no authority of ours")
        try:
            # As of its end: the authority may have been followed by another one since.
            shown.check_signature(found.authority.pem, shown.certificate.not_valid_after_utc)
        except NotAdmitted as refused:
            raise _NotRecovered(f"the certificate: {refused}") from refused
        if why := recovery.refusal(found.device, found.certificate, now):
            raise _NotRecovered(why)
        request = _request(asked)
        spki = bytes.fromhex(request.public_key_sha256)
        text = recovery.signed_text(gateway_id, name, asked.nonce, spki)
        if not recovery.is_signed(shown.certificate.public_key(), asked.proof, text):
            raise _NotRecovered("the proof is wrong")
        assert found.device is not None  # noqa: S101  what has no refusal is there
        self._check_key(found.device, request)
        return _Proven(found.device, shown.fingerprint, request)

    def _check_key(self, device: Device, request: NodeRequest) -> None:
        key = request.public_key_sha256
        if refusal := self.devices.standing(device.owner, device.id, key).refusal:
            raise _NotRecovered(refusal)
        if self.certificates.key_use(key) is not None:
            raise _NotRecovered("the key is not a new one")

    def _requested(
        self,
        session_id: str,
        asked: Recover,
        proven: _Proven,
        gateway: Gateway,
        origin: Origin,
        now: datetime,
    ) -> Returned:
        facts = _facts(proven, gateway)
        point, secret = self._exchange(proven.request)
        transcript = facts.transcript(session_id, asked.nonce.encode(), point)
        keys = derive(secret, transcript)
        session = self._session(session_id, proven, transcript, origin, now)
        kept = {CONFIRM_GATEWAY: keys.confirm_gateway, SAS: keys.sas.encode(), CLAIM: keys.claim}
        put = self.store.beginning(session, self.sealer.seal(row_of(session_id), kept))
        for _ in range(_TRIES):
            seen = self.store.register(session.owner, REQUESTS)
            others = [each for each in self.store.sessions(seen.ids) if each.is_requested(now)]
            if not has_room(others, origin):
                # It has proven its key, and is to come again: refused, it would be given up.
                raise SlowDown(limits.MINUTE)
            ids = [*(each.id for each in others), session_id]
            listing = self.store.registering(session.owner, REQUESTS, seen, ids)
            try:
                self.journal.append_with(events.requested(session, now), [put, listing])
            except Cancelled:
                continue  # Another request was made meanwhile.
            return Returned(session, point, gateway, keys.confirm_gateway)
        raise Unavailable("others keep asking to be paired", fix="begin again")

    def _exchange(self, request: NodeRequest) -> tuple[bytes, bytes]:
        """Return the gateway's public key, and the secret that it has with the new key."""
        # 48 bytes, so that no scalar is likelier than another.
        number = int.from_bytes(self.random_bytes(_SCALAR_BYTES), "big") % (_P256_ORDER - 1) + 1
        own = ec.derive_private_key(number, ec.SECP256R1())
        point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return point, own.exchange(ec.ECDH(), p256(request.public_key))

    def _session(
        self,
        session_id: str,
        proven: _Proven,
        transcript: bytes,
        origin: Origin,
        now: datetime,
    ) -> PairingSession:
        device = proven.device
        return PairingSession(
            id=session_id,
            owner=device.owner,
            code_id=NO_CODE,
            code_serial=session_id,
            method=PairingMethod.RECOVERY,
            client_kind=ClientKind(device.kind),
            minted_by=f"node:{device.id}",
            label=device.label,
            device_id=device.id,
            spki_sha256=proven.request.public_key_sha256,
            transcript_sha256=transcript.hex(),
            origin=origin,
            state=SessionState.PENDING_APPROVAL,
            version=1,
            op=self.ids.ulid(now),
            created_at=now,
            deadline=now + limits.APPROVAL,
            nonce=unpadded(self.random_bytes(_NONCE_BYTES)),
            polling=Polling(now),
            recovers=proven.fingerprint,
            csr_pem=proven.request.pem,
        )


def _read(asked: Recover) -> Presented:
    try:
        shown = presented.read(asked.certificate_pem)
    except NotAdmitted as refused:
        raise _NotRecovered(f"the certificate: {refused}") from refused
    if shown.name.device_id != asked.device_id:
        raise _NotRecovered("the certificate is another device's")
    return shown


def _request(asked: Recover) -> NodeRequest:
    try:
        return NodeRequest.read(asked.csr_pem, asked.device_id)
    except Invalid as invalid:
        detail = f"the request for a certificate: {invalid.detail}"
        raise _NotRecovered(detail) from invalid


def _facts(proven: _Proven, gateway: Gateway) -> Facts:
    return Facts(
        gateway_id=gateway.gateway_id,
        code_id=NO_CODE,
        client_kind=proven.device.kind,
        device_id=proven.device.id,
        spki_sha256=bytes.fromhex(proven.request.public_key_sha256),
        ca_spki_sha256=bytes.fromhex(gateway.ca_spki_sha256),
    )
