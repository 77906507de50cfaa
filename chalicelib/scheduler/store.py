"""JobStore: hot rows and definitions, and the job's lock."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.background.backoff import Backoff
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.clock import from_ms, to_ms
from chalicelib.errors import Unavailable
from chalicelib.scheduler.job import Definition, Due, Hot, Job, JobState, Review, Seen, Waking
from chalicelib.scheduler.judgement import Held
from chalicelib.scheduler.rows import (
    DEFINITION,
    ERASED,
    HOT,
    WAKING,
    DefinitionRow,
    HotRow,
    WakingRow,
    definition_of,
    due_of,
    hot_of,
    job_of,
    kind_of,
    waking_of,
    written_standing,
    written_terms,
)
from chalicelib.settings import resource
from chalicelib.tables import SYSTEM, Refused, Table, TableMeta, WholeNumber, Write, owned, reading

_READS = 3
_FAILURES = frozenset({State.FAILED, State.UNKNOWN})
_TRIES = 8
_FEW = 10


class Released(NamedTuple):
    """A job's lock was let go of.

    Attributes:
        heir: the task that waited and has inherited it, to be sent; or None.
        hot: the job as it is then, or None where it is gone.
    """

    heir: TaskRef | None
    hot: Hot | None


class LastTick(NamedTuple):
    """The last tick.

    Attributes:
        counts: what it counted; None where its record was cut short.
    """

    at: datetime
    counts: Mapping[str, int] | None


class NextSlot(NamedTuple):
    """The next slot of a job, which nobody has handed over yet."""

    owner: str
    at: datetime


class TickRow(Table):
    """When the last tick, or the last sweep, was, and what a tick counted."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()
    counts = UnicodeAttribute(null=True)


class TickLog:
    """The last tick; its instant only moves forward."""

    _KEY = (owned(SYSTEM, "last-run"), "cron_tick")

    def record(self, now: datetime, counts: Mapping[str, int]) -> None:
        """Note that a tick looked at everything, and what it counted."""
        newer = TickRow.pk.does_not_exist() | (TickRow.at <= to_ms(now))
        actions = [TickRow.at.set(to_ms(now)), TickRow.counts.set(json.dumps(dict(counts)))]
        try:
            TickRow.change(*self._KEY, actions, newer)
        except Refused:
            return

    def following(self, last: datetime, now: datetime) -> Write:
        """Return the record of a tick that follows the one at `last`, for one transaction."""
        actions = [TickRow.at.set(to_ms(now)), TickRow.counts.remove()]
        return TickRow.change_write(*self._KEY, actions, TickRow.at == to_ms(last))

    def last(self) -> datetime | None:
        """Return when the last tick was, or None before the first."""
        seen = self.seen()
        return seen.at if seen else None

    def seen(self) -> LastTick | None:
        """Return the last tick, or None before the first."""
        row = TickRow.find(*self._KEY)
        if row is None:
            return None
        return LastTick(from_ms(row.at), json.loads(row.counts) if row.counts else None)


class SweepLog(TickLog):
    """The instant of the last sweep; it only moves forward."""

    _KEY = (owned(SYSTEM, "last-run"), "sweep")


