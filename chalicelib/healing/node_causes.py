"""Causes of the incidents of nodes: what stands of a device, a certificate, an authority by now."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.healing.causes import present
from chalicelib.healing.decision import Cause
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.nodes.authority.store import Authority, AuthorityStore
from chalicelib.nodes.authority.upkeep import ENDS_SOON as AUTHORITY_ENDS_SOON
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


@dataclass(kw_only=True, eq=False, repr=False)
class AuthorityCauses:
    """Looks at the authority that signs."""

    authorities: AuthorityStore

    def ending(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether an authority signs and ends soon, and the end is still to come."""
        signing = self._signing(record)
        return present(signing is not None and now <= signing.ends_at() < now + AUTHORITY_ENDS_SOON)

    def expired(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether an authority that has ended is still the one that signs."""
        signing = self._signing(record)
        return present(signing is not None and now > signing.ends_at())

    def _signing(self, record: RuntimeIncidentRecord) -> Authority | None:
        head = self.authorities.head()
        is_it = head is not None and head.signing == record.subject
        return self.authorities.get(record.subject) if is_it else None
