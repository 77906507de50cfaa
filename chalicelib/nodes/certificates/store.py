"""CertificateStore: devices, their certificates and keys; every change of a device is one write.

Whoever changes a device has seen a version of it, and all that depends on it changes with it or not
at all. So a device and its certificates never disagree, and of two who decide at once one decides
again.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from pynamodb.expressions.condition import Condition

from chalicelib.clock import to_ms
from chalicelib.nodes.authority.store import Authority, IdentityRow, authority_key, authority_of
from chalicelib.nodes.certificates import columns
from chalicelib.nodes.certificates.certificate import (
    Certificate,
    CertificateOrigin,
    CertificateState,
)
from chalicelib.nodes.certificates.device import Device
from chalicelib.page import Page
from chalicelib.tables import Refused, Write, owned, reading

_EXPIRING = "certificate"
_NONCE = "nonce"


class Found(NamedTuple):
    """What one read of the table knows of a certificate that was shown.

    Attributes:
        authority: that of the key id which the certificate names.
    """

    authority: Authority | None
    device: Device | None
    certificate: Certificate | None


class Last(NamedTuple):
    """The certificate that another one follows, as far as its end is written.

    Attributes:
        state: that it was seen in.
    """

    owner: str
    device_id: str
    fingerprint: str
    spki_sha256: str
    state: CertificateState


class KeyUse(NamedTuple):
    """The device that a public key belongs to, and whether it is denied to everybody by now."""

    owner: str
    device_id: str
    denied: bool


class Expiring(NamedTuple):
    """A certificate in use that ends soon, or has ended."""

    owner: str
    device_id: str
    fingerprint: str


class CertificateStore:
    """Devices and certificates of all owners."""

    # Reading; all but what an index finds is strongly consistent.

    def found(self, owner: str, device_id: str, fingerprint: str, authority: str) -> Found:
        """Return what is known of a certificate, by one request.

        Raises:
            Unavailable: DynamoDB did not answer; nobody is let in then.
        """
        keys = (
            authority_key(authority),
            columns.device_key(owner, device_id),
            columns.certificate_key(owner, device_id, fingerprint),
        )
        rows = {(row.pk, row.sk): row for row in IdentityRow.find_all(keys)}
        ca, device, certificate = (rows.get(key) for key in keys)
        return Found(
            authority_of(ca) if ca else None,
            columns.device_of(device) if device else None,
            columns.certificate_of(certificate) if certificate else None,
        )

    def device(self, owner: str, device_id: str) -> Device | None:
        """Return a device, or None."""
        row = IdentityRow.find(*columns.device_key(owner, device_id))
        return columns.device_of(row) if row else None

    def devices(self, owner: str, after: str | None, limit: int) -> Page[Device]:
        """Return an owner's devices in order of their ids."""
        rows = list(
            IdentityRow.page(
                owned(owner, columns.DEVICE),
                IdentityRow.sk > after if after else None,
                consistent_read=True,
                limit=limit,
            )
        )
        return Page(
            [columns.device_of(row) for row in rows], rows[-1].sk if len(rows) == limit else None
        )

    def certificate(self, owner: str, device_id: str, fingerprint: str) -> Certificate | None:
        """Return a certificate of a device, or None."""
        row = IdentityRow.find(*columns.certificate_key(owner, device_id, fingerprint))
        return columns.certificate_of(row) if row else None

    def certificates(
        self, owner: str, device_id: str, after: str | None, limit: int
    ) -> Page[Certificate]:
        """Return a device's certificates in order of their fingerprints."""
        rows = list(
            IdentityRow.page(
                owned(owner, columns.DEVICE, device_id),
                IdentityRow.sk > after if after else None,
                consistent_read=True,
                limit=limit,
            )
        )
        found = [columns.certificate_of(row) for row in rows]
        return Page(found, rows[-1].sk if len(rows) == limit else None)

    def issued(self, owner: str, serial_of: str) -> Certificate | None:
        """Return what a pairing or renewal was answered with, or None."""
        row = IdentityRow.find(owned(owner, columns.ISSUED), serial_of)
        return self.certificate(owner, row.device_id, row.fingerprint) if row else None

    def key_use(self, spki_sha256: str) -> KeyUse | None:
        """Return whose a public key is, or None where it was never certified."""
        row = IdentityRow.find(columns.KEYS, spki_sha256)
        return KeyUse(row.owner, row.device_id, bool(row.denied)) if row else None

    def expiring(self, before: datetime) -> Iterator[Expiring]:
        """Yield the certificates in use that end before an instant, as the index knows them."""
        index = IdentityRow.expiring_index
        for row in reading(index.query(_EXPIRING, IdentityRow.expires_at < to_ms(before))):
            owner, _, device_id = row.pk.split("#", 2)
            yield Expiring(owner, device_id, row.sk)

    # Writes, for transactions.

    def offer(
        self,
        before: Device | None,
        device: Device,
        certificate: Certificate,
        replaced: Certificate | None,
    ) -> list[Write]:
        """Return the writes that offer a certificate.

        They are refused where the device was changed, the pairing or renewal was answered already,
        or the key is another device's or denied; a renewal's must not have been certified at all.
        """
        writes = [
            _device_write(before, device),
            columns.certificate_row(certificate).put_write(IdentityRow.pk.does_not_exist()),
            columns.issued_row(certificate).put_write(IdentityRow.pk.does_not_exist()),
            columns.key_row(certificate).put_write(_is_free(certificate)),
        ]
        return writes + ([_revocation(replaced, "replaced")] if replaced else [])

    def activation(
        self, before: Device, device: Device, certificate: Certificate, last: Last | None
    ) -> list[Write]:
        """Return the writes that let a certificate be the current one.

        Args:
            before: the device as it was seen.
            device: as it is to be.
            certificate: what it was offered.
            last: the current one until now; superseded by a renewal, revoked by a pairing.
        """
        begin = [
            IdentityRow.state.set(CertificateState.ACTIVE),
            IdentityRow.expiring.set(_EXPIRING),
            IdentityRow.expires_at.set(to_ms(certificate.not_after)),
        ]
        is_offer = IdentityRow.state == CertificateState.ISSUED
        writes = [
            _device_write(before, device),
            IdentityRow.change_write(*_key_of(certificate), begin, is_offer),
        ]
        if last is None:
            return writes
        # A device that pairs again may keep its key.
        denied = [] if last.spki_sha256 == certificate.spki_sha256 else _denials([last])
        if certificate.origin is CertificateOrigin.PAIRING:
            return [*writes, _revocation(last, "paired again"), *denied]
        return [*writes, _ending(last, CertificateState.SUPERSEDED, "renewed"), *denied]

    def shutting(
        self, before: Device, device: Device, certificates: Sequence[Certificate]
    ) -> list[Write]:
        """Return the writes that end a device and its certificates, and deny their keys."""
        endings = [_revocation(each, f"device {device.state}") for each in certificates]
        return [_device_write(before, device), *endings, *_denials(certificates)]

    def changing(self, before: Device, device: Device) -> list[Write]:
        """Return the write that changes a device, and none of its certificates."""
        return [_device_write(before, device)]

    def unsay(self, device: Device) -> bool:
        """Take from a device what somebody wrote; False where it was changed meanwhile.

        Raises:
            Unavailable: the effect is unknown.
        """
        # Whoever has seen it before must not write it back.
        actions = [
            IdentityRow.label.remove(),
            IdentityRow.reason.remove(),
            IdentityRow.version.set(device.version + 1),
        ]
        key, same = columns.device_key(device.owner, device.id), _is_same(device)
        try:
            IdentityRow.change(*key, actions, same)
        except Refused:
            return False
        return True

    def make(self, writes: Sequence[Write]) -> None:
        """Make writes that no event goes with.

        Raises:
            Cancelled: one was refused.
            Unavailable: the effect is unknown.
        """
        IdentityRow.transact(*writes)

    # Renewals.

    def nonce(self, owner: str, device_id: str, nonce: str, until: datetime) -> None:
        """Let a renewal be asked for; one that is there already stays as it is.

        Raises:
            Unavailable: the effect is unknown; ask for another one.
        """
        row = IdentityRow(
            owned(owner, _NONCE),
            _nonce_sk(device_id, nonce),
            expires_at=to_ms(until),
            ttl=int(until.timestamp()) + 1,
        )
        # It is made of 32 random bytes: what is there is this write, which the SDK repeated.
        with suppress(Refused):
            row.put(IdentityRow.pk.does_not_exist())

    def nonce_use(self, owner: str, device_id: str, nonce: str, now: datetime) -> Write:
        """Return the write that uses a nonce; refused where it is used, over or unknown."""
        unused = IdentityRow.serial_of.does_not_exist() & (IdentityRow.expires_at > to_ms(now))
        return IdentityRow.change_write(
            owned(owner, _NONCE),
            _nonce_sk(device_id, nonce),
            [IdentityRow.serial_of.set("used")],
            unused,
        )

    def told_of_end(self, expired: Expiring) -> None:
        """Take a certificate that has ended out of the index; one that is gone is out of it.

        Raises:
            Unavailable: the effect is unknown.
        """
        key, forget = columns.certificate_key(*expired), [IdentityRow.expiring.remove()]
        with suppress(Refused):
            IdentityRow.change(*key, forget, IdentityRow.pk.exists())