class JobStore:
    """Jobs of all owners."""

    def creation(self, owner: str, job: Job, due: Due, shard: int) -> list[Write]:
        """Return the writes that make a job, for one transaction."""
        definition = job.definition
        hot = HotRow(
            due.pk,
            HOT,
            **written_terms(job.terms),
            state=job.state,
            ver=due.ver,
            since=to_ms(definition.created_at),
            schedule=due.schedule,
            lane=due.lane,
            next=to_ms(due.slot),
            due_shard=str(shard),
        )
        row = DefinitionRow(
            due.pk,
            DEFINITION,
            name=definition.name,
            prompt=definition.prompt,
            tools=list(definition.tools),
            concurrency=definition.concurrency,
            created_at=to_ms(definition.created_at),
            created_by=definition.created_by,
            ver=definition.ver,
            listed_owner=owner,
            listed_at=job.id,
            schedule_kind=kind_of(due.schedule),
        )
        return [row.put_write(type(row).pk.does_not_exist()) for row in (hot, row)]

    def change_write(self, seen: Seen, after: Seen, shard: int) -> list[Write]:
        """Return the writes that turn a job as it was seen into another, for one transaction.

        A deleted job leaves the list, but its rows stay: the ledger refers to them.
        """
        unchanged = (HotRow.ver == seen.hot.ver) & _is_next(seen.hot.next)
        actions = [*_hot_actions(after.hot, shard), *_resets(seen, after)]
        return [
            HotRow.change_write(seen.pk, HOT, actions, unchanged),
            DefinitionRow.change_write(
                seen.pk, DEFINITION, _definition_actions(after), DefinitionRow.pk.exists()
            ),
            *_waking_writes(seen, after, shard),
        ]

    def erase(self, pk: str) -> int:
        """Take from a job what somebody wrote; return how many rows that were.

        Raises:
            Refused: there is no such job.
        """
        definition = self.definition(pk)
        if definition is None or (definition.name, definition.prompt) == (ERASED, ERASED):
            return 0
        actions = [DefinitionRow.name.set(ERASED), DefinitionRow.prompt.set(ERASED)]
        DefinitionRow.change(pk, DEFINITION, actions, DefinitionRow.pk.exists())
        return 1

    def due(self, shard: int, until: datetime) -> Iterator[Due | Waking]:
        """Yield the jobs of a shard that are due, or resume by themselves, until an instant."""
        rows = HotRow.due.query(str(shard), HotRow.next <= to_ms(until))
        return (waking_of(row) if row.sk == WAKING else due_of(row) for row in reading(rows))

    def next_slots(self, shard: int) -> Iterator[NextSlot]:
        """Yield the next slots of a shard's jobs, earliest first; of the first few rows alone."""
        rows = HotRow.due.query(str(shard), limit=_FEW)
        for row in reading(rows):
            if row.sk != WAKING:
                yield NextSlot(row.pk.partition("#")[0], from_ms(row.next))

    def advance(self, due: Due, to: datetime | None, review: Review | None = None) -> bool:
        """Move a job from a slot to its next one; False if somebody did, or the job was changed.

        Args:
            due: the job as it was read.
            to: the next slot, or None behind the last one.
            review: missed slots that are passed by and wait for an operator, or None.
        """
        condition = (HotRow.next == to_ms(due.slot)) & (HotRow.ver == due.ver)
        actions: list[Action] = [HotRow.next.remove(), HotRow.due_shard.remove()]
        if to is not None:
            actions = [HotRow.next.set(to_ms(to))]
        if review is not None:
            # What is passed by is later than all that was passed by before.
            first = to_ms(review.first)
            actions.append(HotRow.review_first.set(HotRow.review_first | first))
            actions.append(HotRow.review_last.set(to_ms(review.last)))
        try:
            HotRow.change(due.pk, HOT, actions, condition)
        except Refused:
            return False
        return True

    def rebase(self, due: Due, schedule: str, to: datetime) -> bool:
        """Replace what a job's next slot was computed with; False if the job was changed."""
        condition = (HotRow.next == to_ms(due.slot)) & (HotRow.ver == due.ver)
        actions: list[Action] = [HotRow.next.set(to_ms(to)), HotRow.schedule.set(schedule)]
        try:
            HotRow.change(due.pk, HOT, actions, condition & (HotRow.schedule == due.schedule))
        except Refused as refused:
            return refused.old is not None and refused.old.schedule == schedule
        return True

    def lock(self, task: Task, ver: int) -> None:
        """Take the job's lock for a task, judging its slot in the same write.

        A task that has fired is not judged again; it only needs the lock.

        Raises:
            Refused: with the hot row as it is, or None.
        """
        mine = (HotRow.active == task.ref.sk) & (HotRow.active_token <= task.token)
        condition = HotRow.pk.exists() & (HotRow.active.does_not_exist() | mine)
        if not task.has_fired:
            condition &= HotRow.state == JobState.ENABLED
            condition &= (HotRow.since < to_ms(task.ref.slot)) & (HotRow.ver == ver)
            condition &= _is_left_a_run()
        try:
            HotRow.change(task.ref.pk, HOT, _taking(task), condition)
        except Refused as refused:
            raise Refused(hot_of(refused.old) if refused.old else None) from refused

    def wait(self, task: Task, held: Held) -> bool:
        """Let a task wait for the lock's holder; False if holder or waiter is another by now."""
        holder = (HotRow.active == held.active) & (HotRow.active_token == held.active_token)
        waiter = HotRow.pending.does_not_exist() | (HotRow.pending == held.pending)
        try:
            HotRow.change(task.ref.pk, HOT, [HotRow.pending.set(task.ref.sk)], holder & waiter)
        except Refused as refused:
            old = refused.old
            return old is not None and (old.active, old.pending) == (held.active, task.ref.sk)
        return True

    def replace(self, task: Task, held: Held, replaced: Task, *others: Write) -> None:
        """Take the job's lock from its holder, judging the slot in the same write.

        Args:
            task: the one that takes it.
            held: the lock as it was seen.
            replaced: its holder, as it was seen.
            others: what is written with it, or nothing is: the task's own fence, and the holder's
                end.

        Raises:
            Cancelled: a condition does not hold, of the others' in their order or of the lock's.
        """
        condition: Condition = HotRow.active == held.active
        if not task.has_fired:
            condition &= HotRow.state == JobState.ENABLED
            condition &= (HotRow.since < to_ms(task.ref.slot)) & (HotRow.ver == held.ver)
            condition &= _is_left_a_run()
        actions = [*_taking(task), *_tally(replaced)]
        if held.pending == task.ref.sk:
            # It waited, and the job lets it replace by now: nobody waits for itself.
            condition &= HotRow.pending == task.ref.sk
            actions.append(HotRow.pending.remove())
        lock = HotRow.change_write(task.ref.pk, HOT, actions, condition)
        HotRow.transact(*others, lock)

    def release(self, task: Task) -> Released:
        """Let go of the job's lock that a task took under its token or an earlier one."""
        return self._release(task.ref, HotRow.active_token <= task.token, _tally(task))

    def help_away(self, holder: TaskRef, active_token: int, ended: Task | None = None) -> Released:
        """Let go of a lock whose holder has ended, exactly as it was seen."""
        return self._release(holder, HotRow.active_token == active_token, _tally(ended))

    def hot(self, pk: str) -> Hot | None:
        """Return a job's hot row, or None."""
        row = HotRow.find(pk, HOT)
        return hot_of(row) if row else None

    def backoff(self, task: Task) -> Backoff | None:
        """Return the pauses between attempts at a slot, or None where its job has none."""
        hot = self.hot(task.ref.pk)
        return hot.terms.backoff if hot else None

    def definition(self, pk: str) -> Definition | None:
        """Return a job's definition, or None."""
        row = DefinitionRow.find(pk, DEFINITION)
        return definition_of(row) if row else None

    def name(self, owner: str, job_id: str) -> str | None:
        """Return what a job is called, or None where that is not known any more."""
        definition = self.definition(owned(owner, job_id))
        return definition.name if definition else None

    def listed(self, owner: str, after: str | None, limit: int) -> Sequence[str]:
        """Return ids of an owner's jobs, newest first, those made before the job `after`.

        Read from an index: a job that was made a moment ago may be missing.
        """
        before = DefinitionRow.listed_at < after if after else None
        rows = DefinitionRow.listed.query(owner, before, scan_index_forward=False, limit=limit)
        return [row.listed_at for row in reading(rows)]

    def seen(self, pk: str) -> Seen | None:
        """Return both rows of a job, of one version unless it changes all the time; or None."""
        seen = None
        for _ in range(_READS):
            # The hot row first: a write that is based on an older one will be refused.
            hot, definition = self.hot(pk), self.definition(pk)
            if hot is None or definition is None:
                return None
            seen = Seen(pk, hot, definition)
            if hot.ver == definition.ver:
                break
        return seen

    def find(self, owner: str, job_id: str) -> Job | None:
        """Return a job, or None."""
        seen = self.seen(owned(owner, job_id))
        return job_of(job_id, seen.hot, seen.definition) if seen else None

    def find_all(self, owner: str, job_ids: Sequence[str]) -> list[Job]:
        """Return the jobs of these ids that exist, in their order."""
        keys = [owned(owner, job_id) for job_id in job_ids]
        hot = {row.pk: hot_of(row) for row in HotRow.find_all((pk, HOT) for pk in keys)}
        rows = DefinitionRow.find_all((pk, DEFINITION) for pk in keys)
        definitions = {row.pk: definition_of(row) for row in rows}
        return [
            job_of(job_id, hot[pk], definitions[pk])
            for job_id, pk in zip(job_ids, keys, strict=True)
            if pk in hot and pk in definitions
        ]

    def _release(self, holder: TaskRef, token: Condition, tally: list[Action]) -> Released:
        as_seen = (HotRow.active == holder.sk) & token
        for _ in range(_TRIES):
            freed = self._free(holder, as_seen, tally)
            if freed.heir is None:
                return freed
            if handed := self._hand_over(freed.heir, as_seen, tally):
                return handed
        raise Unavailable("the waiter keeps changing", fix="try again")

    def _free(self, holder: TaskRef, as_seen: Condition, tally: list[Action]) -> Released:
        """Free the lock, unless somebody waits: who that is, or nobody."""
        actions = [HotRow.active.remove(), HotRow.active_token.remove(), *tally]
        free = as_seen & HotRow.pending.does_not_exist()
        try:
            return Released(None, hot_of(HotRow.change(holder.pk, HOT, actions, free)))
        except Refused as refused:
            old = refused.old
            if old is None:
                return Released(None, None)
            waits = old.pending if old.active == holder.sk else None
            return Released(TaskRef(holder.pk, waits) if waits else None, hot_of(old))

    def _hand_over(self, heir: TaskRef, as_seen: Condition, tally: list[Action]) -> Released | None:
        """Let the waiter inherit the lock in the write that frees it: nobody comes between."""
        inherits = [HotRow.active.set(heir.sk), HotRow.active_token.set(0), HotRow.pending.remove()]
        try:
            hot = HotRow.change(
                heir.pk, HOT, [*inherits, *tally], as_seen & (HotRow.pending == heir.sk)
            )
        except Refused as refused:
            hot = refused.old
            if hot is None or hot.active != heir.sk:
                return None
        return Released(heir, hot_of(hot))


