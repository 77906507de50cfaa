"""The rows of an incident: its record, the entries of its history, and attempts at remedies."""

import json

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.clock import from_ms, sortable, to_ms
from chalicelib.incidents.attempt import AttemptStatus, RuntimeRemediationAttemptRecord
from chalicelib.incidents.bounds import evidence_text
from chalicelib.incidents.incident import (
    Change,
    IncidentState,
    RuntimeIncidentHistoryEntry,
    RuntimeIncidentRecord,
)
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, owned

RECORD = "0"
ENTRY = "h#"
ATTEMPT = "a#"
_NUMBER_DIGITS = 9


class ActiveIndex(GlobalSecondaryIndex["RecordRow"]):
    """Incidents that are not resolved, by owner, in order of their opening.

    The range key is `instant#domain#severity#id`, so that they are counted without being read.
    """

    class Meta:
        """The index."""

        index_name = "active"
        projection = KeysOnlyProjection()

    active_owner = UnicodeAttribute(hash_key=True)
    active_at = UnicodeAttribute(range_key=True)


class ListedIndex(GlobalSecondaryIndex["RecordRow"]):
    """All incidents by owner, in order of their first sighting: `instant#id`."""

    class Meta:
        """The index."""

        index_name = "listed"
        projection = KeysOnlyProjection()

    listed_owner = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class RecordRow(Table):
    """An incident; it is in the index `active` exactly while it is active."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    active = ActiveIndex()
    listed = ListedIndex()

    sk = UnicodeAttribute(range_key=True)
    active_owner = UnicodeAttribute(null=True)
    active_at = UnicodeAttribute(null=True)
    listed_owner = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    domain = UnicodeAttribute()
    dedupe_key = UnicodeAttribute()
    severity = UnicodeAttribute()
    state = UnicodeAttribute()
    summary = UnicodeAttribute()
    detail = UnicodeAttribute()
    evidence = UnicodeAttribute()
    related: ListAttribute[str] = ListAttribute()
    first_seen = WholeNumber()
    last_seen = WholeNumber()
    opened_at = WholeNumber()
    resolved_at = WholeNumber(null=True)
    changed_at = WholeNumber(null=True)
    seen = WholeNumber()
    reopened = WholeNumber()
    returns: ListAttribute[int] = ListAttribute(null=True)
    is_escalated = WholeNumber(null=True)
    tries = WholeNumber(null=True)
    tried_at = WholeNumber(null=True)
    acknowledged_at = WholeNumber(null=True)
    acknowledged_by = UnicodeAttribute(null=True)
    occurrences: ListAttribute[str] = ListAttribute()
    version = WholeNumber()


class EntryRow(Table):
    """One change of an incident; the sort key is `h#instant#version`."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()
    what = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    severity = UnicodeAttribute()
    seen = WholeNumber()
    reason = UnicodeAttribute()
    by = UnicodeAttribute(null=True)


class AttemptRow(Table):
    """An attempt at a remediation; the sort key is `a#version`."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()
    ended_at = WholeNumber(null=True)
    remediation = UnicodeAttribute()
    by = UnicodeAttribute()
    status = UnicodeAttribute()
    reason = UnicodeAttribute()


class TallyRow(Table):
    """How many incidents of a kind are resolved; the sort key is `domain#severity`."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    sk = UnicodeAttribute(range_key=True)
    number = WholeNumber()


def row_of(record: RuntimeIncidentRecord) -> RecordRow:
    """Return the row of an incident."""
    row = RecordRow(
        owned(record.owner, record.id),
        RECORD,
        listed_owner=record.owner,
        listed_at=listed_key(record),
        kind=record.kind or None,
        subject=record.subject or None,
        domain=record.domain,
        dedupe_key=record.dedupe_key,
        severity=record.severity,
        state=record.state,
        summary=record.summary,
        detail=record.detail,
        evidence=evidence_text(record.evidence),
        related=list(record.related),
        first_seen=to_ms(record.first_seen),
        last_seen=to_ms(record.last_seen),
        opened_at=to_ms(record.opened_at),
        changed_at=to_ms(record.changed_at),
        resolved_at=to_ms(record.resolved_at),
        seen=record.count,
        reopened=record.reopened,
        returns=[to_ms(at) for at in record.returns] or None,
        is_escalated=1 if record.is_escalated else None,
        tries=record.tries or None,
        tried_at=to_ms(record.tried_at),
        acknowledged_at=to_ms(record.acknowledged_at),
        acknowledged_by=record.acknowledged_by or None,
        occurrences=list(record.occurrences),
        version=record.version,
    )
    if record.is_active:
        row.active_owner = record.owner
        row.active_at = active_key(record)
    return row


