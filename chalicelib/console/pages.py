"""Pages: what each page of the console shows, from the use cases that `/v1` calls too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.background.task import slot_instant
from chalicelib.console import lines, standing
from chalicelib.console.lines import FiringLine, JobLine, RunLine, StepLine
from chalicelib.console.standing import Fact, Notice
from chalicelib.console.status import Status, Tone
from chalicelib.errors import NotFound
from chalicelib.page import Page
from chalicelib.runs.store import RunHeader
from chalicelib.runs.transcripts import RunView, Transcripts
from chalicelib.scheduler.job import CronConcurrencyPolicy, Job, JobState
from chalicelib.scheduler.preview import Fire, preview, zone_of
from chalicelib.scheduler.service import JobService

_RECENT = 20
_OVERLAP = {
    CronConcurrencyPolicy.FORBID: "Skipped while another slot runs",
    CronConcurrencyPolicy.REPLACE: "Takes the place of an older slot",
    CronConcurrencyPolicy.QUEUE_ONE: "One slot waits for the one that runs",
}


class Summary(NamedTuple):
    """The state of things at a glance.

    Attributes:
        enabled: jobs whose slots fire, of those shown.
        next: the earliest slot to come, with the job it belongs to.
        running: runs under way, of the recent ones.
        bad: recent runs that failed, or of which nobody knows.
    """

    enabled: int
    next: JobLine | None
    running: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page.

    Attributes:
        older: the key after which older jobs begin, or None.
        is_first: it begins with the newest job.
    """

    jobs: Sequence[JobLine]
    runs: Sequence[RunLine]
    summary: Summary
    older: str | None
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """A job and its ledger.

    Attributes:
        overlap: what becomes of a slot while another one is live, in words.
        facts: how its slots are run, and `notices` what there is to know of it or to decide.
        fires: its next slots, by the clocks of `zone` and in UTC; none where it does not fire.
        active: the slot that is live and holds the job's lock, or None; `waiting` the one that
            waits for its end.
    """

    job: Job
    line: JobLine
    overlap: str
    facts: Sequence[Fact]
    notices: Sequence[Notice]
    zone: str
    fires: Sequence[Fire]
    active: datetime | None
    waiting: datetime | None
    firings: Sequence[FiringLine]
    older: str | None
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A run and its steps.

    Attributes:
        name: of its job, or of what else it belongs to.
        job_id: its job, or None.
    """

    view: RunView
    line: RunLine
    job_id: str | None
    slot: datetime | None
    steps: Sequence[StepLine]
    status: Status


@dataclass(kw_only=True, eq=False, repr=False)
class Pages:
    """Builds the pages of an owner."""

    jobs: JobService
    transcripts: Transcripts
    owner: str
    now: datetime

    def overview(self, after: str | None, limit: int) -> Overview:
        """Return the first page: jobs, and the newest runs."""
        found = self.jobs.list(self.owner, after, limit)
        last = self.jobs.last_firings(self.owner, [job.id for job in found.items])
        jobs = [lines.job(job, last.get(job.id), self.now) for job in found.items]
        runs = self._runs(found)
        return Overview(
            jobs=jobs,
            runs=runs,
            summary=_summary(jobs, runs),
            older=found.next,
            is_first=after is None,
        )

    def job(self, job_id: str, after: str | None, limit: int) -> JobPage:
        """Return a job's page.

        Raises:
            NotFound: the owner has no such job.
        """
        job = self.jobs.get(self.owner, job_id)
        found = self.jobs.firings(self.owner, job_id, after, limit)
        return JobPage(
            job=job,
            line=lines.job(job, None, self.now),
            overlap=_OVERLAP[job.definition.concurrency],
            facts=list(standing.facts(job)),
            notices=list(standing.notices(job)),
            zone=zone_of(job.schedule) if job.schedule else "",
            fires=self._fires(job),
            active=_slot(job.active),
            waiting=_slot(job.waiting),
            firings=[lines.firing(task, job) for task in found.items],
            older=found.next,
            is_first=after is None,
        )

    def run(self, run_id: str) -> RunPage:
        """Return a run's page.

        Raises:
            NotFound: the owner has no such run.
        """
        view = self.transcripts.view(self.owner, run_id)
        header = view.header
        line = lines.run(header, self._names([header], {})[header.task.subject])
        return RunPage(
            view=view,
            line=line,
            job_id=header.task.subject if header.task.is_slot else None,
            slot=header.task.slot if header.task.is_slot else None,
            steps=list(lines.steps(view.steps, header.started_at)),
            status=line.status,
        )

    def _fires(self, job: Job) -> Sequence[Fire]:
        if job.schedule is None or job.state is not JobState.ENABLED:
            return ()
        return preview(job.schedule, self.now)

    def _runs(self, jobs: Page[Job]) -> list[RunLine]:
        headers = self.transcripts.list(self.owner, None, None, _RECENT).items
        names = self._names(headers, {job.id: job.definition.name for job in jobs.items})
        return [lines.run(header, names[header.task.subject]) for header in headers]

    def _names(self, headers: Iterable[RunHeader], known: dict[str, str]) -> dict[str, str]:
        """Return what the runs belong to by name: their jobs, those beyond the page too."""
        names = dict(known)
        for header in headers:
            subject = header.task.subject
            if subject not in names:
                names[subject] = self._name(subject) if header.task.is_slot else "Background task"
        return names

    def _name(self, job_id: str) -> str:
        try:
            return self.jobs.get(self.owner, job_id).definition.name
        except NotFound:
            return "A job that is gone"


def _slot(task: str) -> datetime | None:
    return slot_instant(task.rpartition("-")[2]) if task else None


def _summary(jobs: Sequence[JobLine], runs: Sequence[RunLine]) -> Summary:
    coming = [job for job in jobs if job.next is not None]
    tones = [run.status.tone for run in runs]
    return Summary(
        enabled=len(coming),
        next=min(coming, key=lambda job: (job.next, job.id), default=None),
        running=tones.count(Tone.ACTIVE),
        bad=tones.count(Tone.BAD),
    )
