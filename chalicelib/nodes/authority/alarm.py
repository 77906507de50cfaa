"""Incidents of the authority: an issuer that fails, an end that comes, a stranger in its place."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.clock import rfc3339
from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentKind
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.authority.store import Authority
from chalicelib.nodes.authority.truststore import KEY
from chalicelib.tables import SYSTEM

_ISSUER = "node_issuer"


@dataclass(kw_only=True, eq=False, repr=False)
class IssuerAlarm:
    """Raises it; it is over when nothing fails for long enough."""

    incidents: IncidentStore

    def failing(self, why: str, now: datetime) -> None:
        """Say that a certificate could not be issued, once a minute at most.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        summary = "certificates of nodes cannot be issued"
        told = _sighting(node_kinds.ISSUING_FAILS, _ISSUER, f"{now:%Y-%m-%dT%H:%M}", summary)
        self.incidents.raise_(replace(told, detail=why), now)


@dataclass(kw_only=True, eq=False, repr=False)
class AuthorityAlarm:
    """Raises what is wrong with authorities that nobody has to fail for."""

    incidents: IncidentStore

    def ending(self, authority: Authority, now: datetime) -> None:
        """Say that the authority that signs ends soon, or has ended: once a day at most.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        end = authority.ends_at()
        is_over = now > end
        kind = node_kinds.AUTHORITY_EXPIRED if is_over else node_kinds.AUTHORITY_ENDING
        what = "has expired" if is_over else "is about to expire"
        summary = f"The authority {authority.key_id[:16]} of nodes' certificates {what}"
        told = _sighting(kind, authority.key_id, f"{now:%Y-%m-%d}", summary)
        evidence = {"not_after": rfc3339(end), "slot": authority.slot}
        self.incidents.raise_(replace(told, evidence=evidence), now)

    def stranger(self, number: int, now: datetime) -> None:
        """Say that the truststore has what is no authority of ours, once a minute at most.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        summary = "the truststore of nodes had what is no authority of this gateway"
        told = _sighting(node_kinds.TRUSTSTORE_CHANGED, KEY, f"{now:%Y-%m-%dT%H:%M}", summary)
        self.incidents.raise_(replace(told, evidence={"pieces": str(number)}), now)


def _sighting(kind: IncidentKind, subject: str, occurrence: str, summary: str) -> Sighting:
    return Sighting(
        owner=SYSTEM,
        kind=kind,
        dedupe_key=f"{kind.name}:{subject}",
        occurrence=occurrence,
        summary=summary,
        related=(subject,),
        subject=subject,
    )
