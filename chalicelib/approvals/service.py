"""Approvals: asking, deciding exactly once, and telling whoever waits.

A decision is one transaction with its journal event. Whoever waits is told behind it; where that
fails, the watch does it within a minute or two, since a prompt stays in its index until then.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.approvals import events
from chalicelib.approvals.prompt import (
    ApprovalPrompt,
    ApprovalPromptRecord,
    Code,
    Order,
    Scope,
    State,
    asked,
    closed,
    decided,
    incident_key,
)
from chalicelib.approvals.store import ApprovalStore, Grant
from chalicelib.clock import Clock
from chalicelib.errors import Conflict, NotFound, Unavailable
from chalicelib.incidents.kinds import APPROVAL_WAITS
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.tables import Cancelled, Write

_log = logging.getLogger("palyra.approvals")
_TRIES = 5
LOOK_EVERY = timedelta(minutes=5)


class Waiter(Protocol):
    """Who waits for prompts of one kind; `functions/wiring` fills the registry."""

    def waits(self, record: ApprovalPromptRecord) -> bool:
        """Return whether a prompt's decision would still change anything.

        Raises:
            Unavailable: AWS did not answer.
        """

    def approval_decided(self, record: ApprovalPromptRecord) -> bool:
        """Let what waited go on; False where it must be told again a little later.

        Raises:
            Unavailable: AWS did not answer; it is told again.
        """


@dataclass(kw_only=True, eq=False, repr=False)
class Approvals:
    """The prompts of one stage.

    Attributes:
        waiters: by the kind of prompt.
        timeout: how long a prompt can be decided.
        standing: how long an approval for a routine lasts at most.
        two_person: whether who asked may not approve.
    """

    store: ApprovalStore
    journal: JournalStore
    incidents: IncidentStore
    waiters: Mapping[str, Waiter]
    clock: Clock
    timeout: timedelta
    standing: timedelta
    two_person: bool

    def ask(
        self, prompt: ApprovalPrompt, fence: Sequence[Write], until: datetime | None
    ) -> ApprovalPromptRecord:
        """Ask, or return the prompt that was asked under this id before.

        Args:
            prompt: what is asked.
            fence: writes that hold only while whoever asks may do so.
            until: when it must be decided at the latest, if sooner than the setting says.

        Raises:
            Cancelled: the fence did not hold.
            Unavailable: AWS did not answer.
        """
        now = self.clock.now()
        expires_at = min(now + self.timeout, until or now + self.timeout)
        record = asked(prompt, now, expires_at)
        look = min(now + LOOK_EVERY, expires_at)
        try:
            write = self.store.put_write(record, look)
            self.journal.append_with(events.asked(record), [write, *fence])
        except Cancelled as cancelled:
            before = self.store.find(prompt.owner, prompt.id) if cancelled.refusals[0] else None
            if before is None:
                raise
            return before
        _log.info("an approval was asked for", extra={"approval": prompt.id})
        return record

    def find(self, owner: str, approval_id: str) -> ApprovalPromptRecord | None:
        """Return a prompt, or None."""
        return self.store.find(owner, approval_id)

    def get(self, owner: str, approval_id: str) -> ApprovalPromptRecord:
        """Return a prompt.

        Raises:
            NotFound: the owner has no such prompt.
        """
        record = self.store.find(owner, approval_id)
        if record is None:
            raise NotFound(f"there is no approval {approval_id!r:.120}")
        return record

    def list(
        self, owner: str, state: State | None, after: str | None, limit: int
    ) -> Page[ApprovalPromptRecord]:
        """Return an owner's prompts, the pending ones first."""
        return self.store.list(owner, state, self.clock.now(), after, limit)

    def stands(self, prompt: ApprovalPrompt) -> bool:
        """Return whether what is asked stands approved for its run, or for its routine."""
        now = self.clock.now()
        return any(self.store.stands(each, now) for each in self._grants(prompt, now).values())

    def decide(self, owner: str, approval_id: str, order: Order) -> ApprovalPromptRecord:
        """Decide a prompt; what was decided so before is returned as it is.

        Raises:
            NotFound: the owner has no such prompt.
            Conflict: it was decided otherwise, its time is over, or nothing waits for it.
            Invalid: the approval cannot have this scope.
            Denied: whoever asked may not approve it.
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            record = self.get(owner, approval_id)
            after = decided(record, order, self.clock.now(), two_person=self.two_person)
            if after is record:
                self._tell(record)  # Who decided it may have died before.
                return record
            if not self.waiters[record.prompt.kind].waits(record):
                self.close(record, Code.WITHDRAWN)
                raise Conflict("nothing waits for it any more", fix="there is nothing to decide")
            try:
                self.journal.append_with(events.ended(after), self._writes(after))
            except Cancelled:
                continue
            self._tell(after)
            return after
        raise Unavailable("the approval keeps changing", fix="try again")

    def close(self, record: ApprovalPromptRecord, code: Code) -> ApprovalPromptRecord:
        """End a prompt that nobody can decide any more, and return it as it is then."""
        after = closed(record, code, self.clock.now())
        try:
            self.journal.append_with(events.ended(after), [self.store.decide_write(after)])
        except Cancelled:
            return self.get(record.prompt.owner, record.id)
        self._tell(after)
        return after

    def settle(self, record: ApprovalPromptRecord) -> None:
        """Tell whoever waits what became of a prompt, and put it away once that is known.

        Raises:
            Unavailable: AWS did not answer.
        """
        owner, incident = record.prompt.owner, (APPROVAL_WAITS.domain, incident_key(record))
        is_told = self.waiters[record.prompt.kind].approval_decided(record)
        self.incidents.resolve(owner, incident, record.code, self.clock.now())
        if is_told:
            self.store.put_away(record)

    def _tell(self, record: ApprovalPromptRecord) -> None:
        """Settle what was just decided; a failure is left to the watch."""
        try:
            self.settle(record)
        except Unavailable:
            _log.warning("the watch tells it", extra={"approval": record.id}, exc_info=True)

    def _writes(self, after: ApprovalPromptRecord) -> Sequence[Write]:
        writes = [self.store.decide_write(after)]
        grant = self._grants(after.prompt, after.decided_at or after.asked_at).get(after.scope)
        if grant is not None:
            writes.append(self.store.grant_write(grant, after.id))
        return writes

    def _grants(self, prompt: ApprovalPrompt, now: datetime) -> Mapping[Scope | None, Grant]:
        """Return the standing approvals that would cover a prompt, by their scope."""
        holders = {Scope.RUN: f"run-{prompt.run_id}", Scope.ROUTINE: f"job-{prompt.job_id}"}
        until = now + self.standing
        return {
            scope: Grant(prompt.owner, holder, prompt.action, prompt.basis, until)
            for scope, holder in holders.items()
            if scope in prompt.scopes
        }
