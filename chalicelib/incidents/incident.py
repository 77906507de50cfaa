"""RuntimeIncident: a fault that somebody saw, and what seeing it again does to its record.

A fault is named by its owner, its domain and a dedupe key; its id is derived from these, so whoever
sees it writes the same record. Each observation has an id of its own, its occurrence: one that the
record knows already changes nothing, so lost replies and repeated sweeps never count twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.incidents import kinds
from chalicelib.incidents.bounds import (
    DETAIL_CHARACTERS,
    SUMMARY_CHARACTERS,
    bounded_evidence,
    bounded_key,
    bounded_related,
    bounded_subject,
    cut,
    digest,
)
from chalicelib.incidents.kind import IncidentDomain, IncidentKind, IncidentSeverity
from chalicelib.redaction import redact_text

type Kind = tuple[IncidentDomain, IncidentSeverity]

REMEMBERED_OCCURRENCES = 16
# What is resolved and seen again so often within so long is not put right by what resolves it.
FLAPS = 3
FLAPPING = timedelta(hours=1)


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    REMEDIATING = "remediating"
    RESOLVED = "resolved"


class Change(StrEnum):
    """What an entry of an incident's history tells."""

    OPENED = "opened"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    REMEDIATING = "remediating"
    FAILED = "remediation_failed"
    ESCALATED = "escalated"
    RESOLVED = "resolved"

    @property
    def unsaid(self) -> str:
        """Return what its entry says where nobody said why, or where that was erased."""
        return f"{self} by an operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a room reports: it saw a fault.

    Nothing in it is refused: secrets are redacted, text that is too long is cut, and evidence that
    does not fit is left out.

    Attributes:
        kind: which of the table it is.
        dedupe_key: what tells this fault from the others of its owner and domain.
        occurrence: the id of this observation; a repeat of it changes nothing.
        evidence: what was seen, by name.
        related: ids of what it concerns, such as a task or a job.
        subject: the id of what the fault is in, by which its cause is looked at.
    """

    owner: str
    kind: IncidentKind
    dedupe_key: str
    occurrence: str
    summary: str
    detail: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    related: tuple[str, ...] = ()
    subject: str = ""

    @property
    def domain(self) -> IncidentDomain:
        """Return the part of Palyra that it is in."""
        return self.kind.domain

    @property
    def severity(self) -> IncidentSeverity:
        """Return how bad it is."""
        return self.kind.severity

    @property
    def incident_id(self) -> str:
        """Return the id of the incident that it belongs to."""
        return incident_id(self.owner, self.domain, self.dedupe_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeIncidentRecord:
    """A fault, and all that was seen of it.

    Attributes:
        kind: its name in the table; empty for a record of a version that had none.
        severity: the worst that was seen since it was opened, or what it was escalated to.
        summary: as of the latest sighting, like detail and evidence.
        related: ids of what it concerns, the latest first.
        subject: the id of what it is in, or empty.
        opened_at: when it was opened, for the last time if it came back.
        changed_at: when its history was written to last.
        count: how often it was seen, over all its lives.
        reopened: how often it came back after it was resolved.
        returns: the latest instants of that, the last one first, until an operator resolves it.
        is_escalated: it flaps, or cannot be put right; the sweep remedies it no more.
        tries: how often something was tried, or left alone, since it was opened.
        tried_at: when that was last, or None.
        acknowledged_by: the operator who knows of it, or empty.
        occurrences: digests of the latest sightings, which are not counted again.
        version: raised by every change.
    """

    id: str
    owner: str
    kind: str
    domain: IncidentDomain
    dedupe_key: str
    severity: IncidentSeverity
    state: IncidentState = IncidentState.OPEN
    summary: str
    detail: str
    evidence: Mapping[str, str]
    related: tuple[str, ...]
    subject: str = ""
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    count: int = 1
    reopened: int = 0
    returns: tuple[datetime, ...] = ()
    is_escalated: bool = False
    tries: int = 0
    tried_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    occurrences: tuple[str, ...]
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Return whether the fault is still there, as far as is known."""
        return self.state is not IncidentState.RESOLVED

    @property
    def known(self) -> IncidentKind | None:
        """Return what the table says of its kind, or None where it says nothing."""
        return kinds.KINDS.get(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeIncidentHistoryEntry:
    """Something became of an incident.

    Attributes:
        severity: the incident's, then.
        count: how often it had been seen.
        reason: the summary of the sighting that opened it, or why it was changed.
        by: the operator who changed it, or empty.
    """

    at: datetime
    change: Change
    state: IncidentState
    severity: IncidentSeverity
    count: int
    reason: str
    by: str = ""


class IncidentPage(NamedTuple):
    """Some incidents, and the key after which the next ones begin; None at the end."""

    items: Sequence[RuntimeIncidentRecord]
    next: str | None


class IncidentCounts(NamedTuple):
    """How many incidents there are, by domain and severity; kinds without any are missing."""

    active: Mapping[Kind, int]
    resolved: Mapping[Kind, int]


class Effect(StrEnum):
    """What a sighting does."""

    NEW = "new"
    SEEN_AGAIN = "seen_again"
    REOPENED = "reopened"
    REPEAT = "repeat"


class Decision(NamedTuple):
    """What a sighting does, and the record after it."""

    effect: Effect
    record: RuntimeIncidentRecord


def decide(record: RuntimeIncidentRecord | None, sighting: Sighting, now: datetime) -> Decision:
    """Return what a sighting does to the record of its incident, or to there being none.

    A sighting after the resolution reopens whatever its instant: clocks differ, and an incident
    that was reopened wrongly is resolved again, while a fault that was overlooked stays.
    """
    if record is None:
        return Decision(Effect.NEW, _first(sighting, now))
    if digest(sighting.occurrence) in record.occurrences:
        return Decision(Effect.REPEAT, record)
    seen = _counted(record, sighting, now)
    if record.is_active:
        return Decision(Effect.SEEN_AGAIN, seen)
    return Decision(Effect.REOPENED, _reopened(seen, sighting))


def is_flapping(returns: Sequence[datetime]) -> bool:
    """Return whether something came back too often too soon, by the latest instants of that."""
    return len(returns) >= FLAPS and returns[0] - returns[FLAPS - 1] <= FLAPPING


def incident_id(owner: str, domain: IncidentDomain, dedupe_key: str) -> str:
    """Return the id of a fault's incident, the same wherever it is seen."""
    return f"incident_{digest(owner, domain, bounded_key(dedupe_key))}"


def _first(sighting: Sighting, now: datetime) -> RuntimeIncidentRecord:
    return RuntimeIncidentRecord(
        id=sighting.incident_id,
        owner=sighting.owner,
        kind=sighting.kind.name,
        domain=sighting.domain,
        dedupe_key=bounded_key(redact_text(sighting.dedupe_key)),
        severity=sighting.severity,
        summary=cut(sighting.summary, SUMMARY_CHARACTERS),
        detail=cut(sighting.detail, DETAIL_CHARACTERS),
        evidence=bounded_evidence(sighting.evidence),
        related=bounded_related(sighting.related),
        subject=bounded_subject(sighting.subject),
        first_seen=now,
        last_seen=now,
        opened_at=now,
        changed_at=now,
        occurrences=(digest(sighting.occurrence),),
    )


def _counted(
    record: RuntimeIncidentRecord, sighting: Sighting, now: datetime
) -> RuntimeIncidentRecord:
    occurrences = (digest(sighting.occurrence), *record.occurrences)
    seen = replace(
        record,
        severity=max(record.severity, sighting.severity, key=lambda severity: severity.rank),
        related=bounded_related((*sighting.related, *record.related)),
        last_seen=max(now, record.last_seen),
        count=record.count + 1,
        occurrences=occurrences[:REMEMBERED_OCCURRENCES],
        version=record.version + 1,
    )
    return _described(seen, sighting) if now >= record.last_seen else seen


def _reopened(seen: RuntimeIncidentRecord, sighting: Sighting) -> RuntimeIncidentRecord:
    at = max(seen.last_seen, seen.changed_at)
    returns = (at, *seen.returns)[:FLAPS]
    flaps = is_flapping(returns)
    reopened = replace(
        seen,
        kind=sighting.kind.name,
        state=IncidentState.OPEN,
        severity=sighting.severity.raised if flaps else sighting.severity,
        last_seen=at,
        opened_at=at,
        changed_at=at,
        resolved_at=None,
        reopened=seen.reopened + 1,
        returns=returns,
        is_escalated=flaps,
        tries=0,
        tried_at=None,
        acknowledged_at=None,
        acknowledged_by="",
    )
    return _described(reopened, sighting)


def _described(record: RuntimeIncidentRecord, sighting: Sighting) -> RuntimeIncidentRecord:
    return replace(
        record,
        summary=cut(sighting.summary, SUMMARY_CHARACTERS),
        detail=cut(sighting.detail, DETAIL_CHARACTERS),
        evidence=bounded_evidence(sighting.evidence),
    )
