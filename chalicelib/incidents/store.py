"""IncidentStore: each incident's record, its history and remedies, and how many there are.

Writers compare the record's version and decide again on what they find, a bounded number of times.
A change is one transaction: the record, one entry of the history and the tally of resolved
incidents change together or not at all. An observation changes the record alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Unavailable
from chalicelib.incidents import life
from chalicelib.incidents.attempt import AttemptStatus, RuntimeRemediationAttemptRecord
from chalicelib.incidents.bounds import REASON_CHARACTERS, cut
from chalicelib.incidents.incident import (
    Change,
    Decision,
    Effect,
    IncidentCounts,
    IncidentPage,
    Kind,
    RuntimeIncidentHistoryEntry,
    RuntimeIncidentRecord,
    Sighting,
    decide,
    incident_id,
)
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.incidents.rows import (
    ATTEMPT,
    ENTRY,
    RECORD,
    AttemptRow,
    EntryRow,
    RecordRow,
    TallyRow,
    attempt_of,
    attempt_row_of,
    entry_of,
    entry_row_of,
    record_of,
    row_of,
)
from chalicelib.tables import Cancelled, Refused, Write, owned, reading

_TRIES = 8
_TALLY = "resolved"
_LAST_ENTRY = f"{ENTRY}~"  # Behind all digits.


class IncidentStore:
    """Incidents of all owners."""

    # What rooms say.

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
            after = life.resolved(record, from_ms(to_ms(now)))
            if self.change(record, after, Change.RESOLVED, reason):
                return after
        raise _busy()

    # What healing does.

    def change(
        self, before: RuntimeIncidentRecord, after: RuntimeIncidentRecord, what: Change, why: str
    ) -> bool:
        """Change an incident, unless it is not as it was seen any more: False then.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return _made(self.change_writes(before, after, what, why))

    def change_writes(
        self,
        before: RuntimeIncidentRecord,
        after: RuntimeIncidentRecord,
        what: Change,
        why: str,
        by: str = "",
    ) -> list[Write]:
        """Return the change of an incident, for a transaction; refused if it changed meanwhile."""
        return _change(before, after, what, cut(why, REASON_CHARACTERS), by)

    def begin(
        self,
        before: RuntimeIncidentRecord,
        after: RuntimeIncidentRecord,
        attempt: RuntimeRemediationAttemptRecord,
    ) -> bool:
        """Record that a remedy is about to be tried; False if the incident changed meanwhile.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return _made(self.begin_writes(before, after, attempt))

    def begin_writes(
        self,
        before: RuntimeIncidentRecord,
        after: RuntimeIncidentRecord,
        attempt: RuntimeRemediationAttemptRecord,
    ) -> list[Write]:
        """Return the same for a transaction."""
        by = "" if attempt.by.startswith("system:") else attempt.by
        change = _change(before, after, Change.REMEDIATING, attempt.detail, by)
        return [*change, attempt_row_of(attempt).put_write(AttemptRow.pk.does_not_exist())]

    def tell(
        self,
        before: RuntimeIncidentRecord,
        after: RuntimeIncidentRecord,
        attempt: RuntimeRemediationAttemptRecord,
    ) -> bool:
        """Record an attempt that changes no state; False if the incident changed meanwhile.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        record = row_of(after).put_write(_unchanged(before))
        return _made([record, attempt_row_of(attempt).put_write(AttemptRow.pk.does_not_exist())])

    def finish(self, attempt: RuntimeRemediationAttemptRecord) -> bool:
        """Record how an attempt ended; False if somebody has said so already.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        try:
            attempt_row_of(attempt).put(AttemptRow.status == AttemptStatus.PLANNED)
        except Refused:
            return False
        return True

    # What erasures do.

    def unsay(self, owner: str, id_: str, after: str) -> Iterator[str]:
        """Take from the history of an incident why operators resolved it, entry by entry.

        Yields:
            The key of the entry, behind which an interrupted pass goes on.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        rows = EntryRow.page(
            owned(owner, id_),
            EntryRow.sk.between(after or ENTRY, _LAST_ENTRY),
            consistent_read=True,
        )
        for row in rows:
            entry = entry_of(row)
            if entry.by and entry.change is Change.RESOLVED:
                unsaid = [EntryRow.reason.set(entry.change.unsaid)]
                EntryRow.change(row.pk, row.sk, unsaid, EntryRow.pk.exists())
            yield row.sk

    # Finding.

    def get(self, owner: str, id_: str) -> RuntimeIncidentRecord | None:
        """Return an incident by a strongly consistent read, or None."""
        row = RecordRow.find(owned(owner, id_), RECORD)
        return record_of(row) if row else None

    def active(self, owner: str, after: str | None, limit: int) -> IncidentPage:
        """Return an owner's incidents that are not resolved, the latest opened first.

        Found by an index and then read: one that was resolved a moment ago is left out, so a page
        may be shorter than its limit; one that was opened a moment ago may be missing.
        """
        before = RecordRow.active_at < after if after else None
        found = list(
            reading(RecordRow.active.query(owner, before, scan_index_forward=False, limit=limit))
        )
        items = [record for record in _records(found) if record.is_active]
        return IncidentPage(items, found[-1].active_at if len(found) == limit else None)

    def listed(self, owner: str, before: str | None, limit: int) -> IncidentPage:
        """Return an owner's incidents, the latest first seen first, those before a key.

        Found by an index: one that was opened a moment ago may be missing.
        """
        earlier = RecordRow.listed_at < before if before else None
        found = list(
            reading(RecordRow.listed.query(owner, earlier, scan_index_forward=False, limit=limit))
        )
        return IncidentPage(_records(found), found[-1].listed_at if len(found) == limit else None)

    def all_active(self, after: Any, limit: int) -> tuple[list[RuntimeIncidentRecord], Any]:
        """Return incidents of all owners that are not resolved, and where the next ones begin.

        What is scanned is an index that has nothing but them.

        Args:
            after: what an earlier call returned; None for the beginning, which follows the end.
            limit: how many there are at most.
        """
        scan = RecordRow.active.scan(limit=limit, last_evaluated_key=after)
        found = list(reading(scan))
        records = [record for record in _records(found) if record.is_active]
        return records, scan.last_evaluated_key

    def history(
        self, owner: str, id_: str, limit: int = 100
    ) -> Sequence[RuntimeIncidentHistoryEntry]:
        """Return what became of an incident, the latest first."""
        entries = EntryRow.page(
            owned(owner, id_),
            EntryRow.sk.startswith(ENTRY),
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [entry_of(row) for row in entries]

    def attempts(
        self, owner: str, id_: str, limit: int = 100
    ) -> Sequence[RuntimeRemediationAttemptRecord]:
        """Return what was done about an incident, the latest first."""
        rows = AttemptRow.page(
            owned(owner, id_),
            AttemptRow.sk.startswith(ATTEMPT),
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [attempt_of(row) for row in rows]

    def counts(self, owner: str) -> IncidentCounts:
        """Return how many of an owner's incidents there are.

        The active ones are counted in an index, which follows a change within moments.
        """
        active = Counter(_kinds(row.active_at for row in reading(RecordRow.active.query(owner))))
        tallies = TallyRow.page(owned(owner, _TALLY), consistent_read=True)
        numbers = {_kind(row.sk): int(row.number) for row in tallies}
        return IncidentCounts(active, {kind: number for kind, number in numbers.items() if number})


def _records(found: Iterable[RecordRow]) -> list[RuntimeIncidentRecord]:
    """Return the incidents of an index's rows, read again, in their order."""
    keys = dict.fromkeys(row.pk for row in found)
    rows = {row.pk: row for row in RecordRow.find_all((pk, RECORD) for pk in keys)}
    return [record_of(rows[pk]) for pk in keys if pk in rows]


def _done(before: RuntimeIncidentRecord | None, decision: Decision) -> bool:
    """Make the write of a decision; False if somebody changed the incident meanwhile."""
    after = decision.record
    if before is None:
        return _made(_change(None, after, Change.OPENED, after.summary))
    if decision.effect is Effect.REOPENED:
        change = Change.ESCALATED if after.is_escalated else Change.REOPENED
        return _made(_change(before, after, change, after.summary))
    try:
        row_of(after).put(_unchanged(before))
    except Refused:
        return False
    return True


def _change(
    before: RuntimeIncidentRecord | None,
    after: RuntimeIncidentRecord,
    what: Change,
    reason: str,
    by: str = "",
) -> list[Write]:
    """Return the writes that change an incident with all that depends on it."""
    entry = entry_row_of(after, what, reason, by).put_write(EntryRow.pk.does_not_exist())
    return [row_of(after).put_write(_unchanged(before)), entry, *_tallied(before, after)]


def _made(writes: Sequence[Write]) -> bool:
    """Make writes together; False if somebody was faster."""
    try:
        RecordRow.transact(*writes)
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
