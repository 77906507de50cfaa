"""JobStore: hot rows and definitions, and the job's lock."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib.background.task import Task
from chalicelib.clock import from_ms, to_ms
from chalicelib.scheduler.job import Definition, Due, Hot, Job, JobState
from chalicelib.schedules import InvalidSchedule, Schedule, read_schedule
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, Write, owned, reading

_HOT = "hot"
_DEFINITION = "def"


class DueIndex(GlobalSecondaryIndex["HotRow"]):
    """Enabled jobs by shard, in order of their next slot."""

    class Meta:
        """The index; what it includes changes only by operators' writes."""

        index_name = "due"
        projection = IncludeProjection(
            ["ver", "state", "schedule", "misfire", "jitter", "lane", "max_attempts"]
        )

    due_shard = UnicodeAttribute(hash_key=True)
    next = WholeNumber(range_key=True)


class HotRow(Table):
    """What ticks and workers compare and set."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("jobs")

    due = DueIndex()

    sk = UnicodeAttribute(range_key=True)
    state = UnicodeAttribute()
    ver = WholeNumber()
    since = WholeNumber()
    schedule = UnicodeAttribute()
    lane = UnicodeAttribute()
    max_attempts = WholeNumber()
    next = WholeNumber(null=True)
    due_shard = UnicodeAttribute(null=True)
    active = UnicodeAttribute(null=True)
    active_token = WholeNumber(null=True)


class ListedIndex(GlobalSecondaryIndex["DefinitionRow"]):
    """Jobs by owner, in order of their making."""

    class Meta:
        """The index."""

        index_name = "listed"
        projection = KeysOnlyProjection()

    listed_owner = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class DefinitionRow(Table):
    """What a run reads once."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("jobs")

    listed = ListedIndex()

    sk = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    prompt = UnicodeAttribute()
    tools: ListAttribute[str] = ListAttribute()
    created_at = WholeNumber()
    created_by = UnicodeAttribute()
    listed_owner = UnicodeAttribute()
    listed_at = UnicodeAttribute()


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
            _HOT,
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
            _DEFINITION,
            name=definition.name,
            prompt=definition.prompt,
            tools=list(definition.tools),
            created_at=to_ms(definition.created_at),
            created_by=definition.created_by,
            listed_owner=owner,
            listed_at=job.id,
        )
        return [row.put_write(type(row).pk.does_not_exist()) for row in (hot, row)]

    def due(self, shard: int, until: datetime) -> Iterator[Due]:
        """Yield the enabled jobs of a shard whose next slot is at or before an instant."""
        rows = HotRow.due.query(str(shard), HotRow.next <= to_ms(until))
        return (_due(row) for row in reading(rows))

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
            HotRow.change(due.pk, _HOT, actions, condition)
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
            HotRow.change(task.ref.pk, _HOT, actions, condition)
        except Refused as refused:
            raise Refused(_hot(refused.old) if refused.old else None) from refused

    def release(self, task: Task) -> bool:
        """Let go of the job's lock that a task took under its token or an earlier one."""
        return self._release(task.ref.pk, task.ref.sk, HotRow.active_token <= task.token)

    def help_away(self, pk: str, active: str, active_token: int) -> bool:
        """Let go of a lock whose holder has ended, exactly as it was seen."""
        return self._release(pk, active, HotRow.active_token == active_token)

    def hot(self, pk: str) -> Hot | None:
        """Return a job's hot row, or None."""
        row = HotRow.find(pk, _HOT)
        return _hot(row) if row else None

    def definition(self, pk: str) -> Definition | None:
        """Return a job's definition, or None."""
        row = DefinitionRow.find(pk, _DEFINITION)
        return _definition(row) if row else None

    def listed(self, owner: str, after: str | None, limit: int) -> Sequence[str]:
        """Return ids of an owner's jobs, newest first, those made before the job `after`.

        Read from an index: a job that was made a moment ago may be missing.
        """
        before = DefinitionRow.listed_at < after if after else None
        rows = DefinitionRow.listed.query(owner, before, scan_index_forward=False, limit=limit)
        return [row.listed_at for row in reading(rows)]

    def find(self, owner: str, job_id: str) -> Job | None:
        """Return a job, or None."""
        pk = owned(owner, job_id)
        hot, definition = self.hot(pk), self.definition(pk)
        return _job(job_id, hot, definition) if hot and definition else None

    def find_all(self, owner: str, job_ids: Sequence[str]) -> list[Job]:
        """Return the jobs of these ids that exist, in their order."""
        keys = [owned(owner, job_id) for job_id in job_ids]
        hot = {row.pk: _hot(row) for row in HotRow.find_all((pk, _HOT) for pk in keys)}
        rows = DefinitionRow.find_all((pk, _DEFINITION) for pk in keys)
        definitions = {row.pk: _definition(row) for row in rows}
        return [
            _job(job_id, hot[pk], definitions[pk])
            for job_id, pk in zip(job_ids, keys, strict=True)
            if pk in hot and pk in definitions
        ]

    def _release(self, pk: str, active: str, token: Condition) -> bool:
        try:
            HotRow.change(
                pk,
                _HOT,
                [HotRow.active.remove(), HotRow.active_token.remove()],
                (HotRow.active == active) & token,
            )
        except Refused:
            return False
        return True


def _job(job_id: str, hot: Hot, definition: Definition) -> Job:
    return Job(
        id=job_id,
        definition=definition,
        state=hot.state,
        schedule=_readable(hot.schedule),
        next=hot.next,
    )


def _readable(text: str) -> Schedule | None:
    try:
        return read_schedule(text)
    except InvalidSchedule:
        return None


def _due(row: HotRow) -> Due:
    return Due(
        pk=row.pk,
        slot=from_ms(row.next),
        ver=int(row.ver),
        schedule=row.schedule,
        lane=row.lane,
        max_attempts=int(row.max_attempts),
    )


def _hot(row: HotRow) -> Hot:
    return Hot(
        state=JobState(row.state),
        ver=int(row.ver),
        since=from_ms(row.since),
        schedule=row.schedule,
        next=from_ms(row.next) if row.next is not None else None,
        active=row.active or "",
        active_token=int(row.active_token or 0),
    )


def _definition(row: DefinitionRow) -> Definition:
    return Definition(
        name=row.name,
        prompt=row.prompt,
        tools=list(row.tools),
        created_at=from_ms(row.created_at),
        created_by=row.created_by,
    )
