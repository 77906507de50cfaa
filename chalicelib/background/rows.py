"""Rows of the work table, and what they mean: nothing here decides anything."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.background.task import (
    Attempt,
    CancelRequest,
    Checkpoint,
    Membership,
    Origin,
    Outcome,
    State,
    Task,
    TaskRef,
)
from chalicelib.clock import from_ms, to_ms
from chalicelib.redaction import redact_text
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber

_HISTORY_LENGTH = 24
_HISTORY_REASON_CHARACTERS = 80


class OpenIndex(GlobalSecondaryIndex["WorkRow"]):
    """Tasks that are not terminal, by lane and shard, in order of `wake_at`."""

    class Meta:
        """The index."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open_lane = UnicodeAttribute(hash_key=True)
    wake_at = WholeNumber(range_key=True)


class WorkRow(Table):
    """One item for every slot and every task."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("work")

    open_index = OpenIndex()

    sk = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    state = UnicodeAttribute()
    outcome = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    lane = UnicodeAttribute()
    priority = WholeNumber(null=True)
    shard = WholeNumber()
    token = WholeNumber(default=0)
    claim = UnicodeAttribute(null=True)
    held = WholeNumber(default=0)
    attempt = WholeNumber(default=0)
    last_attempt = WholeNumber()
    ver = WholeNumber(null=True)
    last = UnicodeAttribute(null=True)
    resends = WholeNumber(default=0)
    open_lane = UnicodeAttribute(null=True)
    wake_at = WholeNumber(null=True)
    lease_until = WholeNumber(null=True)
    not_before = WholeNumber(null=True)
    expires_at = WholeNumber(null=True)
    cancel_at = WholeNumber(null=True)
    cancel_reason = UnicodeAttribute(null=True)
    checkpoint_token = WholeNumber(null=True)
    checkpoint_seq = WholeNumber(null=True)
    head = UnicodeAttribute(null=True)
    repeat_token = WholeNumber(null=True)
    repeat_seq = WholeNumber(null=True)
    created_at = WholeNumber(null=True)
    started_at = WholeNumber(null=True)
    claimed_at = WholeNumber(null=True)
    finished_at = WholeNumber(null=True)
    hops = WholeNumber(null=True)
    depth = WholeNumber(null=True)
    payload = UnicodeAttribute(null=True)
    payload_key = UnicodeAttribute(null=True)
    payload_sha256 = UnicodeAttribute(null=True)
    group = UnicodeAttribute(null=True)
    serial = BooleanAttribute(null=True)
    children = WholeNumber(null=True)
    descendants = WholeNumber(null=True)
    busy = UnicodeAttribute(null=True)
    history: ListAttribute[str] = ListAttribute(null=True)
    requested_by = UnicodeAttribute(null=True)
    erased = BooleanAttribute(null=True)
    origin = UnicodeAttribute(null=True)
    stands_for = UnicodeAttribute(null=True)
    ttl = WholeNumber(null=True)


class DedupeRow(Table):
    """Which task a dedupe key stands for."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("work")

    sk = UnicodeAttribute(range_key=True)
    task_id = UnicodeAttribute()
    ttl = WholeNumber()


def task_of(row: WorkRow) -> Task:
    """Return the task that a row holds."""
    return Task(
        ref=TaskRef(row.pk, row.sk),
        kind=row.kind,
        state=State(row.state),
        outcome=Outcome(row.outcome),
        reason=row.reason or "",
        lane=row.lane,
        priority=int(row.priority or 0),
        shard=int(row.shard),
        token=int(row.token),
        claim=row.claim or "",
        attempt=int(row.attempt),
        last_attempt=int(row.last_attempt),
        ver=int(row.ver or 0),
        last=row.last or row.sk,
        resends=int(row.resends),
        wake_at=from_ms(row.wake_at),
        lease_until=from_ms(row.lease_until),
        not_before=from_ms(row.not_before),
        expires_at=from_ms(row.expires_at),
        cancel=_cancel(from_ms(row.cancel_at), row.cancel_reason),
        checkpoint=_checkpoint(row.checkpoint_token, row.checkpoint_seq),
        head=row.head or "",
        repeat=_checkpoint(row.repeat_token, row.repeat_seq),
        created_at=from_ms(row.created_at),
        started_at=from_ms(row.started_at),
        claimed_at=from_ms(row.claimed_at),
        finished_at=from_ms(row.finished_at),
        hops=int(row.hops or 0),
        depth=int(row.depth or 0),
        payload=row.payload or "",
        payload_key=row.payload_key or "",
        payload_sha256=row.payload_sha256 or "",
        membership=Membership(row.group, bool(row.serial)) if row.group else None,
        children=int(row.children or 0),
        descendants=int(row.descendants or 0),
        busy=row.busy or "",
        history=tuple(map(_attempt, row.history or ())),
        requested_by=row.requested_by or "",
        is_erased=bool(row.erased),
        origin=_origin(row),
        stands_for=row.stands_for or "",
    )


def _origin(row: WorkRow) -> Origin:
    # Rows of the first version said nothing of it.
    unsaid = Origin.RUN_NOW if row.requested_by else Origin.SCHEDULE
    return Origin(row.origin) if row.origin else unsaid


def _cancel(at: datetime | None, reason: str | None) -> CancelRequest | None:
    return CancelRequest(at, reason or "") if at else None


def _checkpoint(token: float | None, seq: float | None) -> Checkpoint | None:
    return None if token is None or seq is None else Checkpoint(int(token), int(seq))


def history_of(attempts: Sequence[Attempt]) -> list[str]:
    """Return attempts as a row holds them, the last 24."""
    return [
        "|".join(
            (
                str(each.number),
                str(to_ms(each.started_at)) if each.started_at else "",
                str(to_ms(each.ended_at)),
                each.state,
                redact_text(each.reason)[:_HISTORY_REASON_CHARACTERS],
            )
        )
        for each in attempts[-_HISTORY_LENGTH:]
    ]


def _attempt(text: str) -> Attempt:
    number, started, ended, state, reason = text.split("|", 4)
    return Attempt(
        number=int(number),
        started_at=from_ms(int(started)) if started else None,
        ended_at=from_ms(int(ended)),
        state=State(state),
        reason=reason,
    )
