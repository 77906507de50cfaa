"""WorkStore: the conditional writes of a task's life, each named after what it means.

A row is in the `open` index exactly while it is not terminal; the write that changes the one
changes the other. Where a reply is lost and the SDK repeats the write, the refusal shows the row
as our own write left it, and that is success.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.background.task import Checkpoint, Outcome, State, Task, TaskRef
from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import PalyraError, Unavailable
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, Write, reading


class LostClaim(PalyraError):
    """Somebody else took the task away; this worker writes nothing more."""

    status = 409


class OpenIndex(GlobalSecondaryIndex["WorkRow"]):
    """Tasks that are not terminal, by lane and shard, in order of `wake_at`."""

    class Meta:
        """The index."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open_lane = UnicodeAttribute(hash_key=True)
    wake_at = NumberAttribute(range_key=True)


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
    shard = NumberAttribute()
    token = NumberAttribute(default=0)
    claim = UnicodeAttribute(null=True)
    held = NumberAttribute(default=0)
    attempt = NumberAttribute(default=0)
    last_attempt = NumberAttribute()
    ver = NumberAttribute()
    last = UnicodeAttribute()
    resends = NumberAttribute(default=0)
    open_lane = UnicodeAttribute(null=True)
    wake_at = NumberAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    not_before = NumberAttribute(null=True)
    checkpoint_token = NumberAttribute(null=True)
    checkpoint_seq = NumberAttribute(null=True)
    head = UnicodeAttribute(null=True)
    finished_at = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A row that does not exist yet.

    Attributes:
        last: sort key of the last slot that it stands for; its own for a single slot.
        wake_at: when the sweep looks at it; None for a row that is closed from the start.
    """

    ref: TaskRef
    kind: str
    outcome: Outcome
    reason: str
    lane: str
    shard: int
    last_attempt: int
    ver: int
    last: str
    wake_at: datetime | None
    created_at: datetime


class End(NamedTuple):
    """How a task ends: its state, and what the ledger says of its slot."""

    state: State
    outcome: Outcome
    reason: str


class WorkStore:
    """Tasks, fenced."""

    def __init__(self, lease: timedelta, retention: timedelta) -> None:
        """Take how long a claim lasts, and how long ended rows are kept."""
        self.lease = lease
        self._retention = retention

    def put(self, new: NewTask) -> Task:
        """Put a row, or return the one that exists already: that one decides."""
        row = self._row(new)
        try:
            row.put(WorkRow.pk.does_not_exist())
        except Refused as refused:
            if refused.old is None:
                raise Unavailable from refused
            return _task(refused.old)
        return _task(row)

    def get(self, ref: TaskRef) -> Task | None:
        """Return a task by a strongly consistent read, or None."""
        row = WorkRow.find(ref.pk, ref.sk)
        return _task(row) if row else None

    def claim(self, ref: TaskRef, claim: str, now: datetime) -> Task:
        """Take a task that is queued, or whose holder's lease is over.

        A row whose `wake_at` was pushed beyond the new lease by long re-send pauses is taken by a
        second write that pulls it back: the sweep must look at it when this lease ends.

        Raises:
            Refused: it cannot be taken; with the task as it is, or None.
        """
        lease_end = to_ms(now + self.lease)
        ready = self._ready(now)
        try:
            return self._take(ref, claim, lease_end, ready & (WorkRow.wake_at <= lease_end))
        except Refused as refused:
            old = refused.old
            if old is None or old.wake_at is None or to_ms(old.wake_at) <= lease_end:
                raise
        return self._take(ref, claim, lease_end, ready, WorkRow.wake_at.set(lease_end))

    def checkpoint(self, task: Task, seq: int, head: str, now: datetime) -> Task:
        """Make a step real, and renew the lease with it.

        Args:
            task: the task, as this worker claimed it.
            seq: the number of the step.
            head: the link of the step, which the terminal event anchors.
            now: the instant that the lease is renewed from.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [
            WorkRow.checkpoint_token.set(task.token),
            WorkRow.checkpoint_seq.set(seq),
            WorkRow.head.set(head),
            WorkRow.outcome.set(Outcome.FIRED),
            WorkRow.lease_until.set(to_ms(now + self.lease)),
        ]
        try:
            return _task(WorkRow.change(task.ref.pk, task.ref.sk, actions, _mine(task)))
        except Refused as refused:
            raise LostClaim from refused

    def end(self, task: Task, end: End, now: datetime) -> Task:
        """End a task that this worker holds.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = self._ending(end, now)
        try:
            return _task(WorkRow.change(task.ref.pk, task.ref.sk, actions, _mine(task)))
        except Refused as refused:
            old = _task(refused.old) if refused.old else None
            if old and old.token == task.token and old.state.is_terminal:
                return old
            raise LostClaim from refused

    def end_write(self, task: Task, end: End, now: datetime) -> Write:
        """Return the same as a write of a transaction."""
        return WorkRow.change_write(task.ref.pk, task.ref.sk, self._ending(end, now), _mine(task))

    def rearm(self, task: Task, at: datetime) -> None:
        """Put a failed attempt back into the queue, to be tried again at an instant.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [
            WorkRow.state.set(State.QUEUED),
            WorkRow.attempt.set(WorkRow.attempt + 1),
            WorkRow.held.set(0),
            WorkRow.not_before.set(to_ms(at)),
            WorkRow.wake_at.set(to_ms(at)),
        ]
        try:
            WorkRow.change(task.ref.pk, task.ref.sk, actions, _mine(task))
        except Refused as refused:
            old = refused.old
            if old is None or old.token != task.token or old.state != State.QUEUED:
                raise LostClaim from refused

    def note_resent(self, task: Task, look_again: datetime) -> bool:
        """Record that a task's message was sent again; False if something happened meanwhile."""
        actions = [
            WorkRow.wake_at.set(to_ms(look_again)),
            WorkRow.resends.set(WorkRow.resends + 1),
        ]
        return self._unless_changed(task, actions)

    def look_at_lease_end(self, task: Task) -> bool:
        """Let the sweep come back when the holder's lease ends."""
        return self._unless_changed(task, [WorkRow.wake_at.set(WorkRow.lease_until)])

    def fail(self, task: Task, reason: str, now: datetime) -> Task:
        """Take a task from a holder whose lease is over, and end it failed.

        Raises:
            Refused: it was rescued or ended meanwhile.
        """
        end = End(state=State.FAILED, outcome=Outcome.FIRED, reason=reason)
        actions = [*self._ending(end, now), WorkRow.token.set(WorkRow.token + 1)]
        condition = _mine(task) & (WorkRow.lease_until < to_ms(now))
        try:
            return _task(WorkRow.change(task.ref.pk, task.ref.sk, actions, condition))
        except Refused as refused:
            old = _task(refused.old) if refused.old else None
            if old and old.token == task.token + 1 and old.state is State.FAILED:
                return old
            raise

    def due(self, lane: str, shard: int, now: datetime, limit: int) -> Iterator[TaskRef]:
        """Yield the open tasks whose time to be looked at has come, oldest first."""
        until = WorkRow.wake_at <= to_ms(now)
        for row in reading(WorkRow.open_index.query(f"{lane}#{shard}", until, limit=limit)):
            yield TaskRef(row.pk, row.sk)

    def newest(self, pk: str, before: str | None, limit: int) -> Sequence[Task]:
        """Return a partition's rows, newest first, those before a sort key."""
        condition = WorkRow.sk < before if before else None
        rows = WorkRow.page(
            pk, condition, scan_index_forward=False, consistent_read=True, limit=limit
        )
        return [_task(row) for row in rows]

    def _take(
        self, ref: TaskRef, claim: str, lease_end: int, condition: Condition, *more: Action
    ) -> Task:
        actions = [
            WorkRow.token.set(WorkRow.token + 1),
            WorkRow.claim.set(claim),
            WorkRow.state.set(State.RUNNING),
            WorkRow.lease_until.set(lease_end),
            WorkRow.attempt.set(WorkRow.attempt + WorkRow.held),
            WorkRow.held.set(1),
            *more,
        ]
        try:
            return _task(WorkRow.change(ref.pk, ref.sk, actions, condition))
        except Refused as refused:
            old = _task(refused.old) if refused.old else None
            if old and old.claim == claim and old.state is State.RUNNING:
                return old
            raise Refused(old) from refused

    def _ready(self, now: datetime) -> Condition:
        abandoned = (
            (WorkRow.state == State.RUNNING)
            & (WorkRow.lease_until < to_ms(now))
            & (WorkRow.attempt < WorkRow.last_attempt)
        )
        takeable: Condition = (WorkRow.state == State.QUEUED) | abandoned
        in_time: Condition = WorkRow.not_before.does_not_exist() | (
            WorkRow.not_before <= to_ms(now)
        )
        ready: Condition = takeable & in_time
        return ready

    def _ending(self, end: End, now: datetime) -> list[Action]:
        return [
            WorkRow.state.set(end.state),
            WorkRow.outcome.set(end.outcome),
            WorkRow.finished_at.set(to_ms(now)),
            WorkRow.ttl.set(int((now + self._retention).timestamp())),
            WorkRow.open_lane.remove(),
            WorkRow.wake_at.remove(),
            WorkRow.reason.set(end.reason) if end.reason else WorkRow.reason.remove(),
        ]

    def _unless_changed(self, task: Task, actions: Sequence[Action]) -> bool:
        if task.wake_at is None:
            return False
        condition = (
            (WorkRow.state == task.state)
            & (WorkRow.token == task.token)
            & (WorkRow.wake_at == to_ms(task.wake_at))
        )
        try:
            WorkRow.change(task.ref.pk, task.ref.sk, actions, condition)
        except Refused:
            return False
        return True

    def _row(self, new: NewTask) -> WorkRow:
        row = WorkRow(
            new.ref.pk,
            new.ref.sk,
            kind=new.kind,
            outcome=new.outcome,
            reason=new.reason or None,
            lane=new.lane,
            shard=new.shard,
            last_attempt=new.last_attempt,
            ver=new.ver,
            last=new.last,
        )
        if new.wake_at is None:
            row.state = State.CLOSED
            row.ttl = int((new.created_at + self._retention).timestamp())
        else:
            row.state = State.QUEUED
            row.open_lane = f"{new.lane}#{new.shard}"
            row.wake_at = to_ms(new.wake_at)
        return row


def _mine(task: Task) -> Condition:
    """Return R1: the fence of every write on a row that somebody holds."""
    fence: Condition = (WorkRow.token == task.token) & (WorkRow.state == State.RUNNING)
    return fence


def _task(row: WorkRow) -> Task:
    checkpoint = None
    if row.checkpoint_token is not None:
        checkpoint = Checkpoint(int(row.checkpoint_token), int(row.checkpoint_seq))
    return Task(
        ref=TaskRef(row.pk, row.sk),
        kind=row.kind,
        state=State(row.state),
        outcome=Outcome(row.outcome),
        reason=row.reason or "",
        lane=row.lane,
        shard=int(row.shard),
        token=int(row.token),
        claim=row.claim or "",
        attempt=int(row.attempt),
        last_attempt=int(row.last_attempt),
        ver=int(row.ver),
        last=row.last,
        resends=int(row.resends),
        wake_at=_instant(row.wake_at),
        lease_until=_instant(row.lease_until),
        not_before=_instant(row.not_before),
        checkpoint=checkpoint,
        head=row.head or "",
        finished_at=_instant(row.finished_at),
    )


def _instant(milliseconds: float | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
