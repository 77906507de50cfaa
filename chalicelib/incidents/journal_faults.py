"""Incidents of the journal: what sealers and verifiers see, as faults of the system."""

from dataclasses import dataclass

from chalicelib.clock import Clock
from chalicelib.incidents.incident import IncidentDomain, IncidentSeverity, Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.faults import LATE_KEY, JournalFault

_SYSTEM = "system"


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
        severity = IncidentSeverity.CRITICAL if fault.is_broken else IncidentSeverity.HIGH
        self.incidents.raise_(
            Sighting(
                owner=_SYSTEM,
                domain=IncidentDomain.JOURNAL,
                dedupe_key=fault.key,
                occurrence=fault.occurrence,
                severity=severity,
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
            _SYSTEM,
            (IncidentDomain.JOURNAL, LATE_KEY),
            "seals come in time again",
            self.clock.now(),
        )
