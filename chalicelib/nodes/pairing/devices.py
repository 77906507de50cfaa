"""Devices, as far as pairing asks about them."""

from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.errors import Conflict
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.moves import check_pairable, is_pairable
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.session import PairingSession


class Standing(NamedTuple):
    """Where a device stands that asks to be paired.

    Attributes:
        is_paired: a device of this id is paired, and this one would take its place.
        refusal: why it may not be paired at all; empty where it may.
    """

    is_paired: bool = False
    refusal: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class Devices:
    """Knows whether a device may be paired."""

    certificates: CertificateStore

    def standing(self, owner: str, device_id: str, spki_sha256: str) -> Standing:
        """Return where a device stands, by its id and by the SHA-256 of its public key.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        device = self.certificates.device(owner, device_id)
        try:
            check_pairable(device)
        except Conflict as conflict:
            return Standing(refusal=conflict.detail)
        use = self.certificates.key_use(spki_sha256)
        if use and use.denied:
            return Standing(refusal="the key was revoked")
        if use and (use.owner, use.device_id) != (owner, device_id):
            return Standing(refusal="the key belongs to another device")
        return Standing(is_paired=device is not None and device.state is DeviceState.ACTIVE)

    def as_asked(self, session: PairingSession) -> bool:
        """Return whether a device is still what an operator was asked about.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        device = self.certificates.device(session.owner, session.device_id)
        return is_as_asked(device, session)


def is_as_asked(device: Device | None, session: PairingSession) -> bool:
    """Return whether a device is still what an operator was asked about.

    One that was thrown out since cannot be paired. One that was paired since the request was begun
    would be thrown out by it, and the request does not say so, or speaks of the pairing before.
    """
    if session.recovers:
        return device is not None and device.current == session.recovers
    if device is None or device.state is not DeviceState.ACTIVE:
        return is_pairable(device)
    return (
        session.replaces and device.paired_at is not None and device.paired_at <= session.created_at
    )
