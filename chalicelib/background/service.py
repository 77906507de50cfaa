"""What operators do with tasks: make them, look at them, and move them.

Each decision is one transaction with its journal event. A decision that meets a task in another
state than it was made for is refused with that state; one that meets a task on its way is made
again on what is there by then, a bounded number of times.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.store import IdempotencyStore
from chalicelib.background import events
from chalicelib.background.aftermath import Aftermath
from chalicelib.background.cancellation import Cancellation
from chalicelib.background.courier import Courier
from chalicelib.background.delegation import Limits, refusal
from chalicelib.background.kinds import Creatable
from chalicelib.background.looking import NEVER, Pace, first_look
from chalicelib.background.maker import Maker, Order
from chalicelib.background.shelf import incident_key
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    TRANSITIONS,
    Membership,
    Move,
    State,
    Task,
    TaskRef,
    partition,
)
from chalicelib.clock import Clock
from chalicelib.errors import Conflict, Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled, Refused, Write

MOST_ATTEMPTS = 16
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRIES = 5
_PAGE = 200
_MOST_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """A task that is to be made.

    Attributes:
        priority: from -10 to 10; above 0 is lane high, below 0 lane low.
        max_attempts: from 1 to 16; None for the setting.
        not_before: when it may begin; None for at once.
        expires_at: when it ends expired, whether it has begun or not.
        dedupe_key: a task of this kind that was made with the same key is returned instead.
        parent: id of the task that delegates it.
        membership: its place among its parent's children.
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    max_attempts: int | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    dedupe_key: str | None = None
    parent: str | None = None
    membership: Membership | None = None


class Made(NamedTuple):
    """A task, and whether it was made by this call."""

    task: Task
    is_new: bool


class Filter(NamedTuple):
    """Which tasks of a list are asked for; None for any."""

    state: str | None = None
    lane: str | None = None

    def takes(self, task: Task) -> bool:
        """Return whether a task is asked for."""
        is_state = self.state in {None, task.state, task.shown_state}
        return is_state and self.lane in {None, task.lane}


