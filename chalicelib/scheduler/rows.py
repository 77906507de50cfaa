"""Rows of the jobs table, and what they mean: nothing here decides anything."""

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib.clock import from_ms
from chalicelib.scheduler.job import Definition, Due, Hot, Job, JobState, readable
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber

HOT = "hot"
DEFINITION = "def"
ERASED = "[erased]"


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
    op = UnicodeAttribute(null=True)


class ListedIndex(GlobalSecondaryIndex["DefinitionRow"]):
    """Jobs that were not deleted by owner, in order of their making."""

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
    ver = WholeNumber(default=1)
    updated_at = WholeNumber(null=True)
    updated_by = UnicodeAttribute(null=True)
    listed_owner = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)


def job_of(job_id: str, hot: Hot, definition: Definition) -> Job:
    """Return a job of its two rows."""
    return Job(
        id=job_id,
        definition=definition,
        state=hot.state,
        ver=hot.ver,
        schedule=readable(hot.schedule),
        next=hot.next,
    )


def due_of(row: HotRow) -> Due:
    """Return a job as the due index shows it."""
    return Due(
        pk=row.pk,
        slot=from_ms(row.next),
        ver=int(row.ver),
        schedule=row.schedule,
        lane=row.lane,
        max_attempts=int(row.max_attempts),
    )


def hot_of(row: HotRow) -> Hot:
    """Return a hot row."""
    return Hot(
        state=JobState(row.state),
        ver=int(row.ver),
        since=from_ms(row.since),
        schedule=row.schedule,
        next=from_ms(row.next) if row.next is not None else None,
        lane=row.lane,
        max_attempts=int(row.max_attempts),
        active=row.active or "",
        active_token=int(row.active_token or 0),
        op=row.op or "",
    )


def definition_of(row: DefinitionRow) -> Definition:
    """Return a definition."""
    return Definition(
        name=row.name,
        prompt=row.prompt,
        tools=list(row.tools),
        created_at=from_ms(row.created_at),
        created_by=row.created_by,
        # Rows of the first version were never changed.
        ver=int(row.ver or 1),
        updated_at=from_ms(row.updated_at or row.created_at),
        updated_by=row.updated_by or row.created_by,
    )