def listed_key(record: RuntimeIncidentRecord) -> str:
    """Return where an incident stands among all of its owner."""
    return f"{sortable(record.first_seen)}#{record.id}"


def active_key(record: RuntimeIncidentRecord) -> str:
    """Return where an incident stands among those of its owner that are not resolved."""
    return f"{sortable(record.opened_at)}#{record.domain}#{record.severity}#{record.id}"


def record_of(row: RecordRow) -> RuntimeIncidentRecord:
    """Return the incident of a row; one of an earlier version lacks what is new."""
    owner, _, id_ = row.pk.rpartition("#")
    changed_at = row.changed_at or row.resolved_at or row.opened_at
    return RuntimeIncidentRecord(
        id=id_,
        owner=owner,
        kind=row.kind or "",
        subject=row.subject or "",
        domain=IncidentDomain(row.domain),
        dedupe_key=row.dedupe_key,
        severity=IncidentSeverity(row.severity),
        state=IncidentState(row.state),
        summary=row.summary,
        detail=row.detail,
        evidence=json.loads(row.evidence),
        related=tuple(row.related),
        first_seen=from_ms(row.first_seen),
        last_seen=from_ms(row.last_seen),
        opened_at=from_ms(row.opened_at),
        changed_at=from_ms(changed_at),
        resolved_at=from_ms(row.resolved_at),
        count=int(row.seen),
        reopened=int(row.reopened),
        returns=tuple(from_ms(int(at)) for at in row.returns or ()),
        is_escalated=bool(row.is_escalated),
        tries=int(row.tries or 0),
        tried_at=from_ms(row.tried_at),
        acknowledged_at=from_ms(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by or "",
        occurrences=tuple(row.occurrences),
        version=int(row.version),
    )


def entry_row_of(record: RuntimeIncidentRecord, change: Change, reason: str, by: str) -> EntryRow:
    """Return the row of what became of an incident just now."""
    key = f"{ENTRY}{sortable(record.changed_at)}#{_number(record.version)}"
    return EntryRow(
        owned(record.owner, record.id),
        key,
        at=to_ms(record.changed_at),
        what=change,
        state=record.state,
        severity=record.severity,
        seen=record.count,
        reason=reason,
        by=by or None,
    )


def entry_of(row: EntryRow) -> RuntimeIncidentHistoryEntry:
    """Return the entry of a row; what an earlier version wrote is an opening or a resolution."""
    state = IncidentState(row.state)
    before = Change.RESOLVED if state is IncidentState.RESOLVED else Change.OPENED
    return RuntimeIncidentHistoryEntry(
        at=from_ms(row.at),
        change=Change(row.what) if row.what else before,
        state=state,
        severity=IncidentSeverity(row.severity),
        count=int(row.seen),
        reason=row.reason,
        by=row.by or "",
    )


def attempt_row_of(attempt: RuntimeRemediationAttemptRecord) -> AttemptRow:
    """Return the row of an attempt."""
    return AttemptRow(
        owned(attempt.owner, attempt.incident_id),
        f"{ATTEMPT}{_number(int(attempt.id))}",
        at=to_ms(attempt.recorded_at),
        ended_at=to_ms(attempt.ended_at),
        remediation=attempt.remediation,
        by=attempt.by,
        status=attempt.status,
        reason=attempt.detail,
    )


def attempt_of(row: AttemptRow) -> RuntimeRemediationAttemptRecord:
    """Return the attempt of a row."""
    owner, _, id_ = row.pk.rpartition("#")
    return RuntimeRemediationAttemptRecord(
        id=str(int(row.sk.removeprefix(ATTEMPT))),
        owner=owner,
        incident_id=id_,
        remediation=row.remediation,
        by=row.by,
        status=AttemptStatus(row.status),
        detail=row.reason,
        recorded_at=from_ms(row.at),
        ended_at=from_ms(row.ended_at),
    )


def _number(version: int) -> str:
    return f"{version:0{_NUMBER_DIGITS}}"
