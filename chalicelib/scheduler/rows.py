"""Rows of the jobs table, and what they mean: nothing here decides anything."""

from datetime import timedelta
from typing import Any

from pynamodb.attributes import ListAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib.background.backoff import Backoff
from chalicelib.clock import from_ms, to_ms
from chalicelib.scheduler.job import (
    CronConcurrencyPolicy,
    Definition,
    Due,
    Hold,
    Hot,
    Job,
    JobState,
    Review,
    Standing,
    Waking,
    readable,
)
from chalicelib.scheduler.terms import CronMisfirePolicy, Terms
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber

HOT = "hot"
DEFINITION = "def"
ERASED = "[erased]"
WAKING = "wake"
_SECOND = timedelta(seconds=1)


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
    pending = UnicodeAttribute(null=True)
    op = UnicodeAttribute(null=True)
    misfire = UnicodeAttribute(null=True)
    jitter = WholeNumber(null=True)
    backoff = WholeNumber(null=True)
    backoff_cap = WholeNumber(null=True)
    backoff_jitter = WholeNumber(null=True)
    max_runs = WholeNumber(null=True)
    pause_after = WholeNumber(null=True)
    runs = WholeNumber(null=True)
    failures = WholeNumber(null=True)
    hold = UnicodeAttribute(null=True)
    until = WholeNumber(null=True)
    review_first = WholeNumber(null=True)
    review_last = WholeNumber(null=True)


class WakingRow(Table):
    """When a paused job resumes by itself; in the index of what is due, as the hot row is not."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("jobs")

    sk = UnicodeAttribute(range_key=True)
    ver = WholeNumber()
    next = WholeNumber()
    due_shard = UnicodeAttribute()


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
    concurrency = UnicodeAttribute(null=True)
    created_at = WholeNumber()
    created_by = UnicodeAttribute()
    ver = WholeNumber(default=1)
    updated_at = WholeNumber(null=True)
    updated_by = UnicodeAttribute(null=True)
    schedule_kind = UnicodeAttribute(null=True)
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
        terms=hot.terms,
        standing=hot.standing,
        active=f"{job_id}-{hot.active}" if hot.active else "",
        waiting=f"{job_id}-{hot.pending}" if hot.pending else "",
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
        misfire=CronMisfirePolicy(row.misfire or CronMisfirePolicy.SKIP),
        jitter=timedelta(seconds=row.jitter or 0),
    )


def waking_of(row: HotRow) -> Waking:
    """Return a paused job as the due index shows it."""
    return Waking(pk=row.pk, at=from_ms(row.next), ver=int(row.ver))


def hot_of(row: HotRow) -> Hot:
    """Return a hot row."""
    return Hot(
        state=JobState(row.state),
        ver=int(row.ver),
        since=from_ms(row.since),
        schedule=row.schedule,
        next=from_ms(row.next),
        lane=row.lane,
        max_attempts=int(row.max_attempts),
        active=row.active or "",
        active_token=int(row.active_token or 0),
        pending=row.pending or "",
        op=row.op or "",
        terms=terms_of(row),
        standing=standing_of(row),
    )


def terms_of(row: HotRow) -> Terms:
    """Return the terms of a job; rows of the first version said nothing of most."""
    backoff = None
    if row.backoff is not None:
        base, cap = timedelta(seconds=row.backoff), timedelta(seconds=row.backoff_cap)
        backoff = Backoff(base, cap, int(row.backoff_jitter or 0))
    return Terms(
        misfire=CronMisfirePolicy(row.misfire or CronMisfirePolicy.SKIP),
        jitter=timedelta(seconds=row.jitter or 0),
        max_attempts=int(row.max_attempts),
        backoff=backoff,
        max_runs=_whole(row.max_runs),
        pause_after=_whole(row.pause_after),
    )


def standing_of(row: HotRow) -> Standing:
    """Return what has come of a job so far."""
    review = None
    if row.review_first is not None and row.review_last is not None:
        review = Review(from_ms(row.review_first), from_ms(row.review_last))
    hold = Hold(row.hold) if row.hold else None
    if hold is None and row.state == JobState.PAUSED:
        hold = Hold.OPERATOR  # Rows of the first version said nothing of it.
    return Standing(
        runs=int(row.runs or 0),
        failures=int(row.failures or 0),
        hold=hold,
        until=from_ms(row.until),
        review=review,
    )


def written_terms(terms: Terms) -> dict[str, Any]:
    """Return the attributes that hold a job's terms; None for one that is left out."""
    backoff = terms.backoff
    return {
        "misfire": None if terms.misfire is CronMisfirePolicy.SKIP else terms.misfire,
        "jitter": terms.jitter // _SECOND or None,
        "max_attempts": terms.max_attempts,
        "backoff": backoff.base // _SECOND if backoff else None,
        "backoff_cap": backoff.cap // _SECOND if backoff else None,
        "backoff_jitter": backoff.jitter_percent if backoff else None,
        "max_runs": terms.max_runs,
        "pause_after": terms.pause_after,
    }


def written_standing(standing: Standing) -> dict[str, Any]:
    """Return the attributes that operators' writes set of a job's standing."""
    review = standing.review
    return {
        "hold": standing.hold,
        "until": to_ms(standing.until),
        "review_first": to_ms(review.first) if review else None,
        "review_last": to_ms(review.last) if review else None,
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def definition_of(row: DefinitionRow) -> Definition:
    """Return a definition."""
    return Definition(
        name=row.name,
        prompt=row.prompt,
        tools=list(row.tools),
        # Rows of the first version said nothing of it.
        concurrency=CronConcurrencyPolicy(row.concurrency or CronConcurrencyPolicy.FORBID),
        created_at=from_ms(row.created_at),
        created_by=row.created_by,
        # Rows of the first version were never changed.
        ver=int(row.ver or 1),
        updated_at=from_ms(row.updated_at or row.created_at),
        updated_by=row.updated_by or row.created_by,
        schedule_kind=row.schedule_kind or "",
    )


def kind_of(schedule: str) -> str:
    """Return what kind of schedule a stored text is, as `cron`."""
    return schedule.partition("/")[0]
