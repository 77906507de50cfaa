"""How a job's slots are run, and how the job stands, in words."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.console.status import Tone
from chalicelib.console.words import count, duration
from chalicelib.scheduler.job import Hold, Job, JobState
from chalicelib.scheduler.terms import CronMisfirePolicy, Terms
from chalicelib.schedules import Counted

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_MISFIRE = {
    CronMisfirePolicy.SKIP: "Skipped",
    CronMisfirePolicy.CATCH_UP: "The latest of the last day run",
}
_HELD = {
    Hold.FAILURES: "Paused by itself, since its runs kept failing",
    Hold.UNREADABLE: "Paused by itself, since its schedule cannot be read",
}
BRIEFLY = {Hold.FAILURES: "keeps failing", Hold.UNREADABLE: "schedule cannot be read"}


class Fact(NamedTuple):
    """Something that holds for a job's slots."""

    name: str
    text: str


class Notice(NamedTuple):
    """Something that an operator should know of a job, or decide about.

    Attributes:
        icon: the id of a drawing in the page's sprite.
        moments: the instants that the words are followed by, from the first to the last.
        commands: what can be done about it.
    """

    tone: Tone
    icon: str
    text: str
    moments: Sequence[datetime]
    commands: Sequence[str]


def facts(job: Job) -> Iterator[Fact]:
    """Yield the terms of a job; those that few jobs have only where it has them."""
    terms, standing = job.terms, job.standing
    yield Fact("Missed slots", _MISFIRE[terms.misfire])
    yield Fact("Attempts", _attempts(terms))
    if terms.jitter:
        yield Fact("Jitter", f"Up to {_pause(terms.jitter)} later")
    if terms.max_runs is not None:
        yield Fact("Runs", f"{standing.runs:,} of {terms.max_runs:,}, then it is completed")
    if terms.pause_after is not None:
        yield Fact("Failures", f"{standing.failures} in a row, paused after {terms.pause_after}")
    elif standing.failures:
        yield Fact("Failures", f"{standing.failures} in a row")


def notices(job: Job) -> Iterator[Notice]:
    """Yield why a job is paused, and what waits for a decision."""
    hold, until, review = job.standing.hold, job.standing.until, job.standing.review
    if job.state is JobState.PAUSED:
        if hold in _HELD:
            yield Notice(Tone.BAD, "alert", _HELD[hold], (), _mending(job, hold))
        elif until is not None:
            resume = f"palyra jobs resume {job.id}"
            yield Notice(Tone.WARN, "pause", "Paused until", (until,), (resume,))
    if review is not None and job.state is not JobState.DELETED:
        commands = [f"palyra jobs review {job.id} --{way}" for way in ("replay", "dismiss")]
        told = "Slots that were missed too long ago wait for a decision:"
        yield Notice(Tone.WARN, "question", told, review, commands)


def slots(counted: Counted | None) -> str:
    """Return how many slots a row stands for; nothing where it is one, or nobody knows."""
    if counted is None:
        return ""
    return f"{'' if counted.is_exact else 'at least '}{count(counted.number, 'slot')}"


def _attempts(terms: Terms) -> str:
    tries = f"{terms.max_attempts} a slot"
    if terms.backoff is None:
        return tries
    base, cap, shorter = terms.backoff
    pauses = f"{tries}, {_pause(base)} to {_pause(cap)} between"
    return f"{pauses}, up to {shorter} % shorter" if shorter else pauses


def _pause(length: timedelta) -> str:
    """Return a pause of whole seconds."""
    return f"{length // _SECOND} s" if length < _MINUTE else duration(length)


def _mending(job: Job, hold: Hold) -> Sequence[str]:
    if hold is Hold.UNREADABLE:
        return (f"palyra jobs edit {job.id} --every 1h", f"palyra jobs resume {job.id}")
    return (f"palyra jobs resume {job.id}",)
