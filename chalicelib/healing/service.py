"""IncidentService: what operators do with incidents, each change with its event in the journal.

Incidents of the stage itself belong to the owner `system`. Every owner sees them beside its own,
since they are about what its work stands on; admins of the first owner alone change them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.background.gate.service import FIRST_OWNER
from chalicelib.clock import Clock, from_ms, to_ms
from chalicelib.errors import Conflict, Denied, NotFound, PreconditionFailed, Unavailable
from chalicelib.healing import events
from chalicelib.healing.decision import Cause
from chalicelib.healing.healer import Look
from chalicelib.healing.listing import Filter, merged
from chalicelib.healing.modes import Mode, Modes
from chalicelib.healing.remedying import Remedying
from chalicelib.incidents import life
from chalicelib.incidents.attempt import RuntimeRemediationAttemptRecord
from chalicelib.incidents.incident import (
    Change,
    RuntimeIncidentHistoryEntry,
    RuntimeIncidentRecord,
)
from chalicelib.incidents.kind import Ending
from chalicelib.incidents.rows import active_key, listed_key
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import SYSTEM, Cancelled

_TRIES = 5


class Operator(NamedTuple):
    """Who changes an incident.

    Attributes:
        actor: as `token:laptop`.
        is_admin: whether it may change what is everybody's.
    """

    owner: str
    actor: str
    is_admin: bool


class Detail(NamedTuple):
    """An incident with what became of it, the latest first."""

    record: RuntimeIncidentRecord
    history: Sequence[RuntimeIncidentHistoryEntry]
    attempts: Sequence[RuntimeRemediationAttemptRecord]


class RemedyPlan(NamedTuple):
    """What a remedy would do now.

    Attributes:
        mode: what healing does about this kind by itself.
        cause: what is known of the cause at this instant.
        refusal: why it cannot be run, or empty.
    """

    record: RuntimeIncidentRecord
    mode: Mode | None
    cause: Cause
    refusal: str


@dataclass(kw_only=True, eq=False, repr=False)
class IncidentService:
    """Incidents of one stage."""

    incidents: IncidentStore
    journal: JournalStore
    remedying: Remedying
    looks: Mapping[str, Look]
    modes: Modes
    clock: Clock

    # Finding.

    def list(
        self, owner: str, wanted: Filter, after: str | None, limit: int
    ) -> Page[RuntimeIncidentRecord]:
        """Return an owner's incidents and the stage's, the latest first.

        What is not resolved is ordered by when it was opened, all by when it was first seen.
        """
        owners = list(dict.fromkeys((owner, SYSTEM)))
        if wanted.is_active:
            return merged(self.incidents.active, active_key, owners, wanted, after, limit)
        return merged(self.incidents.listed, listed_key, owners, wanted, after, limit)

    def get(self, owner: str, id_: str) -> RuntimeIncidentRecord:
        """Return an incident of an owner, or of the stage.

        Raises:
            NotFound: there is none.
        """
        found = self.incidents.get(owner, id_) or self.incidents.get(SYSTEM, id_)
        if found is None:
            raise NotFound(f"there is no incident {id_[:80]!r}")
        return found

    def detail(self, owner: str, id_: str) -> Detail:
        """Return an incident with its history and attempts.

        Raises:
            NotFound: there is none.
        """
        record = self.get(owner, id_)
        history = self.incidents.history(record.owner, id_)
        return Detail(record, history, self.incidents.attempts(record.owner, id_))

    def plan(self, owner: str, id_: str) -> RemedyPlan:
        """Return what a remedy of an incident would do; nothing is done.

        Raises:
            NotFound: there is no such incident.
            Unavailable: the cause could not be looked at.
        """
        record = self.get(owner, id_)
        kind = record.known
        mode = self.modes.of(kind) if kind else None
        return RemedyPlan(record, mode, self._cause(record), self._refusal(record))

    # Changing.

    def acknowledge(
        self, by: Operator, id_: str, expected: frozenset[int] | None
    ) -> RuntimeIncidentRecord:
        """Say that somebody knows of an incident; saying it again changes nothing.

        Raises:
            NotFound: there is no such incident.
            Denied: it is the stage's, and this is nobody who may change it.
            Conflict: it is resolved.
            PreconditionFailed: it has another version.
            Unavailable: AWS did not answer, or it keeps changing.
        """

        def after(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
            if not record.is_active:
                raise Conflict("the incident is resolved", fix="nothing is left to acknowledge")
            return life.acknowledged(record, by.actor, now)

        return self._change(by, id_, expected, Change.ACKNOWLEDGED, after)

    def resolve(
        self, by: Operator, id_: str, reason: str, expected: frozenset[int] | None
    ) -> RuntimeIncidentRecord:
        """Say that a fault is gone; it is opened again where it is seen again.

        Raises:
            NotFound: there is no such incident.
            Denied: it is the stage's, and this is nobody who may change it.
            Invalid: the reason holds a secret.
            PreconditionFailed: it has another version.
            Unavailable: AWS did not answer, or it keeps changing.
        """
        refuse_secrets("reason", reason)

        def after(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
            return life.resolved(record, now, by=by.actor)

        return self._change(by, id_, expected, Change.RESOLVED, after, reason)

    def remediate(
        self, by: Operator, id_: str, expected: frozenset[int] | None
    ) -> tuple[RuntimeIncidentRecord, RuntimeRemediationAttemptRecord]:
        """Run an incident's remedy at once, in any mode; return what became of both.

        Raises:
            NotFound: there is no such incident.
            Denied: it is the stage's, and this is nobody who may change it.
            Conflict: it is resolved, or nothing can be run for it.
            PreconditionFailed: it has another version than the plan that was looked at.
            Unavailable: AWS did not answer; the incident's attempts say how far it came.
        """
        record = self._seen(by, id_, expected)
        if refusal := self._refusal(record):
            raise Conflict(refusal, fix="see what the incident's kind says that you can do")
        now, kind = self._now(), record.known
        label = kind.remediation.label if kind else ""
        after, attempt = self.remedying.planned(record, by.actor, label, now)
        writes = self.incidents.begin_writes(record, after, attempt)
        event = events.changed(
            by.owner, by.actor, after, "remediated", now, remediation=attempt.remediation
        )
        try:
            self.journal.append_with(event, writes)
        except Cancelled as cancelled:
            raise _moved_on(record) from cancelled
        ended = self.remedying.carry_out(after, attempt)
        return self.get(by.owner, id_), ended

    # How.

    def _change(
        self,
        by: Operator,
        id_: str,
        expected: frozenset[int] | None,
        change: Change,
        rule: Callable[[RuntimeIncidentRecord, datetime], RuntimeIncidentRecord],
        reason: str = "",
    ) -> RuntimeIncidentRecord:
        for _ in range(_TRIES):
            record, now = self._seen(by, id_, expected), self._now()
            after = rule(record, now)
            if after is record:
                return record
            why = reason or change.unsaid
            writes = self.incidents.change_writes(record, after, change, why, by.actor)
            event = events.changed(by.owner, by.actor, after, change, now, reason=reason)
            try:
                self.journal.append_with(event, writes)
            except Cancelled:
                continue
            return after
        raise Unavailable("the incident keeps changing", fix="try again")

    def _seen(
        self, by: Operator, id_: str, expected: frozenset[int] | None
    ) -> RuntimeIncidentRecord:
        record = self.get(by.owner, id_)
        is_theirs = record.owner == by.owner or (by.owner == FIRST_OWNER and by.is_admin)
        if not is_theirs:
            raise Denied(
                f"the incident is the stage's: only admins of the owner {FIRST_OWNER} change it",
                fix=f"use an admin's token of {FIRST_OWNER}",
            )
        if expected is not None and record.version not in expected:
            raise _moved_on(record)
        return record

    def _refusal(self, record: RuntimeIncidentRecord) -> str:
        kind = record.known
        if not record.is_active:
            return "the incident is resolved"
        if kind is None or kind.remediation.id not in self.remedying.remedies:
            return "nothing can be run for it: it is put right by hand"
        return ""

    def _cause(self, record: RuntimeIncidentRecord) -> Cause:
        kind = record.known
        look = self.looks.get(record.kind)
        if kind is None or kind.ending is not Ending.CAUSE or look is None:
            return Cause.UNKNOWN
        return look(record, self.clock.now())

    def _now(self) -> datetime:
        return from_ms(to_ms(self.clock.now()))


def _moved_on(record: RuntimeIncidentRecord) -> PreconditionFailed:
    return PreconditionFailed(
        f"the incident has version {record.version} by now",
        fix="look at it again, then decide again",
    )
