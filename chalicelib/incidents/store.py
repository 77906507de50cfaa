"""IncidentStore: each incident's record, its history, and how many there are.

Writers compare the record's version and decide again on what they find, a bounded number of times.
A change of state is one transaction: the record, one entry of the history and the tally of resolved
incidents change together or not at all. An observation changes the record alone.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Unavailable
from chalicelib.incidents.bounds import REASON_CHARACTERS, cut, evidence_text
from chalicelib.incidents.incident import (
    Decision,
    Effect,
    IncidentCounts,
    IncidentDomain,
    IncidentPage,
    IncidentSeverity,
    IncidentState,
    Kind,
    RuntimeIncidentHistoryEntry,
    RuntimeIncidentRecord,
    Sighting,
    decide,
    incident_id,
    resolved,
)
from chalicelib.settings import resource
from chalicelib.tables import (
    Cancelled,
    Refused,
    Table,
    TableMeta,
    WholeNumber,
    Write,
    owned,
    reading,
)

_TRIES = 8
_RECORD = "0"
_ENTRY = "h#"
_TALLY = "resolved"
_INSTANT_DIGITS = 15
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


class RecordRow(Table):
    """An incident; it is in the index exactly while it is active."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    active = ActiveIndex()

    sk = UnicodeAttribute(range_key=True)
    active_owner = UnicodeAttribute(null=True)
    active_at = UnicodeAttribute(null=True)
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
    seen = WholeNumber()
    reopened = WholeNumber()
    occurrences: ListAttribute[str] = ListAttribute()
    version = WholeNumber()


class EntryRow(Table):
    """One change of an incident's state; the sort key is `h#instant#version`."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()
    state = UnicodeAttribute()
    severity = UnicodeAttribute()
    seen = WholeNumber()
    reason = UnicodeAttribute()


class TallyRow(Table):
    """How many incidents of a kind are resolved; the sort key is `domain#severity`."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("incidents")

    sk = UnicodeAttribute(range_key=True)
    number = WholeNumber()


