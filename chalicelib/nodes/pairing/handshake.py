"""Handshake: the node's side of a pairing until an operator is asked: begin, and hello.

An attempt is charged before anything about it is looked at. A hello is taken once: whatever becomes
of it, its session takes no other. The first that proves a code is the one that the code was for.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NoReturn

from chalicelib.clock import Clock
from chalicelib.errors import Invalid, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.service import Gateway
from chalicelib.nodes.pairing import events, limits
from chalicelib.nodes.pairing.code import PairingCode, unpadded
from chalicelib.nodes.pairing.devices import Devices
from chalicelib.nodes.pairing.gateway import KnownGateway
from chalicelib.nodes.pairing.guard import Guard
from chalicelib.nodes.pairing.keys import Facts, Keys, derive
from chalicelib.nodes.pairing.machine import NoSuchStep, SessionState, Step
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import SECRET
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.pake import NotAPoint, Pake, Reply
from chalicelib.nodes.pairing.refusals import PairingUnavailable
from chalicelib.nodes.pairing.sealing import Opened, Sealed, SecretSealer
from chalicelib.nodes.pairing.session import Origin, PairingSession, Polling, has_room
from chalicelib.nodes.pairing.store import (
    REQUESTS,
    PairingStore,
    StoredCode,
    row_of,
    row_of_code,
)
from chalicelib.tables import Cancelled

_TRIES = 24
_NONCE_BYTES = 32
CONFIRM_DEVICE, CONFIRM_GATEWAY, SAS, CLAIM = "confirm_device", "confirm_gateway", "sas", "claim"


class Begin(NamedTuple):
    """What a node begins with.

    Attributes:
        spki_sha256: SHA-256 over the public key that its certificate is to be for, 32 bytes.
        msg_a: the first message of the PAKE, or of a QR code 32 bytes of its own.
    """

    code_id: str
    method: PairingMethod
    client_kind: ClientKind
    device_id: str
    spki_sha256: bytes
    msg_a: bytes


class Begun(NamedTuple):
    """What a node is answered that has begun.

    Attributes:
        msg_b: the answer to its message.
        ca_spki_sha256: SHA-256 over the public key of the authority, 32 bytes.
    """

    session_id: str
    msg_b: bytes
    gateway: Gateway
    expires_at: datetime


class Requested(NamedTuple):
    """What a node is answered that has proven its code.

    Attributes:
        confirm: what the gateway proves with that it knows the code, too.
    """

    session: PairingSession
    confirm: bytes


class _Failed(Exception):
    """A hello does not prove its code; the message says why."""


@dataclass(kw_only=True, eq=False, repr=False)
class Handshake:
    """Takes what nodes send that are not known yet."""

    store: PairingStore
    sealer: SecretSealer
    gateway: KnownGateway
    devices: Devices
    pake: Pake
    guard: Guard
    padding: Padding
    journal: JournalStore
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]

    # Begin.

    def begin(self, asked: Begin, origin: Origin) -> Begun:
        """Begin a session with a code.

        Raises:
            PairingUnavailable: it cannot be begun, whatever the reason.
            SlowDown: the address begins too often.
            Unavailable: AWS did not answer; the attempt may have been charged.
        """
        with self.padding.of_refusals():
            return self._begin(asked, origin)

    def _begin(self, asked: Begin, origin: Origin) -> Begun:
        now = self.clock.now()
        session_id = self.ids.ulid(now)
        self.guard.admit(origin, session_id, now)
        charged = self.store.charge(asked.code_id, session_id, now)
        if charged is None:
            self.guard.refuse(None, session_id, "no live code", origin, now)
        code = charged.code
        if asked.method is not code.method or asked.client_kind is not code.client_kind:
            self.guard.refuse(code, session_id, "another method or kind", origin, now)
        secret = self._secret(charged, session_id, origin, now)
        gateway = self.gateway.get(now)
        if hmac.compare_digest(gateway.ca_spki_sha256, asked.spki_sha256.hex()):
            self.guard.refuse(code, session_id, "the authority's key", origin, now)
        facts = _facts(asked, gateway)
        try:
            reply = self._respond(asked, facts, secret)
        except NotAPoint:
            self.guard.refuse(code, session_id, "not a message", origin, now)
        transcript = facts.transcript(session_id, asked.msg_a, reply.message)
        session = self._session(session_id, code, asked, transcript, origin, now)
        keys = self.sealer.seal(row_of(session_id), _secrets(derive(reply.key, transcript)))
        self.store.begin(session, keys)
        return Begun(session_id, reply.message, gateway, session.deadline)

    def _secret(self, charged: StoredCode, session_id: str, origin: Origin, now: datetime) -> bytes:
        code = charged.code
        if charged.secret is None:
            self.guard.refuse(code, session_id, "no live code", origin, now)
        secret = self.sealer.open(row_of_code(code), charged.secret).secrets[SECRET]
        if len(code.begun) >= limits.ATTEMPTS:
            self.store.forget_secret(code)
        return secret

    def _respond(self, asked: Begin, facts: Facts, secret: bytes) -> Reply:
        if asked.method is PairingMethod.PIN:
            return self.pake.respond(secret.decode(), facts.node, facts.gateway, asked.msg_a)
        if len(asked.msg_a) != _NONCE_BYTES:
            raise NotAPoint
        return Reply(self.random_bytes(_NONCE_BYTES), secret)

    def _session(
        self,
        session_id: str,
        code: PairingCode,
        asked: Begin,
        transcript: bytes,
        origin: Origin,
        now: datetime,
    ) -> PairingSession:
        return PairingSession(
            id=session_id,
            owner=code.owner,
            code_id=code.id,
            code_serial=code.serial,
            method=code.method,
            client_kind=code.client_kind,
            minted_by=code.minted_by,
            label=code.label,
            device_id=asked.device_id,
            spki_sha256=asked.spki_sha256.hex(),
            transcript_sha256=transcript.hex(),
            origin=origin,
            state=SessionState.AWAITING_HELLO,
            version=1,
            op=self.ids.ulid(now),
            created_at=now,
            deadline=min(now + limits.SESSION, code.expires_at),
            nonce=unpadded(self.random_bytes(_NONCE_BYTES)),
            polling=Polling(now),
        )

    # Hello.

    def hello(self, session_id: str, confirm: bytes, csr_pem: str) -> Requested:
        """Take the proof of a session, and ask an operator about the device.

        Raises:
            PairingUnavailable: there is no such session, it is over, it was said hello to before,
                or the proof or the request for a certificate is not valid.
            Unavailable: AWS did not answer; a claim tells whether the request was made.
        """
        with self.padding.of_refusals():
            return self._hello(session_id, confirm, csr_pem)

    def _hello(self, session_id: str, confirm: bytes, csr_pem: str) -> Requested:
        now = self.clock.now()
        stored = self.store.session(session_id)
        if stored is None:
            raise PairingUnavailable
        if stored.keys is None:
            self.guard.refuse_replay(stored.session, "hello", now)
        session = self._taken(stored.session, stored.keys, now)
        try:
            opened = self.sealer.open(row_of(session_id), stored.keys)
            _check_proof(opened.secrets, confirm)
            _check_request(session, csr_pem)
            requested = self._request(session, opened, csr_pem)
        except _Failed as failed:
            self._fail(session, str(failed), now)
        return Requested(requested, opened.secrets[CONFIRM_GATEWAY])

    def _taken(self, session: PairingSession, keys: Sealed, now: datetime) -> PairingSession:
        """Return the session once no other hello can be said to it."""
        try:
            taken = session.moved(Step.HELLO, now, self.ids.ulid(now))
        except NoSuchStep:
            self.guard.refuse_replay(session, "hello", now)
        if not self.store.move(session, taken, keys, now):
            self.guard.refuse_replay(session, "hello", now)
        return taken

    def _request(self, session: PairingSession, opened: Opened, csr_pem: str) -> PairingSession:
        standing = self.devices.standing(session.owner, session.device_id, session.spki_sha256)
        if standing.refusal:
            raise _Failed(standing.refusal)
        kept = self.sealer.keep(opened, frozenset({CONFIRM_GATEWAY, SAS, CLAIM}))
        proven = {"csr_pem": csr_pem, "replaces": standing.is_paired}
        for _ in range(_TRIES):
            seen = self.store.register(session.owner, REQUESTS)
            now = self.clock.now()
            after = session.moved(Step.PROVE, now, self.ids.ulid(now), **proven)
            others = [each for each in self.store.sessions(seen.ids) if each.is_requested(now)]
            if not has_room(others, session.origin):
                raise _Failed("too many requests wait for a decision")
            ids = [*(each.id for each in others), session.id]
            writes = [
                self.store.moving(session, after, kept, now),
                self.store.consuming(session, now),
                self.store.registering(session.owner, REQUESTS, seen, ids),
            ]
            try:
                self.journal.append_with(events.requested(after, now), writes)
            except Cancelled as cancelled:
                self._check_refusals(cancelled.refusals)
                continue  # Another request was made meanwhile.
            return after
        raise Unavailable("others keep asking to be paired", fix="begin again")

    @staticmethod
    def _check_refusals(refusals: Sequence[bool]) -> None:
        is_moved, is_code_over = refusals[:2]
        if is_moved:
            raise PairingUnavailable
        if is_code_over:
            raise _Failed("the code is over")

    def _fail(self, session: PairingSession, reason: str, now: datetime) -> NoReturn:
        after = session.moved(Step.FAIL, now, self.ids.ulid(now))
        if self.store.move(session, after, None, now):
            self.journal.append(events.failed(after, reason, now))
            self.guard.count_failure(after.op, now)
        raise PairingUnavailable


def _facts(asked: Begin, gateway: Gateway) -> Facts:
    return Facts(
        gateway_id=gateway.gateway_id,
        code_id=asked.code_id,
        client_kind=str(asked.client_kind),
        device_id=asked.device_id,
        spki_sha256=asked.spki_sha256,
        ca_spki_sha256=bytes.fromhex(gateway.ca_spki_sha256),
    )


def _secrets(keys: Keys) -> Mapping[str, bytes]:
    return {
        CONFIRM_DEVICE: keys.confirm_device,
        CONFIRM_GATEWAY: keys.confirm_gateway,
        SAS: keys.sas.encode(),
        CLAIM: keys.claim,
    }


def _check_proof(secrets: Mapping[str, bytes], confirm: bytes) -> None:
    if not hmac.compare_digest(secrets[CONFIRM_DEVICE], confirm):
        raise _Failed("the proof is wrong")


def _check_request(session: PairingSession, csr_pem: str) -> None:
    try:
        request = NodeRequest.read(csr_pem, session.device_id)
    except Invalid as invalid:
        raise _Failed(f"the request for a certificate: {invalid.detail}") from invalid
    if not hmac.compare_digest(request.public_key_sha256, session.spki_sha256):
        raise _Failed("the request for a certificate is for another key")
