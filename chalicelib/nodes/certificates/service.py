"""DeviceService: what operators, devices and the enforcement do with devices.

Every change is decided on what was read, and refused by the table where that has changed; then it
is decided again. What is asked for twice is done once, and told once in the journal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import NamedTuple

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.errors import Conflict, NotFound, Unavailable
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.renewal import NONCE_BYTES, NONCE_LASTS, new_nonce
from chalicelib.nodes.certificates import events, moves
from chalicelib.nodes.certificates.alarms import NodeAlarm
from chalicelib.nodes.certificates.certificate import (
    Certificate,
    CertificateOrigin,
    CertificateState,
)
from chalicelib.nodes.certificates.device import ENDS_SOON, Device, DeviceState, Move
from chalicelib.nodes.certificates.store import CertificateStore, Last
from chalicelib.page import Page
from chalicelib.tables import Cancelled, Write

REVOKED, SUSPENDED, CLEARED = "node.revoked", "node.suspended", "node.cleared"
ROTATING = "node.rotation_asked"
_TRIES = 8


class Nonce(NamedTuple):
    """What a renewal has to be signed with, and until when it can be used."""

    text: str
    until: datetime


@dataclass(kw_only=True, eq=False, repr=False)
class DeviceService:
    """Devices of one stage."""

    certificates: CertificateStore
    journal: JournalStore
    alarm: NodeAlarm
    heartbeats: HeartbeatStore
    random_bytes: Callable[[int], bytes]

    # Finding.

    def get(self, owner: str, device_id: str) -> Device:
        """Return a device.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: DynamoDB did not answer.
        """
        device = self.certificates.device(owner, device_id)
        if device is None:
            raise NotFound(f"there is no node {device_id!r:.80}")
        return device

    def devices(self, owner: str, after: str | None, limit: int) -> Page[Device]:
        """Return an owner's devices in order of their ids."""
        return self.certificates.devices(owner, after, limit)

    def certificates_of(
        self, owner: str, device_id: str, after: str | None, limit: int
    ) -> Page[Certificate]:
        """Return all certificates that a device ever had.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: DynamoDB did not answer.
        """
        self.get(owner, device_id)
        return self.certificates.certificates(owner, device_id, after, limit)

    # What devices do.

    def activate(
        self,
        device: Device,
        certificate: Certificate,
        now: datetime,
        others: Sequence[Write] = (),
    ) -> Device:
        """Let the certificate that a device was offered be its current one: it was used.

        The one before it is superseded, or revoked where this one comes from a pairing.

        Args:
            device: as it was admitted.
            certificate: that it called with.
            now: the present instant.
            others: what else happens with it, such as the end of the pairing's session.

        Raises:
            Conflict: the device was changed meanwhile, and does not allow it any more.
            Cancelled: one of the others was refused; `refusals` begins with theirs.
            Unavailable: DynamoDB did not answer; nothing is known, and the call is not let in.
        """
        actor = f"node:{device.id}"
        for _ in range(_TRIES):
            if compare_digest(device.current, certificate.fingerprint):
                return device
            if not compare_digest(device.offered, certificate.fingerprint):
                raise Conflict("the device was changed meanwhile", fix="see what became of it")
            last = self._last(device, certificate)
            after = moves.activated(device, certificate, now, actor)
            own = self.certificates.activation(device, after, certificate, last)
            try:
                self._activate(certificate, [*others, *own], now, actor)
            except Cancelled as cancelled:
                if any(cancelled.refusals[: len(others)]):
                    raise
                device = self.get(device.owner, device.id)
                continue
            if device.expires_at is None or device.expires_at - now < ENDS_SOON:
                self.alarm.renewed(device.owner, device.id, now)
            return after
        raise _busy()

    def nonce(self, owner: str, device_id: str, now: datetime) -> Nonce:
        """Return what a renewal has to be signed with, for five minutes.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        nonce = Nonce(new_nonce(self.random_bytes(NONCE_BYTES)), now + NONCE_LASTS)
        self.certificates.nonce(owner, device_id, nonce.text, nonce.until)
        return nonce

    def rotate(self, owner: str, device_id: str, actor: str, now: datetime) -> Device:
        """Ask a device to renew at once; it does with its next sign of life.

        Whoever asks again before it has is answered with what the first one asked.

        Raises:
            NotFound: the owner has no such device.
            Conflict: it is not active, or its certificate has ended.
            Unavailable: DynamoDB did not answer; ask again.
        """
        for _ in range(_TRIES):
            seen = self.get(owner, device_id)
            if seen.rotation_asked_at is not None:
                return seen
            after = moves.rotating(seen, now, actor)
            event = events.changed(ROTATING, after, actor)
            try:
                self.journal.append_with(event, self.certificates.changing(seen, after))
            except Cancelled:
                continue
            return after
        raise _busy()

    # What ends a device, and begins it anew.

    def revoke(self, owner: str, device_id: str, reason: str, actor: str, now: datetime) -> Device:
        """Throw a device out; once it is told, no call of it is let in.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: DynamoDB did not answer; ask again.
        """
        ended = self._shut(owner, device_id, Move.REVOKE, reason, actor, now)
        self.alarm.renewed(owner, device_id, now)
        return ended

    def suspend(self, certificate: Certificate, now: datetime) -> Device:
        """Let nobody call with a device's keys, of which somebody seems to have a copy.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        owner, device_id = certificate.owner, certificate.device_id
        actor = "system:node-enforcement"
        ended = self._shut(owner, device_id, Move.SUSPEND, "possible clone", actor, now)
        self.alarm.possible_clone(certificate, now)
        return ended

    def clear(self, owner: str, device_id: str, reason: str, actor: str, now: datetime) -> Device:
        """Let a device that was thrown out be paired again, with a new key.

        Raises:
            NotFound: the owner has no such device.
            Conflict: the device is neither revoked nor suspended.
            Unavailable: DynamoDB did not answer; ask again.
        """
        for _ in range(_TRIES):
            seen = self.get(owner, device_id)
            if seen.state is DeviceState.CLEARED:
                return seen
            after = moves.cleared(seen, reason, now, actor)
            event = events.changed(CLEARED, after, actor)
            try:
                self.journal.append_with(event, self.certificates.changing(seen, after))
            except Cancelled:
                continue
            return after
        raise _busy()

    def _shut(
        self, owner: str, device_id: str, move: Move, reason: str, actor: str, now: datetime
    ) -> Device:
        kind = REVOKED if move is Move.REVOKE else SUSPENDED
        for _ in range(_TRIES):
            seen = self.get(owner, device_id)
            if not moves.can(seen, move):
                return seen  # It is out already.
            after = moves.shut(seen, move, reason, now, actor)
            ending = [each for name in seen.fingerprints if (each := self._find(seen, name))]
            writes = self.certificates.shutting(seen, after, ending)
            try:
                self.journal.append_with(events.changed(kind, after, actor), writes)
            except Cancelled:
                continue
            self.heartbeats.clear(owner, WorkHeartbeatKind.CHANNEL_WORKER, device_id, token=0)
            return after
        raise _busy()

    def _activate(
        self, certificate: Certificate, writes: list[Write], now: datetime, actor: str
    ) -> None:
        # A pairing's end is worth an event; a renewal has one, of its being issued.
        if certificate.origin is CertificateOrigin.PAIRING:
            self.journal.append_with(events.activated(certificate, now, actor), writes)
        else:
            self.certificates.make(writes)

    def _last(self, device: Device, following: Certificate) -> Last | None:
        """Return the certificate that another follows.

        That of a renewal is in its time, and as the device says, which costs no request. Of a
        device that pairs again, nobody may know any more that there was one.
        """
        name, key = device.current, device.current_key
        if following.origin is CertificateOrigin.PAIRING:
            found = self._find(device, name)
            state = found.state if found else None
        else:
            state = CertificateState.ACTIVE
        return Last(device.owner, device.id, name, key, state) if state else None

    def _find(self, device: Device, fingerprint: str) -> Certificate | None:
        if not fingerprint:
            return None
        return self.certificates.certificate(device.owner, device.id, fingerprint)


def _busy() -> Unavailable:
    return Unavailable("others keep changing the device", fix="try again")
