"""ApprovalStore: prompts, and what stands approved.

A prompt is decided by one write that asks for a pending row. It is in the index `pending`, by the
instant at which somebody must look at it, until whoever waited was told what became of it: a
decision whose message was lost is told again by the next look.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.expressions.update import Action

from chalicelib.approvals.prompt import ApprovalPromptRecord, State
from chalicelib.approvals.rows import PROMPT, GrantRow, PromptRow, place, record_of, row_of
from chalicelib.clock import to_ms
from chalicelib.page import Page
from chalicelib.tables import Refused, Write, owned, reading

_GRANTS = "grants"
_BATCH = 100
_MOST_LOOKED_AT = 1_000


class Grant(NamedTuple):
    """An approval for more than one call.

    Attributes:
        holder: the run, or the routine, that it is for.
        action: what may be done.
        basis: what the routine was; another one has no approval.
        until: when it ends.
    """

    owner: str
    holder: str
    action: str
    basis: str
    until: datetime


class ApprovalStore:
    """Prompts of all owners."""

    def __init__(self, shards: int, retention: timedelta) -> None:
        """Take the number of the index's partitions, and how long decided prompts are kept."""
        self.shards = shards
        self._retention = retention

    # Asking and deciding, for a transaction with the journal's event.

    def put_write(self, record: ApprovalPromptRecord, look: datetime) -> Write:
        """Return the put of a prompt that must not exist."""
        return row_of(record, look, self.shards).put_write(PromptRow.pk.does_not_exist())

    def decide_write(self, after: ApprovalPromptRecord) -> Write:
        """Return the one write that ends a pending prompt; it stays in the index until told."""
        at = after.decided_at or after.asked_at
        actions = [
            PromptRow.state.set(after.state),
            PromptRow.decided_at.set(to_ms(at)),
            PromptRow.decided_by.set(after.decided_by),
            PromptRow.code.set(after.code),
            PromptRow.wake_at.set(to_ms(at)),
            PromptRow.listed_at.set(place(after)),
            PromptRow.ttl.set(int((at + self._retention).timestamp())),
        ]
        if after.scope is not None:
            actions.append(PromptRow.scope.set(after.scope))
        if after.reason:
            actions.append(PromptRow.reason.set(after.reason))
        pk = owned(after.prompt.owner, after.id)
        return PromptRow.change_write(pk, PROMPT, actions, PromptRow.state == State.PENDING)

    def grant_write(self, grant: Grant, approval_id: str) -> Write:
        """Return the put of a standing approval; it takes the place of an earlier one."""
        row = GrantRow(
            owned(grant.owner, _GRANTS, grant.holder),
            grant.action,
            approval_id=approval_id,
            basis=grant.basis,
            until=to_ms(grant.until),
            ttl=int(grant.until.timestamp()),
        )
        return row.put_write(None)

    # Finding.

    def find(self, owner: str, approval_id: str) -> ApprovalPromptRecord | None:
        """Return a prompt by a strongly consistent read, or None."""
        row = PromptRow.find(owned(owner, approval_id), PROMPT)
        return record_of(row) if row else None

    def stands(self, wanted: Grant, now: datetime) -> bool:
        """Return whether an action stands approved for a run or a routine as it is now."""
        row = GrantRow.find(owned(wanted.owner, _GRANTS, wanted.holder), wanted.action)
        return row is not None and row.basis == wanted.basis and row.until > to_ms(now)

    def list(
        self, owner: str, state: State | None, now: datetime, after: str | None, limit: int
    ) -> Page[ApprovalPromptRecord]:
        """Return an owner's prompts, the pending ones first, then the others; the latest first.

        Found by an index and then read: what changed a moment ago may be missing. At most 1,000
        are looked at for one page: a page may be short although others follow.
        """
        found: list[ApprovalPromptRecord] = []
        for _ in range(_MOST_LOOKED_AT // _BATCH):
            keys = self._page(owner, after)
            records = self._read(keys)
            for key in keys:
                after = key.listed_at
                record = records.get(key.pk)
                if record is not None and state in {None, record.shown_state(now)}:
                    found.append(record)
                if len(found) == limit:
                    return Page(found, after)
            if len(keys) < _BATCH:
                return Page(found, None)
        return Page(found, after)

    def due(self, shard: int, now: datetime) -> Iterator[tuple[str, str]]:
        """Yield owner and id of what somebody must look at, the longest due first."""
        until = PromptRow.wake_at <= to_ms(now)
        for row in reading(PromptRow.pending_index.query(str(shard), until)):
            owner, _, approval_id = row.pk.partition("#")
            yield owner, approval_id

    # Looking after.

    def look_again(self, record: ApprovalPromptRecord, at: datetime) -> None:
        """Let somebody look at a pending prompt again at an instant."""
        action = PromptRow.wake_at.set(to_ms(at))
        self._change(record, [action])

    def put_away(self, record: ApprovalPromptRecord) -> None:
        """Take a decided prompt, of which whoever waited was told, out of the index."""
        self._change(record, [PromptRow.pending_shard.remove(), PromptRow.wake_at.remove()])

    def erase(self, owner: str, approval_id: str) -> bool:
        """Take from a prompt what somebody wrote; False where there is none."""
        gone = (PromptRow.text, PromptRow.reason, PromptRow.arguments_sha256, PromptRow.basis)
        actions = [PromptRow.erased.set(True), *(each.remove() for each in gone)]
        try:
            PromptRow.change(owned(owner, approval_id), PROMPT, actions, PromptRow.pk.exists())
        except Refused:
            return False
        return True

    def _change(self, record: ApprovalPromptRecord, actions: Sequence[Action]) -> None:
        same = PromptRow.state == record.state
        with suppress(Refused):
            PromptRow.change(owned(record.prompt.owner, record.id), PROMPT, actions, same)

    def _page(self, owner: str, after: str | None) -> Sequence[PromptRow]:
        before = PromptRow.listed_at < after if after else None
        return list(
            reading(
                PromptRow.listed_index.query(owner, before, scan_index_forward=False, limit=_BATCH)
            )
        )

    def _read(self, keys: Sequence[PromptRow]) -> dict[str, ApprovalPromptRecord]:
        rows = PromptRow.find_all(dict.fromkeys((key.pk, PROMPT) for key in keys))
        return {row.pk: record_of(row) for row in rows}
