"""WorkStore: the conditional writes of a task's life, each named after what it means.

Every move of `TRANSITIONS` is one write with one condition: a holder's needs its token and a
running row (R1); any other's raises the token (R2). A row is in the `open` index while it is not
terminal; the write that changes the one changes the other. One that was ended by somebody else
than its holder has no message whose return would conclude it: it stays in the index until that is
done. Where a reply is lost and the SDK repeats the write, the refusal shows the row as our own
write left it, and that is success.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.background.rows import DedupeRow, WorkRow, history_of, task_of
from chalicelib.background.task import (
    TRANSITIONS,
    Attempt,
    Membership,
    Move,
    Origin,
    Outcome,
    State,
    Task,
    TaskRef,
    partition,
)
from chalicelib.clock import to_ms
from chalicelib.errors import PalyraError, Unavailable
from chalicelib.redaction import redact_text
from chalicelib.tables import Refused, Write, owned, reading

_DEDUPE = "dedupe"
_REASON_CHARACTERS = 200
_CONCLUDED_WITHIN = timedelta(minutes=1)


class LostClaim(PalyraError):
    """Somebody else took the task away; this worker writes nothing more."""

    status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A row that does not exist yet.

    Attributes:
        last: sort key of the last slot that it stands for; its own for anything but a range.
        wake_at: when the sweep looks at it; None for a row that is closed from the start.
        requested_by: who asked for a firing beside the schedule, or empty.
        origin: what a slot's row was made by.
        stands_for: sort key of the past slot that it makes up for, or empty.
    """

    ref: TaskRef
    kind: str
    outcome: Outcome = Outcome.HANDED
    reason: str = ""
    lane: str
    priority: int = 0
    shard: int
    last_attempt: int
    ver: int | None = None
    last: str
    wake_at: datetime | None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    created_at: datetime
    depth: int = 0
    payload: str = ""
    payload_key: str = ""
    payload_sha256: str = ""
    membership: Membership | None = None
    requested_by: str = ""
    origin: Origin = Origin.SCHEDULE
    stands_for: str = ""


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

    # Making and finding.

    def put(self, new: NewTask) -> Task:
        """Put a row, or return the one that exists already: that one decides."""
        row = self._row(new)
        try:
            row.put(WorkRow.pk.does_not_exist())
        except Refused as refused:
            if refused.old is None:
                raise Unavailable from refused
            return task_of(refused.old)
        return task_of(row)

    def put_write(self, new: NewTask) -> Write:
        """Return the put of a row that must not exist, for a transaction."""
        return self._row(new).put_write(WorkRow.pk.does_not_exist())

    def dedupe_write(self, owner: str, key: str, new: NewTask) -> Write:
        """Return the put of a dedupe key that must not be in use, for a transaction."""
        ttl = self._expiry(new.created_at)
        row = DedupeRow(owned(owner, _DEDUPE), key, task_id=new.ref.id, ttl=ttl)
        return row.put_write(DedupeRow.pk.does_not_exist())

    def deduped(self, owner: str, key: str) -> Task | None:
        """Return the task that a dedupe key stands for, or None."""
        row = DedupeRow.find(owned(owner, _DEDUPE), key)
        return self.get(TaskRef.of(owner, row.task_id)) if row else None

    def get(self, ref: TaskRef) -> Task | None:
        """Return a task by a strongly consistent read, or None."""
        row = WorkRow.find(ref.pk, ref.sk)
        return task_of(row) if row else None

    def get_all(self, refs: Iterable[TaskRef]) -> dict[TaskRef, Task]:
        """Return those of these tasks that exist, by strongly consistent reads."""
        rows = WorkRow.find_all(dict.fromkeys((ref.pk, ref.sk) for ref in refs))
        return {task.ref: task for task in map(task_of, rows)}

    def due(self, lane: str, shard: int, now: datetime) -> Iterator[TaskRef]:
        """Yield the open tasks whose time to be looked at has come, oldest first."""
        until = WorkRow.wake_at <= to_ms(now)
        for row in reading(WorkRow.open_index.query(f"{lane}#{shard}", until)):
            yield TaskRef(row.pk, row.sk)

    def newest(self, pk: str, before: str | None, limit: int) -> Sequence[Task]:
        """Return a partition's rows, newest first, those before a sort key."""
        condition = WorkRow.sk < before if before else None
        rows = WorkRow.page(
            pk, condition, scan_index_forward=False, consistent_read=True, limit=limit
        )
        return [task_of(row) for row in rows]

    def newest_first(self, pk: str, until: str) -> Iterator[Task]:
        """Yield a partition's rows up to a sort key, newest first."""
        until_then = WorkRow.sk <= until
        for row in WorkRow.page(pk, until_then, scan_index_forward=False, consistent_read=True):
            yield task_of(row)

    def offspring(self, parent: TaskRef) -> list[Task]:
        """Return the tasks that came from a task, by a strongly consistent read."""
        rows = WorkRow.page(partition(parent.owner, parent.id), consistent_read=True)
        return [task_of(row) for row in rows]

    # What a worker does.

    def claim(self, ref: TaskRef, claim: str, now: datetime) -> Task:
        """Take a task that is queued, or whose holder's lease is over.

        A row whose `wake_at` was pushed beyond the new lease by long re-send pauses is taken by a
        second write that pulls it back: the sweep must look at it when this lease ends.

        Raises:
            Refused: it cannot be taken; with the task as it is, or None.
        """
        lease_end = to_ms(now + self.lease)
        ready = _ready(now)
        try:
            return self._claim(ref, claim, now, ready & (WorkRow.wake_at <= lease_end))
        except Refused as refused:
            old = refused.old
            if old is None or old.wake_at is None or to_ms(old.wake_at) <= lease_end:
                raise
        return self._claim(ref, claim, now, ready, WorkRow.wake_at.set(lease_end))

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
        return self._by_holder(task, Move.KEEP, State.RUNNING, actions)

    def renew(self, task: Task, now: datetime) -> Task:
        """Keep a claim alive for one more lease.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [WorkRow.lease_until.set(to_ms(now + self.lease))]
        return self._by_holder(task, Move.KEEP, State.RUNNING, actions)

    def renew_write(self, task: Task, now: datetime) -> Write:
        """Return the same as a write of a transaction: nothing of it happens to a lost claim."""
        actions = [WorkRow.lease_until.set(to_ms(now + self.lease))]
        return WorkRow.change_write(*task.ref, actions, _mine(task))

    def end(self, task: Task, end: End, now: datetime) -> Task:
        """End a task that this worker holds.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        return self._by_holder(task, Move.END, end.state, self._ending(end, now))

    def end_write(self, task: Task, end: End, now: datetime) -> Write:
        """Return the same as a write of a transaction."""
        actions = [WorkRow.state.set(_target(Move.END, end.state)), *self._ending(end, now)]
        return WorkRow.change_write(task.ref.pk, task.ref.sk, actions, _mine(task))

    def rearm(self, task: Task, attempt: Attempt, at: datetime, look: datetime) -> Task:
        """Put a failed attempt back into the queue, to be tried again at an instant.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [
            *_requeued(at, look),
            WorkRow.attempt.set(WorkRow.attempt + 1),
            WorkRow.history.set(history_of((*task.history, attempt))),
        ]
        return self._by_holder(task, Move.REARM, State.QUEUED, actions)

    def go_on(self, task: Task, at: datetime, look: datetime) -> Task:
        """Let another invocation go on with a task at an instant; no attempt is counted.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [*_requeued(at, look), WorkRow.hops.set(task.hops + 1)]
        return self._by_holder(task, Move.CONTINUE, State.QUEUED, actions)

    def park(self, task: Task, reason: str, look: datetime | None = None) -> Task:
        """Let a task wait for another; who lets it go sends its message, and so does the sweep.

        Args:
            task: the task, as this worker claimed it.
            reason: what it waits for.
            look: when the sweep sends its message all the same; None where that stays.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [
            WorkRow.held.set(0),
            WorkRow.lease_until.remove(),
            WorkRow.reason.set(_shown(reason)),
        ]
        if look is not None:
            actions.append(WorkRow.wake_at.set(to_ms(look)))
        if task.started_at == task.claimed_at:
            # Nothing of it has begun, and the time that it may take does not run while it waits.
            actions.append(WorkRow.started_at.remove())
        return self._by_holder(task, Move.PARK, State.QUEUED, actions)

    def shelve(self, task: Task, reason: str, look: datetime) -> Task:
        """Pause a task that no function can carry out.

        Raises:
            LostClaim: the task is no longer this worker's.
        """
        actions = [
            WorkRow.held.set(0),
            WorkRow.lease_until.remove(),
            WorkRow.wake_at.set(to_ms(look)),
            WorkRow.reason.set(_shown(reason)),
        ]
        return self._by_holder(task, Move.SHELVE, State.PAUSED, actions)

    # What the sweep does.

    def note_resent(self, task: Task, look_again: datetime) -> bool:
        """Record that a task was looked at; False if something happened to it meanwhile."""
        actions = [
            WorkRow.wake_at.set(to_ms(look_again)),
            WorkRow.resends.set(WorkRow.resends + 1),
        ]
        return self._unless_changed(task, actions)

    def look_again(self, task: Task, at: datetime) -> bool:
        """Let the sweep come back at an instant; False if something happened meanwhile."""
        return self._unless_changed(task, [WorkRow.wake_at.set(to_ms(at))])

    def fail(self, task: Task, reason: str, now: datetime) -> Task:
        """Take a task from a holder whose lease is over, and end it failed.

        Raises:
            Refused: it was rescued or ended meanwhile.
        """
        over = WorkRow.lease_until < to_ms(now)
        taken = [WorkRow.outcome.set(Outcome.FIRED), *self._taken(reason, now)]
        return self._by_other(task, Move.FAIL, State.FAILED, taken, over)

    def cancel(self, task: Task, now: datetime, reason: str) -> Task:
        """End a task that was asked to stop, whoever holds it.

        Raises:
            Refused: something happened to it meanwhile.
        """
        move = Move.TAKE if task.state is State.RUNNING else Move.CANCEL
        return self._by_other(task, move, State.CANCELLED, self._taken(reason, now))

    def expire(self, task: Task, now: datetime) -> Task:
        """End a task whose time is over, whoever holds it.

        Raises:
            Refused: something happened to it meanwhile.
        """
        taken = self._taken("expires_at has passed", now)
        return self._by_other(task, Move.EXPIRE, State.EXPIRED, taken)

    def replace_write(self, task: Task, now: datetime, reason: str) -> Write:
        """Return the end of a task that another takes the place of, whoever holds it.

        It is refused where the task has fired since it was seen: its run counts then.
        """
        taken = self._taken(reason, now)
        as_seen = WorkRow.outcome == task.outcome
        return self._other_write(task, Move.REPLACE, State.CANCELLED, taken, as_seen)

    def put_away(self, task: Task) -> None:
        """Take a task that was ended and concluded out of the index, unless it lives again."""
        actions = [WorkRow.open_lane.remove(), WorkRow.wake_at.remove()]
        as_seen = (WorkRow.token == task.token) & (WorkRow.state == task.state)
        with suppress(Refused):
            WorkRow.change(*task.ref, actions, as_seen)

    def request_cancel(self, task: Task, now: datetime, reason: str) -> Task:
        """Ask the holder of a task to stop; it is nobody's move and changes no state.

        Raises:
            Refused: it is terminal.
        """
        actions, condition = _cancel_request(task, now, reason)
        try:
            return task_of(WorkRow.change(task.ref.pk, task.ref.sk, actions, condition))
        except Refused as refused:
            raise Refused(task_of(refused.old) if refused.old else None) from refused

    # What operators do, for a transaction with the journal's event.

    def pause_write(self, task: Task, look: datetime) -> Write:
        """Return the pause of a queued task."""
        actions = [WorkRow.wake_at.set(to_ms(look)), WorkRow.reason.set("paused by an operator")]
        # The sweep would not look at a paused task in time to carry a request to stop out.
        return self._other_write(
            task, Move.PAUSE, State.PAUSED, actions, WorkRow.cancel_at.does_not_exist()
        )

    def resume_write(self, task: Task, look: datetime) -> Write:
        """Return the resumption of a paused task."""
        actions = [
            WorkRow.wake_at.set(to_ms(look)),
            WorkRow.resends.set(0),
            WorkRow.reason.remove(),
        ]
        return self._other_write(
            task, Move.RESUME, State.QUEUED, actions, WorkRow.cancel_at.does_not_exist()
        )

    def cancel_write(self, task: Task, now: datetime, reason: str) -> Write:
        """Return the end of a task that nobody holds and that has delegated nothing."""
        childless = WorkRow.children.does_not_exist()
        taken = self._taken(reason, now)
        return self._other_write(task, Move.CANCEL, State.CANCELLED, taken, childless)

    def request_cancel_write(self, task: Task, now: datetime, reason: str) -> Write:
        """Return the request that a task stop, of which nobody asked it yet."""
        actions, condition = _cancel_request(task, now, reason)
        condition &= WorkRow.cancel_at.does_not_exist()
        return WorkRow.change_write(task.ref.pk, task.ref.sk, actions, condition)

    def retry_write(self, task: Task, now: datetime, look: datetime) -> Write:
        """Return a new life for a task that ended: fresh attempts, the old ones remembered."""
        end = Attempt(
            number=task.attempt + 1,
            started_at=task.claimed_at,
            ended_at=task.finished_at or now,
            state=task.state,
            reason=task.reason,
        )
        gone = (
            *(WorkRow.finished_at, WorkRow.ttl, WorkRow.reason, WorkRow.not_before),
            *(WorkRow.expires_at, WorkRow.cancel_at, WorkRow.cancel_reason, WorkRow.started_at),
            *(WorkRow.hops, WorkRow.lease_until),
        )
        actions: list[Action] = [
            WorkRow.outcome.set(Outcome.HANDED),
            WorkRow.attempt.set(0),
            WorkRow.held.set(0),
            WorkRow.resends.set(0),
            WorkRow.open_lane.set(f"{task.lane}#{task.shard}"),
            WorkRow.wake_at.set(to_ms(look)),
            WorkRow.history.set(history_of((*task.history, end))),
            *(attribute.remove() for attribute in gone),
        ]
        if task.state is State.UNKNOWN and task.checkpoint:
            actions.append(WorkRow.repeat_token.set(task.checkpoint.token))
            actions.append(WorkRow.repeat_seq.set(task.checkpoint.seq))
        unless_erased = WorkRow.erased.does_not_exist()
        return self._other_write(task, Move.RETRY, State.QUEUED, actions, unless_erased)

    # What erasure needs.

    def erase(self, task: Task) -> None:
        """Take from a task that ended what it was told and what came of it; it lives no more.

        What became of it, and when, stays.

        Raises:
            Refused: it lives again.
        """
        silent = [attempt._replace(reason="") for attempt in task.history]
        gone = (
            *(WorkRow.payload, WorkRow.payload_key, WorkRow.payload_sha256, WorkRow.reason),
            *(WorkRow.cancel_reason, WorkRow.group, WorkRow.serial, WorkRow.busy),
        )
        actions: list[Action] = [
            WorkRow.erased.set(True),
            *(attribute.remove() for attribute in gone),
            WorkRow.history.set(history_of(silent)) if silent else WorkRow.history.remove(),
        ]
        as_seen = (WorkRow.token == task.token) & (WorkRow.state == task.state)
        WorkRow.change(*task.ref, actions, as_seen)

    # What delegation needs of a parent's row.

    def adopt_write(self, parent: Task) -> Write:
        """Return the count of one more child, while the parent is as it was seen and may go on."""
        actions = [WorkRow.children.set(parent.children + 1)]
        return WorkRow.change_write(*parent.ref, actions, _may_delegate(parent, "children"))

    def descend_write(self, root: Task, *, is_parent: bool) -> Write:
        """Return the count of one more task in a tree; of the child too where it is the parent."""
        actions = [WorkRow.descendants.set(root.descendants + 1)]
        condition = _may_delegate(root, "descendants")
        if is_parent:
            actions.append(WorkRow.children.set(root.children + 1))
            condition &= _may_delegate(root, "children")
        return WorkRow.change_write(*root.ref, actions, condition)

    def set_busy(self, parent: Task, busy: str) -> bool:
        """Say which children may run; False if somebody else said something meanwhile."""
        seen = WorkRow.busy == parent.busy if parent.busy else WorkRow.busy.does_not_exist()
        action = WorkRow.busy.set(busy) if busy else WorkRow.busy.remove()
        try:
            WorkRow.change(*parent.ref, [action], WorkRow.pk.exists() & seen)
        except Refused as refused:
            return refused.old is not None and (refused.old.busy or "") == busy
        return True

    # How.

    def _claim(
        self, ref: TaskRef, claim: str, now: datetime, condition: Condition, *more: Action
    ) -> Task:
        actions = [
            WorkRow.token.set(WorkRow.token + 1),
            WorkRow.claim.set(claim),
            WorkRow.state.set(State.RUNNING),
            WorkRow.lease_until.set(to_ms(now + self.lease)),
            WorkRow.attempt.set(WorkRow.attempt + WorkRow.held),
            WorkRow.held.set(1),
            WorkRow.resends.set(0),
            WorkRow.claimed_at.set(to_ms(now)),
            WorkRow.started_at.set(WorkRow.started_at | to_ms(now)),
            WorkRow.reason.remove(),
            *more,
        ]
        try:
            return task_of(WorkRow.change(ref.pk, ref.sk, actions, condition))
        except Refused as refused:
            old = task_of(refused.old) if refused.old else None
            if old and old.claim == claim and old.state is State.RUNNING:
                return old
            raise Refused(old) from refused

    def _by_holder(self, task: Task, move: Move, to: State, actions: Sequence[Action]) -> Task:
        actions = [WorkRow.state.set(_target(move, to)), *actions]
        try:
            return task_of(WorkRow.change(task.ref.pk, task.ref.sk, actions, _mine(task)))
        except Refused as refused:
            old = task_of(refused.old) if refused.old else None
            if old and old.token == task.token and old.state is to and to is not State.RUNNING:
                return old
            raise LostClaim from refused

    def _by_other(
        self,
        task: Task,
        move: Move,
        to: State,
        actions: Sequence[Action],
        condition: Condition | None = None,
    ) -> Task:
        """Take a task from whoever holds it.

        After a lost reply this is refused by its own effect, which looks like another's: two who
        both took it for theirs would conclude it twice. The task is in the index still, and the
        next sweep concludes it.
        """
        taking = [*_taking(move, to), *actions]
        as_seen = _as_seen(task, move, condition)
        try:
            return task_of(WorkRow.change(*task.ref, taking, as_seen))
        except Refused as refused:
            raise Refused(task_of(refused.old) if refused.old else None) from refused

    def _other_write(
        self,
        task: Task,
        move: Move,
        to: State,
        actions: Sequence[Action],
        condition: Condition | None = None,
    ) -> Write:
        taking = [*_taking(move, to), *actions]
        return WorkRow.change_write(*task.ref, taking, _as_seen(task, move, condition))

    def _ending(self, end: End, now: datetime) -> list[Action]:
        return [
            WorkRow.outcome.set(end.outcome),
            *self._over(end.reason, now),
            WorkRow.open_lane.remove(),
            WorkRow.wake_at.remove(),
        ]

    def _taken(self, reason: str, now: datetime) -> list[Action]:
        """Return an end by somebody else than the holder: the sweep sees that it is concluded."""
        return [*self._over(reason, now), WorkRow.wake_at.set(to_ms(now + _CONCLUDED_WITHIN))]

    def _over(self, reason: str, now: datetime) -> list[Action]:
        reason = _shown(reason)
        return [
            WorkRow.finished_at.set(to_ms(now)),
            WorkRow.ttl.set(self._expiry(now)),
            WorkRow.reason.set(reason) if reason else WorkRow.reason.remove(),
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

    def _expiry(self, now: datetime) -> int:
        return int((now + self._retention).timestamp())

    def _row(self, new: NewTask) -> WorkRow:
        row = WorkRow(
            new.ref.pk,
            new.ref.sk,
            kind=new.kind,
            outcome=new.outcome,
            reason=_shown(new.reason) or None,
            lane=new.lane,
            priority=new.priority or None,
            shard=new.shard,
            last_attempt=new.last_attempt,
            ver=new.ver,
            last=new.last if new.last != new.ref.sk else None,
            not_before=to_ms(new.not_before),
            expires_at=to_ms(new.expires_at),
            created_at=to_ms(new.created_at),
            depth=new.depth or None,
            payload=new.payload or None,
            payload_key=new.payload_key or None,
            payload_sha256=new.payload_sha256 or None,
            requested_by=new.requested_by or None,
            origin=None if new.origin is Origin.SCHEDULE else new.origin,
            stands_for=new.stands_for or None,
        )
        if new.membership:
            row.group, row.serial = new.membership.group, new.membership.serial
        if new.wake_at is None:
            row.state = State.CLOSED
            row.ttl = self._expiry(new.created_at)
        else:
            row.state = State.QUEUED
            row.open_lane = f"{new.lane}#{new.shard}"
            row.wake_at = to_ms(new.wake_at)
        return row


def _target(move: Move, to: State) -> State:
    if to not in TRANSITIONS[move].target:
        raise ValueError(f"{move} does not lead to {to}")
    return to


def _taking(move: Move, to: State) -> list[Action]:
    """Return R2: who moves a row without holding it raises the token."""
    return [WorkRow.state.set(_target(move, to)), WorkRow.token.set(WorkRow.token + 1)]


def _mine(task: Task) -> Condition:
    """Return R1: the fence of every write on a row that somebody holds."""
    fence: Condition = (WorkRow.token == task.token) & (WorkRow.state == State.RUNNING)
    return fence


def _as_seen(task: Task, move: Move, more: Condition | None) -> Condition:
    if task.state not in TRANSITIONS[move].source:
        raise Refused(task)
    condition: Condition = (WorkRow.token == task.token) & (WorkRow.state == task.state)
    return condition if more is None else condition & more


def _ready(now: datetime) -> Condition:
    abandoned = (
        (WorkRow.state == State.RUNNING)
        & (WorkRow.lease_until < to_ms(now))
        & (WorkRow.attempt < WorkRow.last_attempt)
    )
    takeable: Condition = (WorkRow.state == State.QUEUED) | abandoned
    in_time: Condition = WorkRow.not_before.does_not_exist() | (WorkRow.not_before <= to_ms(now))
    unexpired: Condition = WorkRow.expires_at.does_not_exist() | (WorkRow.expires_at > to_ms(now))
    ready: Condition = takeable & in_time & unexpired & WorkRow.cancel_at.does_not_exist()
    return ready


def _requeued(at: datetime, look: datetime) -> list[Action]:
    return [
        WorkRow.held.set(0),
        WorkRow.resends.set(0),
        WorkRow.not_before.set(to_ms(at)),
        WorkRow.wake_at.set(to_ms(look)),
        WorkRow.lease_until.remove(),
    ]


def _cancel_request(task: Task, now: datetime, reason: str) -> tuple[list[Action], Condition]:
    open_states = [State.QUEUED, State.RUNNING, State.PAUSED]
    actions: list[Action] = [
        WorkRow.cancel_at.set(WorkRow.cancel_at | to_ms(now)),
        WorkRow.cancel_reason.set(WorkRow.cancel_reason | _shown(reason)),
    ]
    if task.state is not State.RUNNING:
        actions.append(WorkRow.wake_at.set(to_ms(now)))
    condition: Condition = (WorkRow.token == task.token) & WorkRow.state.is_in(*open_states)
    return actions, condition


def _may_delegate(parent: Task, count: str) -> Condition:
    """Return that a task has as many children as were seen, and was not asked to stop."""
    attribute = getattr(WorkRow, count)
    seen: int = getattr(parent, count)
    counted = attribute == seen if seen else attribute.does_not_exist()
    is_open: Condition = WorkRow.state.is_in(State.QUEUED, State.RUNNING, State.PAUSED)
    condition: Condition = is_open & WorkRow.cancel_at.does_not_exist() & counted
    return condition


def _shown(reason: str) -> str:
    # Redacted before it is cut: half a secret would not be known as one.
    return redact_text(reason)[:_REASON_CHARACTERS]
