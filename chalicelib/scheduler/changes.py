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
from chalicelib.scheduler.job import Change, Definition, Hot, JobState, Seen, readable
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
        closing: what becomes of the slots up to now; None where they stay as they are.
    """

    verb: str
    after: Seen
    closing: Closing | None


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
        if schedule is None and definition == seen.definition:
            return None
        if schedule is None:
            return _plan("edited", seen, request, definition=definition)
        following = schedule.next_after(request.now)
        if following is None:
            raise Invalid(NO_SLOT, field="schedule", fix="choose another")
        hot = replace(seen.hot, since=request.now, schedule=schedule.text(), next=following)
        closing = Closing(Outcome.SUPERSEDED, "the job was edited")
        if hot.state is JobState.PAUSED:
            closing = Closing(Outcome.PAUSED, "the job was paused")
        return _plan("edited", seen, request, hot=hot, definition=definition, closing=closing)

    return rule


def pause(seen: Seen, request: Request) -> Plan | None:
    """Let no slot fire any more.

    Raises:
        Conflict: the job was deleted.
    """
    if seen.hot.state is JobState.DELETED:
        raise Conflict("the job was deleted", fix="make a new job")
    if seen.hot.state is JobState.PAUSED:
        return None
    return _plan("paused", seen, request, hot=replace(seen.hot, state=JobState.PAUSED))


def resume(seen: Seen, request: Request) -> Plan | None:
    """Let the slots after now fire again.

    Raises:
        Conflict: the job was deleted, or its schedule cannot be read.
    """
    if seen.hot.state is JobState.DELETED:
        raise Conflict("the job was deleted", fix="make a new job")
    if seen.hot.state is JobState.ENABLED:
        return None
    hot = replace(
        seen.hot,
        state=JobState.ENABLED,
        since=request.now,
        next=_resumed_next(seen.hot, request.now),
    )
    closing = Closing(Outcome.PAUSED, "the job was paused")
    return _plan("resumed", seen, request, hot=hot, closing=closing)


def delete(expected: int | None) -> Rule:
    """Return the rule of a delete: a tombstone, since the ledger refers to the job.

    The rule raises:
        PreconditionFailed: the job has another version than is expected.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        if seen.hot.state is JobState.DELETED:
            return None
        require_version(seen.hot, expected)
        hot = replace(seen.hot, state=JobState.DELETED, since=request.now, next=None)
        closing = Closing(Outcome.SUPERSEDED, "the job was deleted")
        return _plan("deleted", seen, request, hot=hot, closing=closing)

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


def _plan(
    verb: str,
    seen: Seen,
    request: Request,
    *,
    hot: Hot | None = None,
    definition: Definition | None = None,
    closing: Closing | None = None,
) -> Plan:
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
    return Plan(verb=verb, after=after, closing=closing)


def _edited(definition: Definition, change: Change) -> Definition:
    return replace(
        definition,
        name=definition.name if change.name is None else change.name,
        prompt=definition.prompt if change.prompt is None else change.prompt,
        tools=definition.tools if change.tools is None else list(change.tools),
    )


def _new_schedule(hot: Hot, wanted: Schedule | None) -> Schedule | None:
    """Return the schedule that is wanted if it is another: the same one is not anchored anew."""
    old = readable(hot.schedule)
    if wanted is None or (old is not None and old.spec() == wanted.spec()):
        return None
    return wanted


def _resumed_next(hot: Hot, now: datetime) -> datetime | None:
    schedule = readable(hot.schedule)
    if schedule is None:
        raise Conflict("the job's schedule cannot be read", fix="give it a new schedule first")
    if hot.next is None:
        return None  # All slots were handed over.
    following = schedule.next_after(now)
    return None if following is None else max(hot.next, following)
