"""JobStore: hot rows and definitions, and the job's lock."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.background.task import Task
from chalicelib.clock import from_ms, to_ms
from chalicelib.scheduler.job import Definition, Due, Hot, Job, JobState, Seen
from chalicelib.scheduler.rows import (
    DEFINITION,
    ERASED,
    HOT,
    DefinitionRow,
    HotRow,
    definition_of,
    due_of,
    hot_of,
    job_of,
)
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, Write, owned, reading

_READS = 3


class TickRow(Table):
    """When the last tick was."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    at = WholeNumber()


class TickLog:
    """The instant of the last tick; it only moves forward."""

    _KEY = (owned("system", "last-run"), "cron_tick")

    def record(self, now: datetime) -> None:
        """Note that a tick looked at everything."""
        newer = TickRow.pk.does_not_exist() | (TickRow.at < to_ms(now))
        try:
            TickRow.change(*self._KEY, [TickRow.at.set(to_ms(now))], newer)
        except Refused:
            return

    def following(self, last: datetime, now: datetime) -> Write:
        """Return the record of a tick that follows the one at `last`, for one transaction."""
        actions = [TickRow.at.set(to_ms(now))]
        return TickRow.change_write(*self._KEY, actions, TickRow.at == to_ms(last))

    def last(self) -> datetime | None:
        """Return when the last tick was, or None before the first."""
        row = TickRow.find(*self._KEY)
        return from_ms(row.at) if row else None


class JobStore:
    """Jobs of all owners."""

    def creation(self, owner: str, job: Job, due: Due, shard: int) -> list[Write]:
        """Return the writes that make a job, for one transaction."""
        definition = job.definition
        hot = HotRow(
            due.pk,
            HOT,
            state=job.state,
            ver=due.ver,
            since=to_ms(definition.created_at),
            schedule=due.schedule,
            lane=due.lane,
            max_attempts=due.max_attempts,
            next=to_ms(due.slot),
            due_shard=str(shard),
        )
        row = DefinitionRow(
            due.pk,
            DEFINITION,
            name=definition.name,
            prompt=definition.prompt,
            tools=list(definition.tools),
            created_at=to_ms(definition.created_at),
            created_by=definition.created_by,
            ver=definition.ver,
            listed_owner=owner,
            listed_at=job.id,
        )
        return [row.put_write(type(row).pk.does_not_exist()) for row in (hot, row)]

    def change_write(self, seen: Seen, after: Seen, shard: int) -> list[Write]:
        """Return the writes that turn a job as it was seen into another, for one transaction.

        A deleted job leaves the list, but its rows stay: the ledger refers to them.
        """
        unchanged = (HotRow.ver == seen.hot.ver) & _is_next(seen.hot.next)
        return [
            HotRow.change_write(seen.pk, HOT, _hot_actions(after.hot, shard), unchanged),
            DefinitionRow.change_write(
                seen.pk, DEFINITION, _definition_actions(after), DefinitionRow.pk.exists()
            ),
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

    def due(self, shard: int, until: datetime) -> Iterator[Due]:
        """Yield the enabled jobs of a shard whose next slot is at or before an instant."""
        rows = HotRow.due.query(str(shard), HotRow.next <= to_ms(until))
        return (due_of(row) for row in reading(rows))

    def next_slots(self, shard: int) -> Iterator[datetime]:
        """Yield a shard's next slots, earliest first."""
        rows = HotRow.due.query(str(shard), limit=1)
        return (from_ms(row.next) for row in reading(rows))

    def advance(self, due: Due, to: datetime | None) -> bool:
        """Move a job from a slot to its next one; False if somebody did, or the job was changed."""
        condition = (HotRow.next == to_ms(due.slot)) & (HotRow.ver == due.ver)
        actions: list[Action] = [HotRow.next.remove(), HotRow.due_shard.remove()]
        if to is not None:
            actions = [HotRow.next.set(to_ms(to))]
        try:
            HotRow.change(due.pk, HOT, actions, condition)
        except Refused:
            return False
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
        actions = [HotRow.active.set(task.ref.sk), HotRow.active_token.set(task.token)]
        try:
            HotRow.change(task.ref.pk, HOT, actions, condition)
        except Refused as refused:
            raise Refused(hot_of(refused.old) if refused.old else None) from refused

    def release(self, task: Task) -> bool:
        """Let go of the job's lock that a task took under its token or an earlier one."""
        return self._release(task.ref.pk, task.ref.sk, HotRow.active_token <= task.token)

    def help_away(self, pk: str, active: str, active_token: int) -> bool:
        """Let go of a lock whose holder has ended, exactly as it was seen."""
        return self._release(pk, active, HotRow.active_token == active_token)

    def hot(self, pk: str) -> Hot | None:
        """Return a job's hot row, or None."""
        row = HotRow.find(pk, HOT)
        return hot_of(row) if row else None

    def definition(self, pk: str) -> Definition | None:
        """Return a job's definition, or None."""
        row = DefinitionRow.find(pk, DEFINITION)
        return definition_of(row) if row else None

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

    def _release(self, pk: str, active: str, token: Condition) -> bool:
        try:
            HotRow.change(
                pk,
                HOT,
                [HotRow.active.remove(), HotRow.active_token.remove()],
                (HotRow.active == active) & token,
            )
        except Refused:
            return False
        return True


def _is_next(slot: datetime | None) -> Condition:
    is_same: Condition = (
        HotRow.next.does_not_exist() if slot is None else HotRow.next == to_ms(slot)
    )
    return is_same


def _hot_actions(after: Hot, shard: int) -> list[Action]:
    is_due = after.state is JobState.ENABLED and after.next is not None
    return [
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
        DefinitionRow.ver.set(definition.ver),
        DefinitionRow.updated_at.set(to_ms(definition.updated_at)),
        DefinitionRow.updated_by.set(definition.updated_by),
    ]
    if after.hot.state is JobState.DELETED:
        actions += [DefinitionRow.listed_owner.remove(), DefinitionRow.listed_at.remove()]
    return actions
