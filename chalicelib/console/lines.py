"""Lines: jobs, firings, runs and steps as the rows of a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.background.task import Task, slot_instant
from chalicelib.console import standing, status
from chalicelib.console.status import Status
from chalicelib.console.words import pretty
from chalicelib.providers import Answer, ToolCall
from chalicelib.runs.step import Step
from chalicelib.runs.store import RunHeader
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.ranges import is_range, slots_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringLine:
    """What became of a slot.

    Attributes:
        last: the last slot that the row stands for, or None where it is the only one.
        slots: how many it stands for, in words; empty where it is one, or nobody knows.
        is_open: it has not come to an end.
        run_id: its run, or None where it has none.
        attempt: from 1; 0 where nothing was tried.
        requested_by: who ran it by hand, or empty.
    """

    slot: datetime
    last: datetime | None
    slots: str
    status: Status
    is_open: bool
    reason: str
    run_id: str | None
    attempt: int
    requested_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """A job in a list.

    Attributes:
        next: its next slot, or None where none will fire.
        overdue: that slot has passed and nobody has handed it over.
        until: when it resumes by itself, or None.
        trouble: why it paused itself, in a few words, or empty.
        is_waiting: missed slots wait for a decision.
        last: its newest slot that came to something, or None before the first.
    """

    id: str
    name: str
    schedule: str
    status: Status
    next: datetime | None
    overdue: bool
    until: datetime | None
    trouble: str
    is_waiting: bool
    last: FiringLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run in a list.

    Attributes:
        name: of its job, or of what else it belongs to.
        took: how long it took, or None while it is under way.
    """

    id: str
    name: str
    status: Status
    started_at: datetime
    took: timedelta | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step of a run.

    Attributes:
        title: what was done, in words.
        took: the time since the step before it, or since the run's start.
        text: what was said: an answer, or arguments and contents as JSON.
        is_json: the text is JSON.
    """

    seq: int
    title: str
    tool: str
    status: Status | None
    at: datetime
    took: timedelta
    text: str
    is_json: bool
    link: str


def firing(task: Task, made: Job | None = None) -> FiringLine:
    """Return a ledger row as a line; its slots are counted where its job is given."""
    counted = slots_of(task, made) if made else None
    return FiringLine(
        slot=task.ref.slot,
        last=slot_instant(task.last) if is_range(task) else None,
        slots=standing.slots(counted),
        status=status.of_firing(task),
        is_open=not task.state.is_terminal,
        reason=task.reason,
        run_id=task.ref.run_id if task.has_fired else None,
        attempt=task.attempt + 1 if task.has_fired else 0,
        requested_by=task.requested_by,
    )


def job(made: Job, last: Task | None, now: datetime) -> JobLine:
    """Return a job as a line."""
    slot = made.awaits(now)
    return JobLine(
        id=made.id,
        name=made.definition.name,
        schedule=made.schedule.explain() if made.schedule else "cannot be read",
        status=status.of_job(made.state),
        next=slot,
        overdue=slot is not None and slot <= now,
        until=made.standing.until,
        trouble=standing.BRIEFLY.get(made.standing.hold, "") if made.standing.hold else "",
        is_waiting=made.standing.review is not None and made.state is not JobState.DELETED,
        last=firing(last) if last else None,
    )


def run(header: RunHeader, name: str) -> RunLine:
    """Return a run as a line."""
    return RunLine(
        id=header.run_id,
        name=name,
        status=status.of_run(header),
        started_at=header.started_at,
        took=header.ended_at - header.started_at if header.ended_at else None,
        reason=header.reason,
    )


def steps(made: Sequence[Step], started_at: datetime) -> Iterator[StepLine]:
    """Yield the steps of a run as lines."""
    before = started_at
    for step in made:
        at = datetime.fromisoformat(step.at)
        yield _step(step, at, at - before)
        before = at


def _step(step: Step, at: datetime, took: timedelta) -> StepLine:
    turn = step.turn
    if isinstance(turn, Answer):
        title, tool, how, text = "The model answered", "", None, turn.text
    elif isinstance(turn, ToolCall):
        title, tool, how, text = "The model called", turn.tool, None, pretty(turn.arguments)
    else:
        how = status.ANSWERED if turn.ok else status.REFUSED
        title, tool, text = "The tool returned", turn.tool, pretty(turn.content)
    return StepLine(
        seq=step.checkpoint.seq,
        title=title,
        tool=tool,
        status=how,
        at=at,
        took=took,
        text=text,
        is_json=not isinstance(turn, Answer),
        link=step.link,
    )
