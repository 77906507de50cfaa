"""What operators do with jobs: make them, look at them, and see what became of each slot."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.background.shards import shard_of
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task
from chalicelib.clock import Clock
from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.runs.tools import Toolbox
from chalicelib.scheduler.events import created
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import LANE, Definition, Due, Job, JobState
from chalicelib.scheduler.store import JobStore
from chalicelib.schedules import Schedule
from chalicelib.tables import owned

_log = logging.getLogger("palyra.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job that is to be made."""

    name: str
    schedule: Schedule
    prompt: str
    tools: Sequence[str]


@dataclass(kw_only=True, eq=False, repr=False)
class JobService:
    """Jobs of one stage."""

    jobs: JobStore
    work: WorkStore
    journal: JournalStore
    handover: Handover
    tools: Toolbox
    clock: Clock
    ids: Ids
    max_attempts: int

    def create(self, owner: str, actor: str, draft: Draft) -> Job:
        """Make a job, and hand over at once what is due within the horizon.

        Raises:
            Invalid: a tool does not exist, or the schedule has no slot to come.
            Unavailable: AWS did not answer; the job was not made.
        """
        self._refuse_unknown_tools(draft.tools)
        now = self.clock.now()
        first = draft.schedule.next_after(now)
        if first is None:
            raise Invalid(
                "the schedule has no slot to come", field="schedule", fix="choose another"
            )
        definition = Definition(
            name=draft.name,
            prompt=draft.prompt,
            tools=draft.tools,
            created_at=now,
            created_by=actor,
        )
        job = Job(
            id=self.ids.ulid(now),
            definition=definition,
            state=JobState.ENABLED,
            schedule=draft.schedule,
            next=first,
        )
        due = Due(
            pk=owned(owner, job.id),
            slot=first,
            ver=1,
            schedule=draft.schedule.text(),
            lane=LANE,
            max_attempts=self.max_attempts,
        )
        shard = shard_of(due.pk, self.handover.shards)
        writes = self.jobs.creation(owner, job, due, shard)
        self.journal.append_with(created(owner, job, due.schedule), writes)
        self._kick(due, now)
        return job

    def get(self, owner: str, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFound: the owner has no such job.
        """
        job = self.jobs.find(owner, job_id)
        if job is None:
            raise NotFound(f"there is no job {job_id!r:.120}")
        return job

    def list(self, owner: str, after: str | None, limit: int) -> Page[Job]:
        """Return an owner's jobs, newest first."""
        ids = self.jobs.listed(owner, after, limit)
        return Page(self.jobs.find_all(owner, ids), ids[-1] if len(ids) == limit else None)

    def firings(self, owner: str, job_id: str, after: str | None, limit: int) -> Page[Task]:
        """Return a job's ledger, newest first.

        Raises:
            NotFound: the owner has no such job.
        """
        self.get(owner, job_id)
        rows = self.work.newest(owned(owner, job_id), after, limit)
        return Page(rows, rows[-1].ref.sk if len(rows) == limit else None)

    def _kick(self, due: Due, now: datetime) -> None:
        """Hand over at once; the job exists already, so a failure is left to the next tick."""
        try:
            self.handover.hand_over(due, now)
        except Unavailable:
            _log.warning("the next tick hands over", extra={"job": due.pk}, exc_info=True)

    def _refuse_unknown_tools(self, names: Sequence[str]) -> None:
        for position, name in enumerate(names):
            if self.tools.find(name) is None:
                known = ", ".join(self.tools.names())
                raise Invalid(
                    f"there is no tool {name!r:.80}", field=f"tools.{position}", fix=f"use: {known}"
                )
