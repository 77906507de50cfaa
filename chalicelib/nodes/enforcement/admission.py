"""Admission: whether a certificate may make a call, by what the table says at this instant.

Pure. The certificate fits the profile already, and names device, owner and authority. Here it is
held against the path, the body, and the rows of all three.
"""

from datetime import datetime
from enum import StrEnum
from hmac import compare_digest
from typing import NamedTuple

from chalicelib.nodes.authority.store import Authority
from chalicelib.nodes.certificates.certificate import (
    Certificate,
    CertificateOrigin,
    CertificateState,
)
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.store import Found
from chalicelib.nodes.enforcement.presented import Presented
from chalicelib.nodes.enforcement.reason import NotAdmitted, Reason


class Purpose(StrEnum):
    """What a call is for, as far as it matters to who may make it."""

    CALL = "call"
    ACTIVATION = "activation"  # The first call with the certificate of a pairing.
    RENEWAL = "renewal"  # Answers to lost replies are given to a lapsed certificate, too.


class Admitted(NamedTuple):
    """What a call was let in with.

    Attributes:
        is_first: the certificate is an offer that this call takes up.
    """

    device: Device
    certificate: Certificate
    is_first: bool


def check_names(presented: Presented, path: str, body: str | None) -> None:
    """Refuse a certificate of another device than the call is about.

    Args:
        presented: the certificate.
        path: the device that the path names.
        body: the one that the body names; None where it names none.

    Raises:
        NotAdmitted: they are not the same.
    """
    own = presented.name.device_id
    for named in (path, own if body is None else body):
        # JSON may hold halves of characters.
        if not compare_digest(own.encode(), named.encode(errors="surrogatepass")):
            raise NotAdmitted(Reason.OTHER_DEVICE)


def check_authority(presented: Presented, found: Found, now: datetime) -> Authority:
    """Return the authority that a certificate names.

    Raises:
        NotAdmitted: it is not one of ours, or counts no more, or did not sign it.
    """
    authority = found.authority
    if authority is None or not authority.is_trusted(now):
        raise NotAdmitted(Reason.UNKNOWN_AUTHORITY)
    presented.check_signature(authority.pem, now)
    return authority


def judge(presented: Presented, found: Found, purpose: Purpose, now: datetime) -> Admitted:
    """Return what a call is let in with; the authority was checked before.

    Raises:
        NotAdmitted: says why it is not.
    """
    device, certificate = found.device, found.certificate
    if certificate is None:
        raise NotAdmitted(Reason.UNKNOWN_CERTIFICATE)
    if device is None:
        raise NotAdmitted(Reason.UNKNOWN_DEVICE)
    _check_entries(presented, device, certificate)
    _check_states(device, certificate)
    if compare_digest(presented.fingerprint, device.current or "-"):
        return Admitted(device, _current(device, certificate, purpose, now), is_first=False)
    if compare_digest(presented.fingerprint, device.offered or "-"):
        return Admitted(device, _offered(device, certificate, purpose, now), is_first=True)
    raise NotAdmitted(Reason.OTHER_ENTRY)


def _check_entries(presented: Presented, device: Device, certificate: Certificate) -> None:
    name = presented.name.device_id
    same = (
        compare_digest(certificate.fingerprint, presented.fingerprint),
        compare_digest(certificate.device_id, name),
        compare_digest(device.id, name),
        certificate.authority == presented.authority,
        certificate.owner == device.owner == presented.owner,
    )
    if not all(same):
        raise NotAdmitted(Reason.OTHER_ENTRY)


def _check_states(device: Device, certificate: Certificate) -> None:
    if certificate.state is CertificateState.REVOKED:
        raise NotAdmitted(Reason.REVOKED)
    if device.state in (DeviceState.REVOKED, DeviceState.SUSPENDED):
        raise NotAdmitted(Reason.DEVICE_NOT_ACTIVE)
    if certificate.state is CertificateState.SUPERSEDED:
        # One of an earlier pairing says nothing about the keys of this one.
        is_of_pairing = certificate.generation >= device.paired_generation
        raise NotAdmitted(Reason.SUPERSEDED if is_of_pairing else Reason.REVOKED)


def _current(
    device: Device, certificate: Certificate, purpose: Purpose, now: datetime
) -> Certificate:
    if device.state is not DeviceState.ACTIVE or certificate.state is not CertificateState.ACTIVE:
        raise NotAdmitted(Reason.DEVICE_NOT_ACTIVE)
    if device.has_lapsed(now) and purpose is not Purpose.RENEWAL:
        raise NotAdmitted(Reason.LAPSED)
    return certificate


def _offered(
    device: Device, certificate: Certificate, purpose: Purpose, now: datetime
) -> Certificate:
    if not certificate.can_begin(now):
        raise NotAdmitted(Reason.OFFER_EXPIRED)
    if certificate.origin is CertificateOrigin.PAIRING and purpose is not Purpose.ACTIVATION:
        raise NotAdmitted(Reason.NOT_ACTIVATED)
    if certificate.origin is CertificateOrigin.RENEWAL and device.state is not DeviceState.ACTIVE:
        raise NotAdmitted(Reason.DEVICE_NOT_ACTIVE)
    return certificate
