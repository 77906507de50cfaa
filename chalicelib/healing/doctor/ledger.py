"""The ledger checker: proves from what was written alone that slots happened once and as they may.

It knows nothing of how ticks and workers do it. It is given the rows of jobs, the runs behind them
and their terminal events, and says what contradicts the promises:

- **row**: every slot of a job that was passed by has a row, whatever became of it;
- **once**: a slot has one recorded effect: one firing stands for it, its steps are one unbroken
  chain, no outside call was made twice, and it succeeded once;
- **overlap**: no two firings of one job were live at the same time, whatever its policy;
- **honest**: a row, its run and its terminal event say the same.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from chalicelib.background.task import Outcome, State, Task, slot_instant, slot_key
from chalicelib.clock import rfc3339
from chalicelib.providers import ToolResult
from chalicelib.runs.chains import chain_fault
from chalicelib.runs.step import Step
from chalicelib.schedules import Schedule

# Clocks of two workers differ by this much at most where lateness is promised at all.
SKEW = timedelta(seconds=5)
# What follows an end is written within this time, or looked after by the sweep.
CONCLUDED_WITHIN = timedelta(minutes=5)


class Breach(NamedTuple):
    """A promise that does not hold.

    Attributes:
        rule: `row`, `once`, `overlap` or `honest`.
        subject: the job, or the task.
        what: in a sentence.
    """

    rule: str
    subject: str
    what: str


class Window(NamedTuple):
    """What is looked at: later than `since`, up to `until`; read at `now`."""

    since: datetime
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A terminal event of the journal.

    Attributes:
        id: the event's, which names the task and its token.
    """

    id: str
    task_id: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLedger:
    """One job, and all that is to be held together of it.

    Attributes:
        schedule: None where slots cannot be told, as where nobody can read it.
        since: instant of the last edit or resume; what came before it had another schedule.
        next: the first slot that was not handed over; None where there is none.
        rows: those of the window, and what reaches into it.
        started: when the run of a row was opened, by its id.
        steps: of the runs that were read, by the run's id.
        is_whole: no row of the window was left out.
    """

    job_id: str
    schedule: Schedule | None
    since: datetime
    next: datetime | None
    rows: Sequence[Task]
    started: Mapping[str, datetime]
    steps: Mapping[str, Sequence[Step]]
    is_whole: bool = True


def breaches(
    job: JobLedger,
    finished: Collection[Finished] | None,
    window: Window,
    repeatable: Collection[str] = (),
) -> Iterator[Breach]:
    """Yield what contradicts the promises.

    Args:
        job: a job.
        finished: the terminal events of the window; None where they were not read.
        window: the time that is looked at.
        repeatable: the tools whose calls may be made again with the same key.
    """
    yield from _rows(job, window)
    yield from _fired_once(job)
    for row in job.rows:
        if row.is_erased:
            continue
        yield from _steps(row, job.steps.get(row.ref.run_id), repeatable)
        yield from _says(row)
    yield from _overlaps(job, window)
    if finished is not None:
        yield from events_agree(job.rows, finished, window)


def events_agree(
    rows: Iterable[Task], finished: Collection[Finished], window: Window
) -> Iterator[Breach]:
    """Yield where rows and their terminal events do not say the same."""
    told: defaultdict[str, list[Finished]] = defaultdict(list)
    for event in finished:
        told[event.task_id].append(event)
    for row in rows:
        if not row.is_erased:
            yield from _events(row, told[row.ref.id], window)


# A slot has a row.


def _rows(job: JobLedger, window: Window) -> Iterator[Breach]:
    if job.schedule is None or not job.is_whole:
        return
    covered = sorted((row.ref.sk, row.last) for row in job.rows)
    for slot in _due(job, job.schedule, window):
        key = slot_key(slot)
        if not any(first <= key <= last for first, last in covered):
            yield Breach("row", job.job_id, f"slot {rfc3339(slot)} has no row")


def _due(job: JobLedger, schedule: Schedule, window: Window) -> Iterator[datetime]:
    """Yield the slots that were passed by: all before the next one."""
    slot = schedule.next_after(max(job.since, window.since))
    while slot is not None and slot <= window.until and (job.next is None or slot < job.next):
        yield slot
        slot = schedule.next_after(slot)