class IncidentStore:
    """Incidents of all owners."""

    def raise_(self, sighting: Sighting, now: datetime) -> RuntimeIncidentRecord:
        """Record that a fault was seen, once for each occurrence, and return its incident.

        Raises:
            Unavailable: DynamoDB did not answer, or others kept changing the incident.
        """
        instant = from_ms(to_ms(now))
        for _ in range(_TRIES):
            record = self.get(sighting.owner, sighting.incident_id)
            decision = decide(record, sighting, instant)
            # A lost reply ends here as well: the record knows the occurrence.
            if decision.effect is Effect.REPEAT or _done(record, decision):
                return decision.record
        raise _busy()

    def resolve(
        self, owner: str, incident: str | tuple[IncidentDomain, str], reason: str, now: datetime
    ) -> RuntimeIncidentRecord | None:
        """Record that a fault is gone; what is resolved already stays as it is.

        Args:
            owner: the workspace it is in.
            incident: its id, or its domain and dedupe key.
            reason: why it is believed to be gone.
            now: the instant of the resolution.

        Returns:
            The incident as it is then, or None if there never was one.

        Raises:
            Unavailable: DynamoDB did not answer, or others kept changing the incident.
        """
        id_ = incident if isinstance(incident, str) else incident_id(owner, *incident)
        for _ in range(_TRIES):
            record = self.get(owner, id_)
            if record is None or not record.is_active:
                return record
            after = resolved(record, from_ms(to_ms(now)))
            if _moved(record, after, cut(reason, REASON_CHARACTERS)):
                return after
        raise _busy()

    def get(self, owner: str, id_: str) -> RuntimeIncidentRecord | None:
        """Return an incident by a strongly consistent read, or None."""
        row = RecordRow.find(owned(owner, id_), _RECORD)
        return _record(row) if row else None

    def active(self, owner: str, after: str | None, limit: int) -> IncidentPage:
        """Return an owner's incidents that are not resolved, the latest opened first.

        Found by an index and then read: one that was resolved a moment ago is left out, so a page
        may be shorter than its limit; one that was opened a moment ago may be missing.
        """
        before = RecordRow.active_at < after if after else None
        found = list(
            reading(RecordRow.active.query(owner, before, scan_index_forward=False, limit=limit))
        )
        keys = dict.fromkeys(row.pk for row in found)
        rows = {row.pk: row for row in RecordRow.find_all((pk, _RECORD) for pk in keys)}
        records = [_record(rows[pk]) for pk in keys if pk in rows]
        items = [record for record in records if record.is_active]
        return IncidentPage(items, found[-1].active_at if len(found) == limit else None)

    def history(
        self, owner: str, id_: str, limit: int = 100
    ) -> Sequence[RuntimeIncidentHistoryEntry]:
        """Return the changes of an incident's state, the latest first."""
        entries = EntryRow.page(
            owned(owner, id_),
            EntryRow.sk.startswith(_ENTRY),
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [_entry(row) for row in entries]

    def counts(self, owner: str) -> IncidentCounts:
        """Return how many of an owner's incidents there are.

        The active ones are counted in an index, which follows a change within moments.
        """
        active = Counter(_kinds(row.active_at for row in reading(RecordRow.active.query(owner))))
        tallies = TallyRow.page(owned(owner, _TALLY), consistent_read=True)
        numbers = {_kind(row.sk): int(row.number) for row in tallies}
        return IncidentCounts(active, {kind: number for kind, number in numbers.items() if number})


def _done(before: RuntimeIncidentRecord | None, decision: Decision) -> bool:
    """Make the write of a decision; False if somebody changed the incident meanwhile."""
    after = decision.record
    if before is None or decision.effect is Effect.REOPENED:
        return _moved(before, after, after.summary)
    try:
        _row(after).put(_unchanged(before))
    except Refused:
        return False
    return True


def _moved(before: RuntimeIncidentRecord | None, after: RuntimeIncidentRecord, reason: str) -> bool:
    """Change an incident's state with all that depends on it; False if somebody was faster."""
    entry = _entry_row(after, reason).put_write(EntryRow.pk.does_not_exist())
    record = _row(after).put_write(_unchanged(before))
    try:
        RecordRow.transact(record, entry, *_tallied(before, after))
    except Cancelled:
        return False
    return True


def _tallied(before: RuntimeIncidentRecord | None, after: RuntimeIncidentRecord) -> Iterator[Write]:
    if before is not None and not before.is_active:
        yield _tally(before, -1)
    if not after.is_active:
        yield _tally(after, 1)


def _tally(record: RuntimeIncidentRecord, difference: int) -> Write:
    # It holds always: what guards the sum from a repeat is the record's condition beside it.
    condition = TallyRow.pk.exists() | TallyRow.pk.does_not_exist()
    actions = [TallyRow.number.add(difference)]
    key = f"{record.domain}#{record.severity}"
    return TallyRow.change_write(owned(record.owner, _TALLY), key, actions, condition)


def _unchanged(before: RuntimeIncidentRecord | None) -> Condition:
    if before is None:
        absent: Condition = RecordRow.pk.does_not_exist()
        return absent
    same: Condition = RecordRow.version == before.version
    return same


def _busy() -> Unavailable:
    return Unavailable("others keep changing the incident", fix="try again")


def _kinds(active_ats: Iterable[str]) -> Iterator[Kind]:
    return (_kind(active_at.partition("#")[2]) for active_at in active_ats)


def _kind(key: str) -> Kind:
    domain, severity, *_ = key.split("#")
    return IncidentDomain(domain), IncidentSeverity(severity)


def _row(record: RuntimeIncidentRecord) -> RecordRow:
    row = RecordRow(
        owned(record.owner, record.id),
        _RECORD,
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
        resolved_at=None if record.resolved_at is None else to_ms(record.resolved_at),
        seen=record.count,
        reopened=record.reopened,
        occurrences=list(record.occurrences),
        version=record.version,
    )
    if record.is_active:
        row.active_owner = record.owner
        opened = f"{to_ms(record.opened_at):0{_INSTANT_DIGITS}}"
        row.active_at = f"{opened}#{record.domain}#{record.severity}#{record.id}"
    return row


def _record(row: RecordRow) -> RuntimeIncidentRecord:
    owner, _, id_ = row.pk.rpartition("#")
    return RuntimeIncidentRecord(
        id=id_,
        owner=owner,
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
        resolved_at=None if row.resolved_at is None else from_ms(row.resolved_at),
        count=int(row.seen),
        reopened=int(row.reopened),
        occurrences=tuple(row.occurrences),
        version=int(row.version),
    )


def _entry_row(record: RuntimeIncidentRecord, reason: str) -> EntryRow:
    at = to_ms(record.resolved_at or record.opened_at)
    key = f"{_ENTRY}{at:0{_INSTANT_DIGITS}}#{record.version:0{_NUMBER_DIGITS}}"
    return EntryRow(
        owned(record.owner, record.id),
        key,
        at=at,
        state=record.state,
        severity=record.severity,
        seen=record.count,
        reason=reason,
    )


def _entry(row: EntryRow) -> RuntimeIncidentHistoryEntry:
    return RuntimeIncidentHistoryEntry(
        at=from_ms(row.at),
        state=IncidentState(row.state),
        severity=IncidentSeverity(row.severity),
        count=int(row.seen),
        reason=row.reason,
    )
