"""What a job becomes by itself: completed, paused, or resumed. The rules, as of operators' writes.

Each decides anew on the job as it is when it is written, and writes nothing where an operator was
faster.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.background.task import Outcome
from chalicelib.scheduler.changes import Closing, Plan, Request, Rule, planned
from chalicelib.scheduler.job import Hold, JobState, Seen, readable
from chalicelib.scheduler.reasons import Reason


def complete(seen: Seen, request: Request) -> Plan | None:
    """End a job that has made all its runs; its slots up to now did not run for that."""
    if seen.hot.state is not JobState.ENABLED or not seen.hot.is_exhausted:
        return None
    hot = replace(seen.hot, state=JobState.COMPLETED, since=request.now, next=None)
    closing = Closing(Outcome.SKIPPED, Reason.MAX_RUNS)
    return planned("completed", seen, request, hot=hot, closing=closing)


def pause_failing(seen: Seen, request: Request) -> Plan | None:
    """Pause a job whose runs failed too often in a row."""
    if seen.hot.state is not JobState.ENABLED or not seen.hot.has_failed_too_often:
        return None
    return _held("paused", seen, request, Hold.FAILURES)


def disable(seen: Seen, request: Request) -> Plan | None:
    """Pause a job whose schedule cannot be read: it would fail at each tick."""
    if seen.hot.state is not JobState.ENABLED or readable(seen.hot.schedule) is not None:
        return None
    return _held("paused", seen, request, Hold.UNREADABLE)


def wake(until: datetime) -> Rule:
    """Return the rule that resumes a job which was paused until an instant, as of that instant.

    No slot at or before it fires; those after it do, however much later a tick comes.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        hot = seen.hot
        if hot.state is not JobState.PAUSED or hot.standing.until != until:
            return None
        schedule = readable(hot.schedule)
        if schedule is None:
            return None  # It stays paused; an operator who resumes it is told why.
        # A pause of the past, as one that was asked for by a clock that lags, ends when it began.
        since = max(until, hot.since)
        following = None if hot.next is None else schedule.next_after(since)
        if following is not None and hot.next is not None:
            following = max(following, hot.next)
        after = replace(
            hot,
            state=JobState.ENABLED,
            since=since,
            next=following,
            standing=replace(hot.standing, hold=None, until=None, failures=0),
        )
        closing = Closing(Outcome.PAUSED, Reason.WAS_PAUSED)
        asof = request._replace(now=since)
        return planned("resumed", seen, asof, hot=after, closing=closing)

    return rule


def _held(verb: str, seen: Seen, request: Request, hold: Hold) -> Plan:
    standing = replace(seen.hot.standing, hold=hold)
    hot = replace(seen.hot, state=JobState.PAUSED, standing=standing)
    return planned(verb, seen, request, hot=hot)
