"""Causes of the incidents of nodes: what stands of a device, and of its certificate, by now."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.healing.causes import present
from chalicelib.healing.decision import Cause
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.nodes.certificates.device import ENDS_SOON, Device, DeviceState
from chalicelib.nodes.certificates.store import CertificateStore


@dataclass(kw_only=True, eq=False, repr=False)
class NodeCauses:
    """Looks at devices."""

    certificates: CertificateStore

    def cloned(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether a device is suspended."""
        device = self._device(record)
        return present(device is not None and device.state is DeviceState.SUSPENDED)

    def ending(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether a device's certificate ends soon, and the end is still to come.

        One that was offered the next certificate has yet to call with it.
        """
        end = _end(self._device(record))
        return present(end is not None and now <= end < now + ENDS_SOON)

    def expired(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether a device that is to call has nothing to call with."""
        end = _end(self._device(record))
        return present(end is not None and now > end)

    def _device(self, record: RuntimeIncidentRecord) -> Device | None:
        return self.certificates.device(record.owner, record.subject)


def _end(device: Device | None) -> datetime | None:
    is_active = device is not None and device.state is DeviceState.ACTIVE
    return device.expires_at if device is not None and is_active else None
