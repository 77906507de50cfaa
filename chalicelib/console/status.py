"""Statuses: one word, one tone and one icon for everything that has a state.

A status is never told by its colour alone: each has an icon of its own shape, and its word.
"""

from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.task import Outcome, State, Task
from chalicelib.runs.store import RunHeader
from chalicelib.scheduler.job import JobState


class Tone(StrEnum):
    """What a status asks of its reader."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    ACTIVE = "active"
    CALM = "calm"


class Status(NamedTuple):
    """A status as a page shows it; the icon is the id of a drawing in the page's sprite."""

    word: str
    tone: Tone
    icon: str


_JOBS = {
    JobState.ENABLED: Status("Enabled", Tone.CALM, "on"),
    JobState.PAUSED: Status("Paused", Tone.WARN, "pause"),
    JobState.COMPLETED: Status("Completed", Tone.GOOD, "check"),
    JobState.DELETED: Status("Deleted", Tone.CALM, "bin"),
}
_STATES = {
    State.QUEUED: Status("Queued", Tone.CALM, "clock"),
    State.RUNNING: Status("Running", Tone.ACTIVE, "turning"),
    State.PAUSED: Status("Paused", Tone.WARN, "pause"),
    State.SUCCEEDED: Status("Succeeded", Tone.GOOD, "check"),
    State.FAILED: Status("Failed", Tone.BAD, "cross"),
    State.UNKNOWN: Status("Unknown", Tone.BAD, "question"),
    State.CANCELLED: Status("Cancelled", Tone.CALM, "stop"),
    State.EXPIRED: Status("Expired", Tone.WARN, "clock"),
    State.CLOSED: Status("Closed", Tone.CALM, "stop"),
}
_OUTCOMES = {
    Outcome.SKIPPED: Status("Skipped", Tone.WARN, "skip"),
    Outcome.QUEUE_FULL: Status("Queue full", Tone.WARN, "skip"),
    Outcome.SUPERSEDED: Status("Superseded", Tone.CALM, "skip"),
    Outcome.PAUSED: Status("Paused", Tone.CALM, "pause"),
    Outcome.MISFIRED: Status("Misfired", Tone.WARN, "alert"),
    Outcome.DENIED: Status("Denied", Tone.BAD, "shield"),
}
_STOPPING = Status("Stopping", Tone.ACTIVE, "turning")
_WAITING = Status("Waiting", Tone.CALM, "clock")
DENIED = _OUTCOMES[Outcome.DENIED]
ALLOWED = Status("Allowed", Tone.GOOD, "check")
ANSWERED = Status("Answered", Tone.GOOD, "check")
REFUSED = Status("Failed", Tone.BAD, "cross")


def of_job(state: JobState) -> Status:
    """Return the status of a job."""
    return _JOBS[state]


def of_run(header: RunHeader) -> Status:
    """Return the status of a run; one whose end nobody wrote is under way."""
    return _STATES[header.state or State.RUNNING]


def of_firing(task: Task) -> Status:
    """Return what became of a slot: how its run stands, or why it has none."""
    if task.outcome in _OUTCOMES:
        return _OUTCOMES[task.outcome]
    if task.cancel is not None and not task.state.is_terminal:
        return _STOPPING
    if task.state is State.QUEUED and not task.has_fired:
        return _WAITING
    return _STATES[task.state]
