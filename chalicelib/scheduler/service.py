"""What operators do with jobs: make, change and run them, and see what became of each slot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.store import IdempotencyStore
from chalicelib.background.shards import shard_of
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task, TaskRef, slot_key
from chalicelib.clock import Clock
from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.redaction import refuse_secrets
from chalicelib.runs.tools import Toolbox
from chalicelib.scheduler import changes
from chalicelib.scheduler.editing import Editor
from chalicelib.scheduler.events import created
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import (
    LANE,
    Change,
    Definition,
    Draft,
    Due,
    Job,
    JobState,
    MadeFiring,
    MadeJob,
)
from chalicelib.scheduler.running import Trigger
from chalicelib.scheduler.store import JobStore
from chalicelib.scheduler.terms import Terms
from chalicelib.schedules import Schedule
from chalicelib.tables import Cancelled, owned

__all__ = ["Change", "Draft", "JobService", "MadeFiring", "MadeJob"]
_TRIES = 5
_SECOND = timedelta(seconds=1)


@dataclass(kw_only=True, eq=False, repr=False)
class JobService:
    """Jobs of one stage."""

    jobs: JobStore
    work: WorkStore
    journal: JournalStore
    requests: IdempotencyStore
    handover: Handover
    editor: Editor
    trigger: Trigger
    tools: Toolbox
    clock: Clock
    ids: Ids
    max_attempts: int

    # Making and finding.

    def create(
        self, owner: str, actor: str, draft: Draft, key: RequestKey | None = None
    ) -> MadeJob:
        """Make a job, and hand over at once what is due within the horizon.

        A request that made one before under the same key is answered with that one.

        Raises:
            Invalid: the name or prompt holds a secret, a tool does not exist, the schedule has no
                slot to come, or the key was used for another body.
            Unavailable: AWS did not answer; whether the job was made is known under the key.
        """
        now = self.clock.now()
        job_id = self.ids.ulid(now)
        for _ in range(_TRIES):
            if key and (made := self.requests.made(key, now)):
                return MadeJob(self.get(owner, made), is_new=False)
            _refuse_secrets(draft.name, draft.prompt)
            self._refuse_unknown_tools(draft.tools)
            first = _first(draft.schedule, now)
            job = self._new(job_id, actor, draft, now, first)
            due = _due(owner, job, draft.schedule, first)
            writes = self.jobs.creation(owner, job, due, shard_of(due.pk, self.handover.shards))
            if key:
                writes.append(self.requests.write(key, job.id, now))
            try:
                self.journal.append_with(created(owner, job, due.schedule), writes)
            except Cancelled:
                if self.jobs.hot(due.pk) is None:
                    continue  # The key was used meanwhile.
                # The reply was lost, and the repeat refused by its own effect.
            self.handover.kick(due, now)
            return MadeJob(job, is_new=True)
        raise Unavailable("the idempotency key is contended", fix="try again")

    def get(self, owner: str, job_id: str) -> Job:
        """Return a job, or what is left of a deleted one.

        Raises:
            NotFound: the owner has no such job.
        """
        job = self.jobs.find(owner, job_id)
        if job is None:
            raise NotFound(f"there is no job {job_id!r:.120}")
        return self._with_living([job], owner)[0]

    def list(self, owner: str, after: str | None, limit: int) -> Page[Job]:
        """Return an owner's jobs that were not deleted, newest first."""
        ids = self.jobs.listed(owner, after, limit)
        jobs = self.jobs.find_all(owner, ids)
        # The index lags behind a delete.
        shown = [job for job in jobs if job.state is not JobState.DELETED]
        return Page(self._with_living(shown, owner), ids[-1] if len(ids) == limit else None)

    def firings(self, owner: str, job_id: str, after: str | None, limit: int) -> Page[Task]:
        """Return a job's ledger, newest first.

        Raises:
            NotFound: the owner has no such job.
        """
        self.get(owner, job_id)
        rows = self.work.newest(owned(owner, job_id), after, limit)
        return Page(rows, rows[-1].ref.sk if len(rows) == limit else None)

    def last_firings(self, owner: str, job_ids: Sequence[str]) -> dict[str, Task]:
        """Return the newest row of each job whose slot has come; jobs without one are left out.

        It takes one small query for each job: ask for those of one page.
        """
        # Slots are whole seconds.
        to_come = slot_key(self.clock.now() + _SECOND)
        newest = {job_id: self.work.newest(owned(owner, job_id), to_come, 1) for job_id in job_ids}
        return {job_id: rows[0] for job_id, rows in newest.items() if rows}

    # Changing.

    def edit(
        self, owner: str, actor: str, job_id: str, change: Change, expected: int | None = None
    ) -> Job:
        """Change a job; another schedule holds from now on.

        An edit that changes nothing writes nothing. One that leaves the schedule as it is lets
        the slots fire that were handed over, by the new definition.

        Args:
            owner: the workspace.
            actor: who edits.
            job_id: the job.
            change: what is to be different.
            expected: the version that the edit was made for; None for any.

        Raises:
            NotFound: the owner has no such job.
            Invalid: the name or prompt holds a secret, a tool does not exist, or the schedule has
                no slot to come.
            Conflict: the job was deleted.
            PreconditionFailed: it has another version than is expected.
            Unavailable: AWS did not answer, or the job changed at every try.
        """
        _refuse_secrets(change.name or "", change.prompt or "")
        self._refuse_unknown_tools(change.tools or ())
        self.editor.write(owner, actor, job_id, changes.edit(change, expected))
        return self.get(owner, job_id)

    def pause(self, owner: str, actor: str, job_id: str, until: datetime | None = None) -> Job:
        """Let no slot of a job fire until it is resumed; pausing a paused one writes nothing.

        Args:
            owner: the workspace.
            actor: who pauses.
            job_id: the job.
            until: when it resumes by itself: no slot at or before that fires. None for never.

        Raises:
            NotFound: the owner has no such job.
            Conflict: it was deleted, or is completed.
            Invalid: the instant has passed.
            Unavailable: AWS did not answer, or the job changed at every try.
        """
        self.editor.write(owner, actor, job_id, changes.pause(until))
        return self.get(owner, job_id)

    def resume(self, owner: str, actor: str, job_id: str) -> Job:
        """Let the slots of a paused job fire that come after now; an enabled one stays as it is.

        Raises:
            NotFound: the owner has no such job.
            Conflict: it was deleted, or its schedule cannot be read.
            Unavailable: AWS did not answer, or the job changed at every try.
        """
        self.editor.write(owner, actor, job_id, changes.resume)
        return self.get(owner, job_id)

    def delete(self, owner: str, actor: str, job_id: str, expected: int | None = None) -> Job:
        """Delete a job; its ledger and runs stay readable. Deleting it again writes nothing.

        Args:
            owner: the workspace.
            actor: who deletes.
            job_id: the job.
            expected: the version that is to be deleted; None for any.

        Raises:
            NotFound: the owner has no such job.
            PreconditionFailed: it has another version than is expected.
            Unavailable: AWS did not answer, or the job changed at every try.
        """
        self.editor.write(owner, actor, job_id, changes.delete(expected))
        return self.get(owner, job_id)

    def run_now(
        self, owner: str, actor: str, job_id: str, key: RequestKey | None = None
    ) -> MadeFiring:
        """Fire a job once beside its schedule, in the next free second.

        Raises:
            NotFound: the owner has no such job.
            Conflict: it is paused or deleted.
            Invalid: the key was used for another body.
            Unavailable: AWS did not answer; whether it fires is known under the key.
        """
        return self.trigger.fire(owner, actor, job_id, key)

    # How.

    def _new(self, job_id: str, actor: str, draft: Draft, now: datetime, first: datetime) -> Job:
        job = _new(job_id, actor, draft, now, first)
        terms = {"max_attempts": self.max_attempts} | dict(draft.terms or {})
        return replace(job, terms=Terms(**terms))

    def _with_living(self, jobs: Sequence[Job], owner: str) -> Sequence[Job]:
        """Name only tasks that live: the lock of one that ended may name it until the next slot."""
        named = {task for job in jobs for task in (job.active, job.waiting) if task}
        if not named:
            return jobs
        found = self.work.get_all(TaskRef.of(owner, task) for task in named)
        living = {ref.id for ref, task in found.items() if not task.state.is_terminal} | {""}
        return [
            replace(
                job,
                active=job.active if job.active in living else "",
                waiting=job.waiting if job.waiting in living else "",
            )
            for job in jobs
        ]

    def _refuse_unknown_tools(self, names: Sequence[str]) -> None:
        for position, name in enumerate(names):
            if self.tools.find(name) is None:
                known = ", ".join(self.tools.names())
                raise Invalid(
                    f"there is no tool {name!r:.80}", field=f"tools.{position}", fix=f"use: {known}"
                )


def _due(owner: str, job: Job, schedule: Schedule, first: datetime) -> Due:
    return Due(
        pk=owned(owner, job.id),
        slot=first,
        ver=job.ver,
        schedule=schedule.text(),
        lane=LANE,
        max_attempts=job.terms.max_attempts,
        misfire=job.terms.misfire,
        jitter=job.terms.jitter,
    )


def _refuse_secrets(name: str, prompt: str) -> None:
    refuse_secrets("name", name)
    refuse_secrets("prompt", prompt)


def _first(schedule: Schedule, now: datetime) -> datetime:
    first = schedule.next_after(now)
    if first is None:
        raise Invalid(changes.NO_SLOT, field="schedule", fix="choose another")
    return first


def _new(job_id: str, actor: str, draft: Draft, now: datetime, first: datetime) -> Job:
    definition = Definition(
        name=draft.name,
        prompt=draft.prompt,
        tools=draft.tools,
        concurrency=draft.concurrency,
        created_at=now,
        created_by=actor,
        ver=1,
        updated_at=now,
        updated_by=actor,
    )
    return Job(
        id=job_id,
        definition=definition,
        state=JobState.ENABLED,
        ver=1,
        schedule=draft.schedule,
        next=first,
    )