# A slot has one effect.


def _fired_once(job: JobLedger) -> Iterator[Breach]:
    fired = Counter(row.stands_for or row.ref.sk for row in job.rows if row.has_fired)
    for sk, times in fired.items():
        if times > 1:
            slot = rfc3339(slot_instant(sk))
            yield Breach("once", job.job_id, f"slot {slot} fired {times} times")


def _steps(
    row: Task, steps: Sequence[Step] | None, repeatable: Collection[str]
) -> Iterator[Breach]:
    if steps is None:
        return
    number = row.checkpoint.seq if row.checkpoint else 0
    wrong = chain_fault(row.ref.run_id, steps, row.head, number) if number else ""
    if wrong:
        yield Breach("once", row.ref.id, wrong)
    made: Counter[tuple[int, str]] = Counter()
    for step in steps:
        if isinstance(turn := step.turn, ToolResult) and turn.tool not in repeatable:
            made[step.checkpoint.seq, turn.tool] += 1
    for (seq, tool), times in made.items():
        is_allowed = row.repeat is not None
        if times > 1 and not is_allowed:
            yield Breach("once", row.ref.id, f"{tool} was called {times} times for step {seq - 1}")


# A row says what happened.


def _says(row: Task) -> Iterator[Breach]:
    if row.state is State.SUCCEEDED and not row.has_fired:
        yield Breach("honest", row.ref.id, f"it succeeded, and its slot is {row.outcome}")
    if row.checkpoint is not None and row.state is State.CLOSED:
        yield Breach("honest", row.ref.id, f"its slot is {row.outcome}, and it has steps")
    if row.outcome is Outcome.HANDED and row.state is State.CLOSED:
        yield Breach("honest", row.ref.id, "it was closed without an outcome")


def _events(row: Task, told: Sequence[Finished], window: Window) -> Iterator[Breach]:
    succeeded = {event.id for event in told if event.state == State.SUCCEEDED}
    if len(succeeded) > 1:
        yield Breach("once", row.ref.id, f"it succeeded {len(succeeded)} times")
    if not row.state.is_terminal or row.state is State.CLOSED or row.finished_at is None:
        return
    own = [event for event in told if event.id == f"{row.ref.id}/{row.token}/finished"]
    is_in_time = window.now - row.finished_at < CONCLUDED_WITHIN
    if not own and not is_in_time and row.finished_at > window.since + SKEW:
        yield Breach("honest", row.ref.id, f"it is {row.state}, and no event says so")
    for event in own:
        if event.state != row.state:
            yield Breach("honest", row.ref.id, f"it is {row.state}, and its event {event.state}")


# Firings of a job come one after the other.


class _Span(NamedTuple):
    begin: datetime
    end: datetime
    task: Task


def _overlaps(job: JobLedger, window: Window) -> Iterator[Breach]:
    live = [row for row in job.rows if row.has_fired and not row.state.is_terminal]
    for first, second in combinations(live, 2):
        yield Breach("overlap", job.job_id, f"{first.ref.id} and {second.ref.id} are both live")
    spans = sorted(_spans(job, window), key=lambda span: (span.begin, span.end))
    for one, other in _neighbours(spans):
        both_live = not (one.task.state.is_terminal or other.task.state.is_terminal)
        if other.begin < one.end - SKEW and not both_live:
            what = f"{other.task.ref.id} began before {one.task.ref.id} had ended"
            yield Breach("overlap", job.job_id, what)


def _neighbours(spans: Sequence[_Span]) -> Iterator[tuple[_Span, _Span]]:
    """Yield each span with the one of those before it that ended last."""
    last: _Span | None = None
    for span in spans:
        if last is not None:
            yield last, span
        if last is None or span.end > last.end:
            last = span


def _spans(job: JobLedger, window: Window) -> Iterator[_Span]:
    """Yield from when to when each firing held its job's lock, as far as it was written down.

    A claim comes before the lock, and the run is opened behind it; a run that an operator retried
    was opened in an earlier life.
    """
    for row in job.rows:
        opened = job.started.get(row.ref.run_id)
        if not row.has_fired or row.started_at is None or opened is None:
            continue
        end = row.finished_at if row.state.is_terminal else window.now
        yield _Span(max(row.started_at, opened), end or window.now, row)
