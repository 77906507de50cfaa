"""The pages of incidents: what is wrong, what was done about it, and what is left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.console.status import Status, Tone
from chalicelib.console.words import pretty
from chalicelib.healing.listing import ACTIVE, Filter
from chalicelib.healing.service import Detail, IncidentService
from chalicelib.incidents.attempt import AttemptStatus, RuntimeRemediationAttemptRecord
from chalicelib.incidents.incident import (
    IncidentState,
    RuntimeIncidentHistoryEntry,
    RuntimeIncidentRecord,
)
from chalicelib.incidents.kind import IncidentKind

_STATES = {
    IncidentState.OPEN: Status("Open", Tone.BAD, "alert"),
    IncidentState.REMEDIATING: Status("Remediating", Tone.ACTIVE, "turning"),
    IncidentState.RESOLVED: Status("Resolved", Tone.GOOD, "check"),
}
_KNOWN = Status("Acknowledged", Tone.WARN, "alert")
_ATTEMPTS = {
    AttemptStatus.PLANNED: Status("Planned", Tone.ACTIVE, "clock"),
    AttemptStatus.SUCCEEDED: Status("Succeeded", Tone.GOOD, "check"),
    AttemptStatus.FAILED: Status("Failed", Tone.BAD, "cross"),
    AttemptStatus.SKIPPED: Status("Skipped", Tone.CALM, "skip"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """An incident at a glance."""

    record: RuntimeIncidentRecord
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsPage:
    """Incidents, the latest first.

    Attributes:
        is_all: those that are resolved are among them.
        older: the key after which older ones begin, or None.
        is_first: it begins with the latest.
    """

    lines: Sequence[IncidentLine]
    is_all: bool
    older: str | None
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """An attempt at a remedy."""

    record: RuntimeRemediationAttemptRecord
    status: Status
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """One incident.

    Attributes:
        kind: what the table says of it, or None where it says nothing.
        evidence: what was seen, as JSON, or nothing.
    """

    line: IncidentLine
    kind: IncidentKind | None
    evidence: str
    history: Sequence[RuntimeIncidentHistoryEntry]
    attempts: Sequence[AttemptLine]


def incidents_page(
    service: IncidentService, owner: str, after: str | None, limit: int, *, is_all: bool
) -> IncidentsPage:
    """Return a page of an owner's incidents and the stage's.

    Raises:
        Unavailable: DynamoDB did not answer.
    """
    wanted = Filter(state=None if is_all else ACTIVE)
    found = service.list(owner, wanted, after, limit)
    return IncidentsPage(
        lines=[_line(record) for record in found.items],
        is_all=is_all,
        older=found.next,
        is_first=after is None,
    )


def incident_page(detail: Detail) -> IncidentPage:
    """Return the page of an incident."""
    record = detail.record
    attempts = [
        AttemptLine(record=each, status=_ATTEMPTS[each.status], at=each.recorded_at)
        for each in detail.attempts
    ]
    return IncidentPage(
        line=_line(record),
        kind=record.known,
        evidence=pretty(dict(record.evidence)),
        history=detail.history,
        attempts=attempts,
    )


def _line(record: RuntimeIncidentRecord) -> IncidentLine:
    is_known = record.state is IncidentState.OPEN and record.acknowledged_by
    return IncidentLine(record=record, status=_KNOWN if is_known else _STATES[record.state])
