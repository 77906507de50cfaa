"""Devices and certificates as columns of their rows, and back."""

from datetime import timedelta

from chalicelib.clock import from_ms, to_ms
from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.certificates.certificate import (
    Certificate,
    CertificateOrigin,
    CertificateState,
)
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.tables import owned

KEYS = owned("system", "key")
DEVICE, ISSUED = "device", "issued"
# How long it is known that there was a certificate, after its end.
_KEPT = timedelta(days=90)


def device_key(owner: str, device_id: str) -> tuple[str, str]:
    """Return the key of a device's row."""
    return owned(owner, DEVICE), device_id


def certificate_key(owner: str, device_id: str, fingerprint: str) -> tuple[str, str]:
    """Return the key of a certificate's row."""
    return owned(owner, DEVICE, device_id), fingerprint


def device_row(device: Device) -> IdentityRow:
    """Return the row of a device."""
    pk, sk = device_key(device.owner, device.id)
    return IdentityRow(
        pk,
        sk,
        version=device.version,
        state=device.state,
        device_kind=device.kind,
        label=device.label or None,
        current=device.current or None,
        current_key=device.current_key or None,
        offered=device.offered or None,
        lapses_at=to_ms(device.lapses_at),
        generation=device.generation,
        paired_generation=device.paired_generation,
        # Not the index's attributes: only certificates are in it.
        not_after=to_ms(device.expires_at),
        paired_at=to_ms(device.paired_at),
        rotation_asked_at=to_ms(device.rotation_asked_at),
        changed_at=to_ms(device.changed_at),
        changed_by=device.changed_by,
        reason=device.reason or None,
    )


def device_of(row: IdentityRow) -> Device:
    """Return the device of its row."""
    return Device(
        owner=row.pk.partition("#")[0],
        id=row.sk,
        kind=row.device_kind,
        label=row.label or "",
        state=DeviceState(row.state),
        current=row.current or "",
        current_key=row.current_key or "",
        offered=row.offered or "",
        lapses_at=from_ms(row.lapses_at),
        generation=int(row.generation),
        paired_generation=int(row.paired_generation),
        expires_at=from_ms(row.not_after),
        paired_at=from_ms(row.paired_at),
        rotation_asked_at=from_ms(row.rotation_asked_at),
        changed_at=from_ms(row.changed_at),
        changed_by=row.changed_by,
        reason=row.reason or "",
        version=int(row.version),
    )


def certificate_row(certificate: Certificate) -> IdentityRow:
    """Return the row of a certificate."""
    pk, sk = certificate_key(certificate.owner, certificate.device_id, certificate.fingerprint)
    return IdentityRow(
        pk,
        sk,
        device_id=certificate.device_id,
        serial=certificate.serial,
        spki_sha256=certificate.spki_sha256,
        authority=certificate.authority,
        pem=certificate.pem,
        serial_of=certificate.serial_of,
        origin=certificate.origin,
        generation=certificate.generation,
        state=certificate.state,
        issued_at=to_ms(certificate.issued_at),
        not_before=to_ms(certificate.not_before),
        not_after=to_ms(certificate.not_after),
        usable_until=to_ms(certificate.usable_until),
        ttl=_ttl(certificate),
    )


def certificate_of(row: IdentityRow) -> Certificate:
    """Return the certificate of its row."""
    return Certificate(
        owner=row.pk.partition("#")[0],
        device_id=row.device_id,
        fingerprint=row.sk,
        serial=row.serial,
        spki_sha256=row.spki_sha256,
        authority=row.authority,
        pem=row.pem,
        serial_of=row.serial_of,
        origin=CertificateOrigin(row.origin),
        generation=int(row.generation),
        state=CertificateState(row.state),
        issued_at=from_ms(row.issued_at),
        not_before=from_ms(row.not_before),
        not_after=from_ms(row.not_after),
        usable_until=from_ms(row.usable_until),
        reason=row.reason or "",
    )


def issued_row(certificate: Certificate) -> IdentityRow:
    """Return the row of what a certificate was issued for."""
    return IdentityRow(
        owned(certificate.owner, ISSUED),
        certificate.serial_of,
        device_id=certificate.device_id,
        fingerprint=certificate.fingerprint,
        ttl=_ttl(certificate),
    )


def _ttl(certificate: Certificate) -> int:
    return int((certificate.not_after + _KEPT).timestamp())


def key_row(certificate: Certificate) -> IdentityRow:
    """Return the row of a certificate's key."""
    return IdentityRow(
        KEYS,
        certificate.spki_sha256,
        owner=certificate.owner,
        device_id=certificate.device_id,
    )
