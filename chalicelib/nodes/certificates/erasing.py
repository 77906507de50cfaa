"""DeviceEraser: what somebody called a device, and why it was thrown out or let in again."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.background.erasure import Part
from chalicelib.errors import Conflict
from chalicelib.nodes.certificates.device import Device
from chalicelib.nodes.certificates.store import CertificateStore


@dataclass(kw_only=True, eq=False, repr=False)
class DeviceEraser:
    """Erases what was written on devices that are out; what became of them stays."""

    certificates: CertificateStore

    def holds(self, owner: str, subject: str) -> bool:
        """Return whether the subject is a device.

        Raises:
            Conflict: it is not out.
        """
        device = self.certificates.device(owner, subject)
        if device is not None and not device.is_out:
            raise Conflict(
                "the device was not thrown out, or is being paired again",
                field="subject",
                fix="throw it out first: POST /v1/nodes/{device_id}/revoke",
            )
        return device is not None

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase them; whoever pairs the device again meanwhile has said something new."""
        device = self.certificates.device(owner, subject)
        if device is not None and device.is_out and _is_said(device):
            yield Part(after, is_open=not self.certificates.unsay(device))


def _is_said(device: Device) -> bool:
    return bool(device.label or device.reason)