def _taking(task: Task) -> list[Action]:
    return [HotRow.active.set(task.ref.sk), HotRow.active_token.set(task.token)]


def _is_next(slot: datetime | None) -> Condition:
    is_same: Condition = (
        HotRow.next.does_not_exist() if slot is None else HotRow.next == to_ms(slot)
    )
    return is_same


def _waking_writes(seen: Seen, after: Seen, shard: int) -> list[Write]:
    """Return what lets a tick see when a paused job resumes by itself, or see it no more."""
    until, was = after.hot.standing.until, seen.hot.standing.until
    if until is not None:
        # In the index of what is due beside the hot row, which a paused job leaves.
        ver, at = after.hot.ver, to_ms(until)
        row = WakingRow(seen.pk, WAKING, ver=ver, next=at, due_shard=str(shard))
        return [row.put_write(None)]
    return [] if was is None else [WakingRow.remove_write(seen.pk, WAKING)]


def _resets(seen: Seen, after: Seen) -> list[Action]:
    """Return what begins anew of what workers count; it is theirs where nothing does."""
    before, now = seen.hot.standing, after.hot.standing
    resets: list[Action] = []
    if now.runs != before.runs:
        resets.append(HotRow.runs.set(now.runs))
    if now.failures != before.failures:
        resets.append(HotRow.failures.set(now.failures))
    return resets


