"""The incident of an issuer that fails."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
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
        self.incidents.raise_(
            Sighting(
                owner=SYSTEM,
                kind=node_kinds.ISSUING_FAILS,
                dedupe_key=f"{node_kinds.ISSUING_FAILS.name}:{_ISSUER}",
                occurrence=f"{now:%Y-%m-%dT%H:%M}",
                summary="certificates of nodes cannot be issued",
                detail=why,
                related=(_ISSUER,),
                subject=_ISSUER,
            ),
            now,
        )
