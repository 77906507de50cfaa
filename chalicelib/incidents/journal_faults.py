"""Incidents of the journal: what sealers and verifiers see, as faults of the system."""

from dataclasses import dataclass

from chalicelib.clock import Clock
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.faults import LATE_KEY, JournalFault
from chalicelib.tables import SYSTEM


@dataclass(kw_only=True, eq=False, repr=False)
class JournalIncidents:
    """Raises and resolves the incidents of the journal."""

    incidents: IncidentStore
    clock: Clock

    def tell(self, fault: JournalFault) -> None:
        """Raise a fault's incident, once for each occurrence.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        kind = kinds.JOURNAL_BROKEN if fault.is_broken else kinds.SEAL_LATE
        self.incidents.raise_(
            Sighting(
                owner=SYSTEM,
                kind=kind,
                dedupe_key=fault.key,
                occurrence=fault.occurrence,
                summary=fault.what,
                detail=fault.detail,
                evidence=fault.evidence,
            ),
            self.clock.now(),
        )

    def late_is_over(self) -> None:
        """Resolve the incident of late seals.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        self.incidents.resolve(
            SYSTEM,
            (kinds.SEAL_LATE.domain, LATE_KEY),
            "seals come in time again",
            self.clock.now(),
        )
