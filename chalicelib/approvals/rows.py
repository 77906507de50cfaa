"""Rows of the approvals table, and what they mean: nothing here decides anything."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.approvals.prompt import (
    ApprovalPrompt,
    ApprovalPromptRecord,
    Kind,
    Risk,
    Scope,
    State,
)
from chalicelib.background.shards import shard_of
from chalicelib.clock import from_ms, sortable, to_ms
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, owned

PROMPT = "0"
# Pending prompts come before all others, and among both the latest first.
_FIRST, _OTHERS = "1", "0"


class PendingIndex(GlobalSecondaryIndex["PromptRow"]):
    """Prompts that somebody waits for, by shard, in order of the instant to look at them."""

    class Meta:
        """The index."""

        index_name = "pending"
        projection = KeysOnlyProjection()

    pending_shard = UnicodeAttribute(hash_key=True)
    wake_at = WholeNumber(range_key=True)


class ListedIndex(GlobalSecondaryIndex["PromptRow"]):
    """All prompts of an owner; the range key is `1 or 0 # instant # id`."""

    class Meta:
        """The index."""

        index_name = "listed"
        projection = KeysOnlyProjection()

    listed_owner = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class PromptRow(Table):
    """A prompt, and what became of it."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("approvals")

    pending_index = PendingIndex()
    listed_index = ListedIndex()

    sk = UnicodeAttribute(range_key=True)
    pending_shard = UnicodeAttribute(null=True)
    wake_at = WholeNumber(null=True)
    listed_owner = UnicodeAttribute()
    listed_at = UnicodeAttribute()
    kind = UnicodeAttribute()
    task = UnicodeAttribute()
    run_id = UnicodeAttribute()
    step = UnicodeAttribute(null=True)
    job_id = UnicodeAttribute(null=True)
    action = UnicodeAttribute()
    arguments_sha256 = UnicodeAttribute(null=True)
    basis = UnicodeAttribute(null=True)
    risk = UnicodeAttribute()
    title = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    askers: ListAttribute[str] = ListAttribute()
    policies: ListAttribute[str] = ListAttribute()
    policy_set = UnicodeAttribute()
    asked_at = WholeNumber()
    expires_at = WholeNumber()
    state = UnicodeAttribute()
    decided_at = WholeNumber(null=True)
    decided_by = UnicodeAttribute(null=True)
    scope = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    erased = BooleanAttribute(null=True)
    ttl = WholeNumber(null=True)


class GrantRow(Table):
    """What stands approved: an action, in a run or in all runs of a routine as it was then."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("approvals")

    sk = UnicodeAttribute(range_key=True)
    approval_id = UnicodeAttribute()
    basis = UnicodeAttribute()
    until = WholeNumber()
    ttl = WholeNumber()


def row_of(record: ApprovalPromptRecord, look: datetime, shards: int) -> PromptRow:
    """Return the row of a prompt that is asked, to be looked at at an instant."""
    prompt = record.prompt
    pk = owned(prompt.owner, prompt.id)
    return PromptRow(
        pk,
        PROMPT,
        pending_shard=str(shard_of(pk, shards)),
        wake_at=to_ms(look),
        listed_owner=prompt.owner,
        listed_at=place(record),
        kind=prompt.kind,
        task=prompt.task,
        run_id=prompt.run_id,
        step=prompt.step or None,
        job_id=prompt.job_id or None,
        action=prompt.action,
        arguments_sha256=prompt.digest,
        basis=prompt.basis,
        risk=prompt.risk,
        title=prompt.title,
        text=prompt.text,
        askers=list(prompt.askers),
        policies=list(prompt.policies),
        policy_set=prompt.policy_set,
        asked_at=to_ms(record.asked_at),
        expires_at=to_ms(record.expires_at),
        state=record.state,
    )


def place(record: ApprovalPromptRecord) -> str:
    """Return a prompt's place in the list of its owner."""
    group = _FIRST if record.state is State.PENDING else _OTHERS
    return f"{group}#{sortable(record.asked_at)}#{record.id}"


def record_of(row: PromptRow) -> ApprovalPromptRecord:
    """Return the prompt that a row holds."""
    owner, _, approval_id = row.pk.partition("#")
    prompt = ApprovalPrompt(
        id=approval_id,
        owner=owner,
        kind=Kind(row.kind),
        task=row.task,
        run_id=row.run_id,
        step=row.step or "",
        job_id=row.job_id or "",
        action=row.action,
        digest=row.arguments_sha256 or "",
        basis=row.basis or "",
        risk=Risk(row.risk),
        title=row.title,
        text=row.text or "",
        askers=tuple(row.askers),
        policies=tuple(row.policies),
        policy_set=row.policy_set,
    )
    return ApprovalPromptRecord(
        prompt=prompt,
        asked_at=from_ms(row.asked_at),
        expires_at=from_ms(row.expires_at),
        state=State(row.state),
        decided_at=from_ms(row.decided_at),
        decided_by=row.decided_by or "",
        scope=Scope(row.scope) if row.scope else None,
        reason=row.reason or "",
        code=row.code or "",
        is_erased=bool(row.erased),
    )
