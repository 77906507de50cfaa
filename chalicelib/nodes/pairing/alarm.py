"""Incidents of pairing: somebody guesses, or asks an operator again and again."""

import logging
from dataclasses import dataclass
from datetime import datetime

from chalicelib.clock import rfc3339
from chalicelib.errors import Unavailable
from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.pairing.session import PairingSession

_log = logging.getLogger("palyra.pairing")
_SYSTEM = "system"


@dataclass(kw_only=True, eq=False, repr=False)
class PairingAlarm:
    """Raises the incidents of pairing; never raises an error, since what it tells of was done."""

    incidents: IncidentStore

    def guessing(self, begin: datetime, now: datetime) -> None:
        """Say that too many attempts fail at this gateway."""
        self._raise(
            Sighting(
                owner=_SYSTEM,
                kind=node_kinds.PAIRING_GUESSED,
                dedupe_key="pairing:guessing",
                occurrence=f"guessing/{rfc3339(begin)}",
                summary="too many attempts to pair fail",
                detail="new attempts are answered slowly; end the codes that are not needed",
                evidence={"since": rfc3339(begin)},
            ),
            now,
        )

    def mistyped(self, session: PairingSession, now: datetime) -> None:
        """Say that a request was rejected, since its number was typed wrong too often."""
        self._raise(
            Sighting(
                owner=session.owner,
                kind=node_kinds.PAIRING_MISTYPED,
                dedupe_key=f"pairing:mistyped:{session.id}",
                occurrence=f"mistyped/{session.id}",
                summary="a pairing request was rejected: the number was typed wrong three times",
                detail="another device than the one in front of the operator may have asked",
                evidence={"device_id": session.device_id, "minted_by": session.minted_by},
                related=(session.id,),
            ),
            now,
        )

    def rejected(self, owner: str, begin: datetime, now: datetime) -> None:
        """Say that an operator had to reject several requests within a short time."""
        self._raise(
            Sighting(
                owner=owner,
                kind=node_kinds.PAIRING_REJECTED,
                dedupe_key="pairing:rejected",
                occurrence=f"rejected/{rfc3339(begin)}",
                summary="several pairing requests were rejected",
                detail="somebody may know codes who should not; mint new ones for each device",
                evidence={"since": rfc3339(begin)},
            ),
            now,
        )

    def _raise(self, sighting: Sighting, now: datetime) -> None:
        try:
            self.incidents.raise_(sighting, now)
        except Unavailable:
            _log.error("an incident of pairing was not raised", extra={"of": sighting.dedupe_key})
