"""What an operator's write makes of a job: the rules of edit, pause, resume and delete.

Each returns the job's rows as they are to be, or None where nothing is to be written. What the old
schedule had up to now and nobody handed over is closed, with an outcome that says why; an open
pause needs no such row, since what it covers begins at `next` by definition.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.background.task import Outcome
from chalicelib.errors import Conflict, Invalid, PreconditionFailed
from chalicelib.scheduler.job import (
    Change,
    Definition,
    Hold,
    Hot,
    JobState,
    Review,
    Seen,
    readable,
)
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.terms import Terms
from chalicelib.schedules import Schedule

NO_SLOT = "the schedule has no slot to come"


class Closing(NamedTuple):
    """Why slots up to now that were not handed over do not run."""

    outcome: Outcome
    reason: str


class Closed(NamedTuple):
    """Slots that are ledgered without a run, by one row."""

    first: datetime
    last: datetime
    why: Closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A write.

    Attributes:
        verb: what is done to the job, for the journal.
        after: the rows as they are to be.
        closing: what becomes of the slots up to `now`; None where they stay as they are.
        now: the instant as of which it holds.
    """

    verb: str
    after: Seen
    closing: Closing | None
    now: datetime

    def reviewing(self, review: Review | None) -> "Plan":
        """Return it with slots that have turned out to wait for an operator."""
        if review is None:
            return self
        seen, hot = self.after, self.after.hot
        standing = replace(hot.standing, review=review.joined(hot.standing.review))
        return replace(self, after=seen._replace(hot=replace(hot, standing=standing)))


class Request(NamedTuple):
    """Who writes, when, and under which random id."""

    actor: str
    now: datetime
    op: str


type Rule = Callable[[Seen, Request], Plan | None]


def edit(change: Change, expected: int | None) -> Rule:
    """Return the rule of an edit of a job whose version is expected, or of any version.

    The rule raises:
        Conflict: the job was deleted.
        PreconditionFailed: it has another version.
        Invalid: the new schedule has no slot to come.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        if seen.hot.state is JobState.DELETED:
            raise Conflict("the job was deleted", fix="make a new job")
        require_version(seen.hot, expected)
        definition = _edited(seen.definition, change)
        schedule = _new_schedule(seen.hot, change.schedule)
        terms = _new_terms(seen.hot, change)
        if schedule is None and definition == seen.definition and terms == seen.hot.terms:
            return None
        hot = replace(seen.hot, terms=terms, max_attempts=terms.max_attempts)
        if schedule is None:
            return planned("edited", seen, request, hot=hot, definition=definition)
        following = schedule.next_after(request.now)
        if following is None:
            raise Invalid(NO_SLOT, field="schedule", fix="choose another")
        # Missed slots of the old schedule are not decided about any more.
        standing = replace(hot.standing, review=None)
        hot = replace(
            hot, since=request.now, schedule=schedule.text(), next=following, standing=standing
        )
        if hot.state is JobState.COMPLETED:
            hot = replace(hot, next=None)
        closing = Closing(Outcome.SUPERSEDED, Reason.EDITED)
        if hot.state is JobState.PAUSED:
            closing = Closing(Outcome.PAUSED, Reason.WAS_PAUSED)
        return planned("edited", seen, request, hot=hot, definition=definition, closing=closing)

    return rule


def pause(until: datetime | None = None) -> Rule:
    """Return the rule of a pause, for good or until an instant: no slot fires any more.

    The rule raises:
        Conflict: the job was deleted, or is completed.
        Invalid: the instant has passed.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        _require_going_on(seen.hot)
        if until is not None and until <= request.now:
            raise Invalid("it has passed", field="until", fix="choose an instant to come")
        standing = replace(seen.hot.standing, hold=Hold.OPERATOR, until=until)
        if seen.hot.state is JobState.PAUSED and standing == seen.hot.standing:
            return None
        hot = replace(seen.hot, state=JobState.PAUSED, standing=standing)
        return planned("paused", seen, request, hot=hot)

    return rule