def _written(name: str, value: float | str | None) -> Action:
    attribute = getattr(HotRow, name)
    action: Action = attribute.remove() if value is None else attribute.set(value)
    return action


def _is_left_a_run() -> Condition:
    """Return that the job may run once more, and has not failed too often for it."""
    has_no_end = HotRow.max_runs.does_not_exist() | HotRow.runs.does_not_exist()
    is_patient = HotRow.pause_after.does_not_exist() | HotRow.failures.does_not_exist()
    has_a_run: Condition = has_no_end | (HotRow.runs < HotRow.max_runs)
    condition: Condition = has_a_run & (is_patient | (HotRow.failures < HotRow.pause_after))
    return condition


def _tally(ended: Task | None) -> list[Action]:
    """Return what the end of a lock's holder adds to a job's standing.

    It is counted in the write that takes the lock from it, and so exactly once.
    """
    if ended is None or not ended.has_fired:
        return []
    actions: list[Action] = [HotRow.runs.set((HotRow.runs | 0) + 1)]
    if ended.state in _FAILURES:
        actions.append(HotRow.failures.set((HotRow.failures | 0) + 1))
    elif ended.state is State.SUCCEEDED:
        actions.append(HotRow.failures.set(0))
    return actions


def _hot_actions(after: Hot, shard: int) -> list[Action]:
    is_due = after.state is JobState.ENABLED and after.next is not None
    written = written_terms(after.terms) | written_standing(after.standing)
    return [
        *(_written(name, value) for name, value in written.items()),
        HotRow.state.set(after.state),
        HotRow.ver.set(after.ver),
        HotRow.since.set(to_ms(after.since)),
        HotRow.schedule.set(after.schedule),
        HotRow.op.set(after.op),
        HotRow.next.remove() if after.next is None else HotRow.next.set(to_ms(after.next)),
        HotRow.due_shard.set(str(shard)) if is_due else HotRow.due_shard.remove(),
    ]


def _definition_actions(after: Seen) -> list[Action]:
    definition = after.definition
    actions: list[Action] = [
        DefinitionRow.name.set(definition.name),
        DefinitionRow.prompt.set(definition.prompt),
        DefinitionRow.tools.set(list(definition.tools)),
        DefinitionRow.concurrency.set(definition.concurrency),
        DefinitionRow.ver.set(definition.ver),
        DefinitionRow.updated_at.set(to_ms(definition.updated_at)),
        DefinitionRow.updated_by.set(definition.updated_by),
        DefinitionRow.schedule_kind.set(kind_of(after.hot.schedule)),
    ]
    if after.hot.state is JobState.DELETED:
        actions += [DefinitionRow.listed_owner.remove(), DefinitionRow.listed_at.remove()]
    return actions