@dataclass(kw_only=True, eq=False, repr=False)
class TaskService:
    """Tasks of one stage."""

    work: WorkStore
    courier: Courier
    journal: JournalStore
    incidents: IncidentStore
    requests: IdempotencyStore
    maker: Maker
    aftermath: Aftermath
    cancellation: Cancellation
    kinds: Mapping[str, Creatable]
    clock: Clock
    ids: Ids
    pace: Pace
    limits: Limits
    max_attempts: int

    # Making and finding.

    def create(
        self, owner: str, actor: str, draft: TaskDraft, key: RequestKey | None = None
    ) -> Made:
        """Make a task and send it, unless its dedupe key stands for one already.

        A request that made one before under the same key is answered with that one.

        Raises:
            Invalid: names the field and the fix.
            NotFound: there is no such parent.
            Conflict: the parent delegates nothing more.
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            now = self.clock.now()
            if key and (made := self.requests.made(key, now)):
                return Made(self.get(owner, made), is_new=False)
            self._check(draft)
            if draft.dedupe_key and (first := self.work.deduped(owner, _dedupe(draft))):
                if key:
                    self.requests.keep(key, first.ref.id, now)
                return Made(first, is_new=False)
            new = replace(self._new(owner, draft), requested_by=actor)
            writes = [self.work.put_write(new), *self._bookkeeping(owner, draft, new)]
            if key:
                writes.append(self.requests.write(key, new.ref.id, now))
            try:
                self.journal.append_with(events.created(new, actor), writes)
            except Cancelled:
                continue
            task = self.get(owner, new.ref.id)
            self.courier.try_to_send(task)
            return Made(task, is_new=True)
        raise Unavailable("the task's parent or keys are contended", fix="try again")

    def get(self, owner: str, task_id: str) -> Task:
        """Return a task.

        Raises:
            NotFound: the owner has no such task.
        """
        task = self.work.get(TaskRef.of(owner, task_id))
        if task is None:
            raise NotFound(f"there is no task {task_id!r:.160}")
        return task

    def list(
        self, owner: str, parent: str | None, wanted: Filter, after: str | None, limit: int
    ) -> Page[Task]:
        """Return tasks of the queue, or those that came from a parent, newest first.

        At most 1,000 rows are looked at for one page: a page may be short although others follow.
        """
        pk = partition(owner, parent)
        found: list[Task] = []
        looked_at = 0
        while looked_at < _MOST_LOOKED_AT:
            rows = self.work.newest(pk, after, _PAGE)
            for row in rows:
                after = row.ref.sk
                if wanted.takes(row):
                    found.append(row)
                if len(found) == limit:
                    return Page(found, after)
            if len(rows) < _PAGE:
                return Page(found, None)
            looked_at += len(rows)
        return Page(found, after)

    # Moving.

    def pause(self, owner: str, actor: str, task_id: str) -> Task:
        """Pause a task that has not begun.

        Raises:
            NotFound: the owner has no such task.
            Conflict: it is in another state, or it is a firing.
        """

        def decide(task: Task, now: datetime) -> tuple[Write, Event]:
            if task.ref.is_slot:
                raise Conflict("a firing cannot be paused", fix="pause its job")
            _require(task, Move.PAUSE, "only a queued task can be paused; cancel it instead")
            write = self.work.pause_write(task, task.expires_at or NEVER)
            return write, events.moved(task, "paused", actor, now)

        return self._move(owner, task_id, decide)

    def resume(self, owner: str, actor: str, task_id: str) -> Task:
        """Let a paused task go on.

        Raises:
            NotFound: the owner has no such task.
            Conflict: it is in another state.
        """

        def decide(task: Task, now: datetime) -> tuple[Write, Event]:
            _require(task, Move.RESUME, "only a paused task can be resumed")
            look = first_look(task.due, task.expires_at, now, self.pace)
            write = self.work.resume_write(task, look)
            return write, events.moved(task, "resumed", actor, now)

        task = self._move(owner, task_id, decide)
        incident = (IncidentDomain.QUEUE, incident_key(task))
        self.incidents.resolve(owner, incident, "resumed by an operator", self.clock.now())
        self.courier.try_to_send(task)
        return task

    def retry(self, owner: str, actor: str, task_id: str) -> Task:
        """Give a task that ended without success a new life, with all its attempts.

        Raises:
            NotFound: the owner has no such task.
            Conflict: it is in another state.
        """

        def decide(task: Task, now: datetime) -> tuple[Write, Event]:
            if task.is_erased:
                raise Conflict("what it was told was erased", fix="make a new task")
            fix = "only a failed, unknown, cancelled or expired task can be retried"
            _require(task, Move.RETRY, fix)
            write = self.work.retry_write(task, now, first_look(None, None, now, self.pace))
            return write, events.moved(task, "retried", actor, now)

        task = self._move(owner, task_id, decide)
        self.courier.try_to_send(task)
        return task

    def cancel(self, owner: str, actor: str, task_id: str, reason: str) -> Task:
        """Ask a task to stop; one that nobody holds ends at once, with all that it delegated.

        Raises:
            NotFound: the owner has no such task.
            Conflict: it has ended.
        """

        def decide(task: Task, now: datetime) -> tuple[Write, Event] | None:
            if task.state.is_terminal:
                raise Conflict(f"the task is {task.state}", fix="nothing is left to cancel")
            if task.cancel is not None:
                return None
            event = events.moved(task, "cancelled", actor, now, reason)
            if task.state is State.RUNNING or task.children:
                return self.work.request_cancel_write(task, now, reason), event
            return self.work.cancel_write(task, now, reason), event

        task = self._move(owner, task_id, decide)
        if task.state.is_terminal:
            # One that is out of the index was ended by its worker, who concludes it.
            if task.wake_at is not None:
                self.aftermath.follow(task)
        elif task.state is State.RUNNING:
            self.cancellation.reach_children(task)
        else:
            self.cancellation.carry_out(task)
        return self.get(owner, task_id)

    # How.

    def _move(
        self,
        owner: str,
        task_id: str,
        decide: Callable[[Task, datetime], tuple[Write, Event] | None],
    ) -> Task:
        for _ in range(_TRIES):
            task = self.get(owner, task_id)
            try:
                decided = decide(task, self.clock.now())
                if decided is None:
                    return task
                write, event = decided
                self.journal.append_with(event, [write])
            except (Cancelled, Refused):
                continue
            return self.get(owner, task_id)
        raise Unavailable("the task keeps changing", fix="try again")

    def _check(self, draft: TaskDraft) -> None:
        kind = self.kinds.get(draft.kind)
        if kind is None:
            known = ", ".join(sorted(self.kinds))
            raise Invalid(f"there is no kind {draft.kind!r:.80}", field="kind", fix=f"use: {known}")
        _check_range("priority", draft.priority, LOWEST_PRIORITY, HIGHEST_PRIORITY)
        if draft.max_attempts is not None:
            _check_range("max_attempts", draft.max_attempts, 1, MOST_ATTEMPTS)
        begins = draft.not_before or self.clock.now()
        if draft.expires_at and draft.expires_at <= begins:
            raise Invalid(
                "expires_at is not after not_before" if draft.not_before else "it has passed",
                field="expires_at",
                fix="choose a later instant",
            )
        if draft.membership:
            _check_group(draft.membership, draft.parent)
        kind.check(draft.payload)
        refuse_secrets("payload", draft.payload)

    def _new(self, owner: str, draft: TaskDraft) -> NewTask:
        sk = self.ids.ulid(self.clock.now())
        membership = draft.membership or Membership(sk, serial=False)
        order = Order(
            kind=draft.kind,
            payload=draft.payload,
            priority=draft.priority,
            last_attempt=(draft.max_attempts or self.max_attempts) - 1,
            not_before=draft.not_before,
            expires_at=draft.expires_at,
            membership=membership if draft.parent else None,
        )
        return self.maker.make(TaskRef(partition(owner, draft.parent), sk), order)

    def _bookkeeping(self, owner: str, draft: TaskDraft, new: NewTask) -> Sequence[Write]:
        writes = []
        if draft.dedupe_key:
            writes.append(self.work.dedupe_write(owner, _dedupe(draft), new))
        if draft.parent:
            writes += self._adoption(self.get(owner, draft.parent))
        return writes

    def _adoption(self, parent: Task) -> Sequence[Write]:
        _require_open(parent, "the parent")
        root, depth = parent, 1
        while root.membership and (above := root.ref.parent):
            root, depth = self.get(root.ref.owner, above.id), depth + 1
        _require_open(root, "the task that it all came from")
        refused = refusal(parent, root, depth, self.limits)
        if refused:
            raise Conflict(
                f"{refused.code}: {refused.detail}", field="parent", fix="name another task"
            )
        if root is parent:
            return [self.work.descend_write(root, is_parent=True)]
        return [self.work.adopt_write(parent), self.work.descend_write(root, is_parent=False)]


def _require(task: Task, move: Move, fix: str) -> None:
    if task.cancel is not None and not task.state.is_terminal:
        raise Conflict("the task is cancel_requested", fix="wait until it is cancelled")
    if task.state not in TRANSITIONS[move].source:
        raise Conflict(f"the task is {task.state}", fix=fix)


def _require_open(task: Task, role: str) -> None:
    if task.state.is_terminal or task.cancel:
        raise Conflict(
            f"{role} is {task.shown_state}",
            field="parent",
            fix="name a task that is queued, paused or running",
        )


def _check_group(membership: Membership, parent: str | None) -> None:
    if not parent:
        raise Invalid("group is only for delegated tasks", field="group", fix="name a parent")
    if not _GROUP.fullmatch(membership.group):
        raise Invalid(
            f"group is {membership.group!r:.80}",
            field="group",
            fix="use 1 to 64 letters, digits, dots, dashes and underscores",
        )
    refuse_secrets("group", membership.group)


def _check_range(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise Invalid(f"{name} is {value!s:.20}", field=name, fix=f"use {lowest} to {highest}")


def _dedupe(draft: TaskDraft) -> str:
    return hashlib.sha256(f"{draft.kind}\0{draft.dedupe_key}".encode()).hexdigest()
