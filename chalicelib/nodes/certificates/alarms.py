"""Incidents of devices: copies of keys, and certificates that end without a successor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.clock import rfc3339
from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentKind
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.certificates.certificate import Certificate
from chalicelib.nodes.certificates.events import SHOWN

_CLONE = (
    "A certificate was used after the one that follows it: two hold keys of this device. It was "
    "suspended. Find out who has a copy, then clear the device and pair it again."
)
_EXPIRING = (
    "A node renews by itself when half of its certificate's life is over; this one did not. See "
    "whether it runs and reaches the gateway: after the end it has to be paired again."
)
_EXPIRED = (
    "Its certificate ended. `palyra node recover` on its machine brings it back within seven days; "
    "otherwise pair it again, or revoke it."
)


class NodeAlarm(Protocol):
    """Who is told what is wrong with devices."""

    def possible_clone(self, certificate: Certificate, now: datetime) -> None:
        """Tell that a certificate was used after its successor."""

    def ending(self, certificate: Certificate, now: datetime) -> None:
        """Tell that a certificate ends soon, or has ended, and nothing follows it."""

    def renewed(self, owner: str, device_id: str, now: datetime) -> None:
        """Tell that a device has a certificate that does not end soon."""


@dataclass(kw_only=True, eq=False, repr=False)
class NodeIncidents:
    """Raises and resolves the incidents of devices."""

    incidents: IncidentStore

    def possible_clone(self, certificate: Certificate, now: datetime) -> None:
        """Raise the incident of a copy, once for each certificate."""
        self.incidents.raise_(
            Sighting(
                owner=certificate.owner,
                kind=node_kinds.NODE_CLONED,
                dedupe_key=f"possible_clone:{certificate.device_id}",
                occurrence=certificate.fingerprint,
                summary=f"Device {certificate.device_id} may have been cloned",
                detail=_CLONE,
                evidence={"fingerprint": certificate.fingerprint[:SHOWN]},
                related=(certificate.device_id,),
                subject=certificate.device_id,
            ),
            now,
        )

    def ending(self, certificate: Certificate, now: datetime) -> None:
        """Raise the incident of an end without a successor, once before it and once after."""
        is_over = now > certificate.not_after
        kind = node_kinds.CERTIFICATE_EXPIRED if is_over else node_kinds.CERTIFICATE_ENDING
        what = "has expired" if is_over else "is about to expire"
        self.incidents.raise_(
            Sighting(
                owner=certificate.owner,
                kind=kind,
                dedupe_key=_key(kind, certificate.device_id),
                occurrence=certificate.fingerprint,
                summary=f"The certificate of device {certificate.device_id} {what}",
                detail=_EXPIRED if is_over else _EXPIRING,
                evidence={"not_after": rfc3339(certificate.not_after)},
                related=(certificate.device_id,),
                subject=certificate.device_id,
            ),
            now,
        )

    def renewed(self, owner: str, device_id: str, now: datetime) -> None:
        """Resolve the incidents of an end without a successor."""
        for kind in (node_kinds.CERTIFICATE_ENDING, node_kinds.CERTIFICATE_EXPIRED):
            self.incidents.resolve(
                owner,
                (kind.domain, _key(kind, device_id)),
                "the device has a certificate, or needs none any more",
                now,
            )


def _key(kind: IncidentKind, device_id: str) -> str:
    return f"{kind.name}:{device_id}"