def _nonce_sk(device_id: str, nonce: str) -> str:
    return f"{device_id}#{nonce}"


def _key_of(certificate: Certificate | Last) -> tuple[str, str]:
    return columns.certificate_key(
        certificate.owner, certificate.device_id, certificate.fingerprint
    )


def _is_free(certificate: Certificate) -> Condition:
    free: Condition = IdentityRow.pk.does_not_exist()
    if certificate.origin is CertificateOrigin.PAIRING:
        mine = (IdentityRow.owner == certificate.owner) & (
            IdentityRow.device_id == certificate.device_id
        )
        free |= mine & IdentityRow.denied.does_not_exist()
    return free


def _revocation(certificate: Certificate | Last, reason: str) -> Write:
    return _ending(certificate, CertificateState.REVOKED, reason)


def _ending(certificate: Certificate | Last, state: CertificateState, reason: str) -> Write:
    actions = [
        IdentityRow.state.set(state),
        IdentityRow.reason.set(reason),
        IdentityRow.expiring.remove(),
    ]
    return IdentityRow.change_write(
        *_key_of(certificate), actions, IdentityRow.state == certificate.state
    )


def _denials(certificates: Sequence[Certificate | Last]) -> list[Write]:
    keys = dict.fromkeys(each.spki_sha256 for each in certificates)
    deny, known = [IdentityRow.denied.set(True)], IdentityRow.pk.exists()
    return [IdentityRow.change_write(columns.KEYS, key, deny, known) for key in keys]


def _device_write(before: Device | None, device: Device) -> Write:
    if before is None:
        return columns.device_row(device).put_write(IdentityRow.pk.does_not_exist())
    return columns.device_row(device).put_write(_is_same(before))


def _is_same(device: Device) -> Condition:
    same: Condition = IdentityRow.version == device.version
    return same
