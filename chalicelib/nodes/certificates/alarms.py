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
from chalicelib.tables import SYSTEM

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
_OURS = (
    "This gateway's authority has signed it, and the table of nodes does not know it. Unless the "
    "table was set back, somebody else signs with the authority's key: roll the authority over."
)
_MISUSED = {"profile": _OURS, "unknown_certificate": _OURS}
_FOREIGN = (
    "The front let it in, and no authority of this gateway has signed it: the front trusts one too "
    "many. See who wrote the truststore, and which version of it the front names."
)


class NodeAlarm(Protocol):
    """Who is told what is wrong with devices."""

    def possible_clone(self, certificate: Certificate, now: datetime) -> None:
        """Tell that a certificate was used after its successor."""

    def misused(self, fingerprint: str, reason: str, now: datetime) -> None:
        """Tell that the front let in a certificate that this gateway never issued."""

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

    def misused(self, fingerprint: str, reason: str, now: datetime) -> None:
        """Raise the incident of a certificate that nobody issued: one for each reason."""
        kind = node_kinds.AUTHORITY_MISUSED
        self.incidents.raise_(
            Sighting(
                owner=SYSTEM,
                kind=kind,
                dedupe_key=f"{kind.name}:{reason}",
                occurrence=f"{fingerprint}/{now:%Y-%m-%dT%H}",
                summary="A certificate was shown to the nodes origin that was never issued here",
                detail=_MISUSED.get(reason, _FOREIGN),
                evidence={"fingerprint": fingerprint[:SHOWN], "reason": reason},
                related=("node-authority",),
                subject="node-authority",
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
