"""What becomes of a device by what happens to it: pure, and refused where it cannot happen."""

from dataclasses import replace
from datetime import datetime

from chalicelib.errors import Conflict
from chalicelib.nodes.authority.service import DeviceName
from chalicelib.nodes.certificates.certificate import Certificate, CertificateOrigin
from chalicelib.nodes.certificates.device import OVERLAP, Device, DeviceState, Move, after

_PAIRED = "only a device that is active can renew: pair it first"
_CLEAR = "let an operator clear the device (POST /v1/nodes/{id}/clear), then pair it again"


def check_pairable(device: Device | None) -> None:
    """Refuse to offer a certificate to a device that was thrown out.

    Raises:
        Conflict: it is revoked or suspended.
    """
    if device is not None and not is_pairable(device):
        raise Conflict(f"the device is {device.state}", fix=_CLEAR)


def is_pairable(device: Device | None) -> bool:
    """Return whether a device may be offered a certificate."""
    return after(device.state if device else None, Move.OFFER) is not None


def offered(
    device: Device | None, name: DeviceName, certificate: Certificate, now: datetime, by: str
) -> Device:
    """Return a device that was offered a certificate.

    A renewal limits the time of the current certificate. A pairing leaves it as it is: whoever
    holds that one may be somebody else, who goes on until the new one is used.
    """
    is_renewal = certificate.origin is CertificateOrigin.RENEWAL
    return Device(
        owner=name.owner,
        id=name.device_id,
        kind=device.kind if device and is_renewal else name.kind,
        label=device.label if device and is_renewal else name.label,
        state=_moved(device, Move.OFFER),
        current=device.current if device else "",
        current_key=device.current_key if device else "",
        offered=certificate.fingerprint,
        lapses_at=now + OVERLAP if is_renewal else device.lapses_at if device else None,
        generation=certificate.generation,
        paired_generation=device.paired_generation if device else 0,
        expires_at=device.expires_at if device else None,
        paired_at=device.paired_at if device else None,
        rotation_asked_at=device.rotation_asked_at if device else None,
        changed_at=now,
        changed_by=by,
        version=device.version + 1 if device else 1,
    )


def activated(device: Device, certificate: Certificate, now: datetime, by: str) -> Device:
    """Return a device that has used the certificate that it was offered."""
    is_pairing = certificate.origin is CertificateOrigin.PAIRING
    return replace(
        device,
        state=_moved(device, Move.ACTIVATE),
        current=certificate.fingerprint,
        current_key=certificate.spki_sha256,
        offered="",
        lapses_at=None,
        expires_at=certificate.not_after,
        paired_at=now if is_pairing else device.paired_at,
        paired_generation=certificate.generation if is_pairing else device.paired_generation,
        rotation_asked_at=_unanswered(device, certificate),
        changed_at=now,
        changed_by=by,
        reason="",
        version=device.version + 1,
    )


def shut(device: Device, move: Move, reason: str, now: datetime, by: str) -> Device:
    """Return a device that may call no more: revoked, or suspended."""
    return replace(
        device,
        state=_moved(device, move),
        current="",
        current_key="",
        offered="",
        lapses_at=None,
        expires_at=None,
        rotation_asked_at=None,
        changed_at=now,
        changed_by=by,
        reason=reason,
        version=device.version + 1,
    )


def rotating(device: Device, now: datetime, by: str) -> Device:
    """Return a device that was asked to renew at once.

    Raises:
        Conflict: it is not paired, or its certificate has ended: it cannot renew.
    """
    state = _moved(device, Move.ROTATE)
    if device.expires_at is not None and now > device.expires_at:
        raise Conflict("its certificate has ended", fix="pair the device again")
    return replace(
        device,
        state=state,
        rotation_asked_at=now,
        changed_at=now,
        changed_by=by,
        version=device.version + 1,
    )


def cleared(device: Device, reason: str, now: datetime, by: str) -> Device:
    """Return a device that may be paired again."""
    return replace(
        device,
        state=_moved(device, Move.CLEAR),
        changed_at=now,
        changed_by=by,
        reason=reason,
        version=device.version + 1,
    )


def can(device: Device, move: Move) -> bool:
    """Return whether something can happen to a device."""
    return after(device.state, move) is not None


def _unanswered(device: Device, certificate: Certificate) -> datetime | None:
    """Return since when a device is asked to renew still: a later certificate is the answer."""
    asked = device.rotation_asked_at
    return asked if asked is not None and certificate.issued_at < asked else None


def _moved(device: Device | None, move: Move) -> DeviceState:
    state = device.state if device else None
    into = after(state, move)
    if into is None:
        fix = _PAIRED if move is Move.ROTATE else _CLEAR
        raise Conflict(f"the device is {state}, and cannot {move}", fix=fix)
    return into