def resume(seen: Seen, request: Request) -> Plan | None:
    """Let the slots after now fire again; a completed job begins to count its runs anew.

    Raises:
        Conflict: the job was deleted, its schedule cannot be read, or a completed one has no slot
            to come.
    """
    hot = seen.hot
    if hot.state is JobState.DELETED:
        raise Conflict("the job was deleted", fix="make a new job")
    if hot.state is JobState.ENABLED:
        return None
    runs = 0 if hot.state is JobState.COMPLETED else hot.standing.runs
    after = replace(
        hot,
        state=JobState.ENABLED,
        since=request.now,
        next=_resumed_next(hot, request.now),
        standing=replace(hot.standing, hold=None, until=None, failures=0, runs=runs),
    )
    closing = Closing(Outcome.PAUSED, Reason.WAS_PAUSED)
    return planned("resumed", seen, request, hot=after, closing=closing)


def delete(expected: int | None) -> Rule:
    """Return the rule of a delete: a tombstone, since the ledger refers to the job.

    The rule raises:
        PreconditionFailed: the job has another version than is expected.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        if seen.hot.state is JobState.DELETED:
            return None
        require_version(seen.hot, expected)
        standing = replace(seen.hot.standing, hold=None, until=None)
        hot = replace(
            seen.hot, state=JobState.DELETED, since=request.now, next=None, standing=standing
        )
        closing = Closing(Outcome.SUPERSEDED, Reason.DELETED)
        return planned("deleted", seen, request, hot=hot, closing=closing)

    return rule


def require_version(hot: Hot, expected: int | None) -> None:
    """Refuse a job that has another version than is expected; None expects any.

    Raises:
        PreconditionFailed: it has another.
    """
    if expected is not None and expected != hot.ver:
        raise PreconditionFailed(
            f"the job has version {hot.ver}, not {expected}",
            field="If-Match",
            fix="read the job again, and decide by what it is now",
        )


def _require_going_on(hot: Hot) -> None:
    if hot.state is JobState.DELETED:
        raise Conflict("the job was deleted", fix="make a new job")
    if hot.state is JobState.COMPLETED:
        raise Conflict("the job is completed", fix="resume it to begin anew")


def planned(
    verb: str,
    seen: Seen,
    request: Request,
    *,
    hot: Hot | None = None,
    definition: Definition | None = None,
    closing: Closing | None = None,
) -> Plan:
    """Return the plan of a write: both rows of the next version, and what is different in them."""
    ver = seen.hot.ver + 1
    after = Seen(
        seen.pk,
        replace(hot or seen.hot, ver=ver, op=request.op),
        replace(
            definition or seen.definition,
            ver=ver,
            updated_at=request.now,
            updated_by=request.actor,
        ),
    )
    return Plan(verb=verb, after=after, closing=closing, now=request.now)


def _edited(definition: Definition, change: Change) -> Definition:
    return replace(
        definition,
        name=definition.name if change.name is None else change.name,
        prompt=definition.prompt if change.prompt is None else change.prompt,
        tools=definition.tools if change.tools is None else list(change.tools),
        concurrency=change.concurrency or definition.concurrency,
    )


def _new_schedule(hot: Hot, wanted: Schedule | None) -> Schedule | None:
    """Return the schedule that is wanted if it is another: the same one is not anchored anew."""
    old = readable(hot.schedule)
    if wanted is None or (old is not None and old.spec() == wanted.spec()):
        return None
    return wanted


def _new_terms(hot: Hot, change: Change) -> Terms:
    terms = replace(hot.terms, **(change.terms or {}))
    runs, most = hot.standing.runs, terms.max_runs
    if most is not None and most != hot.terms.max_runs and most <= runs:
        raise Invalid(
            f"the job has made {runs} runs already",
            field="max_runs",
            fix=f"use at least {runs + 1}",
        )
    return terms


def _resumed_next(hot: Hot, now: datetime) -> datetime | None:
    schedule = readable(hot.schedule)
    if schedule is None:
        raise Conflict("the job's schedule cannot be read", fix="give it a new schedule first")
    if hot.state is JobState.COMPLETED:
        following = schedule.next_after(now)
        if following is None:
            raise Conflict(NO_SLOT, fix="give it a new schedule first")
        return following
    if hot.next is None:
        return None  # All slots were handed over.
    following = schedule.next_after(now)
    return None if following is None else max(hot.next, following)
