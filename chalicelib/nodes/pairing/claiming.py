"""Claiming: a node asks what became of its request, and is handed its certificate.

Each question is made with a nonce of the gateway's, under the key that only this node has; it is
used up by the question. The certificate is issued by the first question after the approval, and is
the same one for all that follow until it is activated: a lost answer costs nothing.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.clock import Clock
from chalicelib.errors import Conflict
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.service import DeviceName, IssuedCertificate, Issuer
from chalicelib.nodes.pairing import events
from chalicelib.nodes.pairing.code import unpadded
from chalicelib.nodes.pairing.devices import Devices
from chalicelib.nodes.pairing.guard import Guard
from chalicelib.nodes.pairing.handshake import CLAIM, CONFIRM_GATEWAY
from chalicelib.nodes.pairing.keys import claim_mac
from chalicelib.nodes.pairing.machine import SessionState, Step
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown
from chalicelib.nodes.pairing.sealing import Sealed, SecretSealer
from chalicelib.nodes.pairing.session import PairingSession
from chalicelib.nodes.pairing.store import PairingStore, row_of
from chalicelib.tables import Cancelled

_NONCE_BYTES = 32


class Proof(NamedTuple):
    """What a claim is made with.

    Attributes:
        nonce: the gateway's, as it was told last.
        mac: over the nonce, by the key of the claim.
    """

    nonce: str
    mac: bytes


class Claimed(NamedTuple):
    """What a node is answered.

    Attributes:
        nonce: what the next question is to be made with.
        confirm: the gateway's proof, for a node that lost the answer to its hello; or None for
            whoever has not proven to be the node.
    """

    session: PairingSession
    nonce: str
    confirm: bytes | None

    @property
    def certificate(self) -> IssuedCertificate | None:
        """Return the certificate, where it is issued and the node has proven to be the node."""
        return self.session.certificate if self.confirm is not None else None


@dataclass(kw_only=True, eq=False, repr=False)
class Claiming:
    """Answers nodes that wait for a decision, or for their certificate."""

    store: PairingStore
    sealer: SecretSealer
    issuer: Issuer
    devices: Devices
    guard: Guard
    padding: Padding
    journal: JournalStore
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]

    def claim(self, session_id: str, proof: Proof | None) -> Claimed:
        """Say what became of a request; without a proof, only which nonce to prove it with.

        Raises:
            PairingUnavailable: there is no such request, it is over, the nonce was used before or
                the proof is wrong.
            SlowDown: it was asked too early; the wait has become longer.
            Unavailable: AWS did not answer; ask again.
        """
        with self.padding.of_refusals():
            return self._claim(session_id, proof)

    def _claim(self, session_id: str, proof: Proof | None) -> Claimed:
        now = self.clock.now()
        stored = self.store.session(session_id)
        if stored is None:
            raise PairingUnavailable
        session = stored.session
        if stored.keys is None or not session.is_requested(now):
            self.guard.refuse_replay(session, "claim", now)
        if proof is None:
            return Claimed(session, session.nonce, None)
        secrets = self.sealer.open(row_of(session_id), stored.keys).secrets
        if not _is_right(session, secrets[CLAIM], proof):
            self.guard.refuse_replay(session, "claim", now)
        nonce = unpadded(self.random_bytes(_NONCE_BYTES))
        polling = session.polling.asked(now)
        if not self.store.ask(session, nonce, polling):
            raise PairingUnavailable
        if now < session.polling.at:
            raise SlowDown(polling.interval)
        if session.state is SessionState.APPROVED:
            session = self._issued(session, stored.keys, now)
        return Claimed(session, nonce, secrets[CONFIRM_GATEWAY])

    def _issued(self, session: PairingSession, keys: Sealed, now: datetime) -> PairingSession:
        if not self.devices.as_asked(session):
            self._fail(session, "the device was changed meanwhile", now)
            raise PairingUnavailable
        request = NodeRequest.read(session.csr_pem, session.device_id)
        device = DeviceName(
            session.owner, session.device_id, str(session.client_kind), session.label
        )
        try:
            certificate = self.issuer.issue(request, device, session.id, now)
        except Conflict as conflict:
            self._fail(session, conflict.detail, now)
            raise PairingUnavailable from conflict
        op = self.ids.ulid(now)
        after = session.moved(Step.ISSUE, now, op, certificate=certificate)
        try:
            self.journal.append_with(
                events.moved(after, "issued", now), [self.store.moving(session, after, keys, now)]
            )
        except Cancelled:
            return self._issued_meanwhile(session.id, now)
        return after

    def _issued_meanwhile(self, session_id: str, now: datetime) -> PairingSession:
        stored = self.store.session(session_id)
        if stored is None or stored.session.standing(now) is not SessionState.ISSUED:
            raise PairingUnavailable
        return stored.session

    def _fail(self, session: PairingSession, reason: str, now: datetime) -> None:
        after = session.moved(Step.FAIL, now, self.ids.ulid(now))
        if self.store.move(session, after, None, now):
            self.journal.append(events.failed(after, reason, now))


def _is_right(session: PairingSession, claim: bytes, proof: Proof) -> bool:
    mac = claim_mac(claim, session.id, session.nonce)
    is_present = hmac.compare_digest(session.nonce.encode(), proof.nonce.encode())
    return hmac.compare_digest(mac, proof.mac) and is_present
