"""The journal's events of devices: each is one transaction with what it says."""

from datetime import datetime

from chalicelib.clock import rfc3339, to_ms
from chalicelib.journal.event import Event
from chalicelib.nodes.certificates.certificate import Certificate
from chalicelib.nodes.certificates.device import Device
from chalicelib.tables import SYSTEM

SHOWN = 16  # Digits of a fingerprint: enough to find one, too few to be one.


def subject(device_id: str) -> str:
    """Return what all events of a device are about."""
    return f"device:{device_id}"


def issued(certificate: Certificate, authority: str, now: datetime, actor: str) -> Event:
    """Return that a certificate was issued."""
    return Event(
        id=f"node.certificate_issued/{certificate.serial}",
        owner=certificate.owner,
        kind="node.certificate_issued",
        actor=actor,
        subject=subject(certificate.device_id),
        at=now,
        details={
            "serial": certificate.serial,
            "fingerprint": certificate.fingerprint[:SHOWN],
            "origin": certificate.origin,
            "generation": certificate.generation,
            "not_after": rfc3339(certificate.not_after),
            "authority": authority,
        },
    )


def activated(certificate: Certificate, now: datetime, actor: str) -> Event:
    """Return that a device has used the certificate of its pairing."""
    return Event(
        id=f"node.activated/{certificate.serial}",
        owner=certificate.owner,
        kind="node.activated",
        actor=actor,
        subject=subject(certificate.device_id),
        at=now,
        details={
            "fingerprint": certificate.fingerprint[:SHOWN],
            "generation": certificate.generation,
        },
    )


def changed(kind: str, device: Device, actor: str) -> Event:
    """Return that a device was revoked, suspended, cleared or asked to renew.

    Why stands on the device alone: what somebody wrote would have to be sealed, and throwing a
    device out must not wait for KMS.
    """
    return Event(
        id=f"{kind}/{device.id}/{device.version}",
        owner=device.owner,
        kind=kind,
        actor=actor,
        subject=subject(device.id),
        at=device.changed_at,
        details={"state": device.state, "generation": device.generation},
    )


def refused(owner: str, device_id: str, fingerprint: str, reason: str, now: datetime) -> Event:
    """Return that a call with one of our certificates was refused."""
    return Event(
        id=f"node.refused/{fingerprint[:SHOWN]}/{reason}/{to_ms(now)}",
        owner=owner,
        kind="node.refused",
        actor=f"node:{device_id}",
        subject=subject(device_id),
        at=now,
        details={"fingerprint": fingerprint[:SHOWN], "reason": reason},
    )


def misfit(fingerprint: str, reason: str, now: datetime) -> Event:
    """Return that the front let in a certificate that is none of ours, or none that we issue.

    It stands with what is the whole house's: whom the certificate names is not to be believed.
    """
    return Event(
        id=f"node.misfit/{fingerprint[:SHOWN]}/{reason}/{to_ms(now)}",
        owner=SYSTEM,
        kind="node.misfit",
        actor="system:node-enforcement",
        subject="node-authority",
        at=now,
        details={"fingerprint": fingerprint[:SHOWN], "reason": reason},
    )
