"""Upkeep: what jobs become without an operator, each change journaled as an operator's is.

A job that has made all its runs is completed; one whose runs keep failing is paused, and so is one
whose schedule cannot be read any more, each with an incident; one that was paused until an instant
is resumed.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from chalicelib.background.task import Task
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import NotFound, Unavailable
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentKind
from chalicelib.incidents.store import IncidentStore
from chalicelib.scheduler import automatic
from chalicelib.scheduler.changes import Rule
from chalicelib.scheduler.editing import Editor
from chalicelib.scheduler.job import Hot, JobState

DAEMON = "system:daemon"
_log = logging.getLogger("palyra.jobs")


@dataclass(kw_only=True, eq=False, repr=False)
class Upkeep:
    """Changes jobs that have come to an end, or to harm."""

    editor: Editor
    incidents: IncidentStore
    clock: Clock

    def settle(self, task: Task, hot: Hot) -> None:
        """Complete or pause a job, if the run of one of its slots was one too many.

        Args:
            task: the slot that has ended.
            hot: the job as it was when the slot let go of it.

        Raises:
            Unavailable: AWS did not answer; whoever concludes the task again does this again.
        """
        if hot.state is not JobState.ENABLED:
            return
        if hot.is_exhausted:
            self._write(task.ref.pk, automatic.complete)
        elif hot.has_failed_too_often and self._write(task.ref.pk, automatic.pause_failing):
            detail = f"{hot.standing.failures} runs failed in a row; the last: {task.reason}"
            summary = "a job keeps failing and was paused"
            self._report(task.ref.pk, kinds.JOB_FAILING, summary, detail)

    def wake(self, pk: str, until: datetime) -> None:
        """Resume a job that was paused until an instant, which has come.

        Raises:
            Unavailable: AWS did not answer; the next tick tries again.
        """
        self._write(pk, automatic.wake(until))

    def disable(self, pk: str, error: str) -> bool:
        """Pause a job whose schedule cannot be read; False if it is so, or mended, by now.

        Raises:
            Unavailable: AWS did not answer; the next tick tries again.
        """
        is_paused = self._write(pk, automatic.disable)
        if is_paused:
            summary = "a job cannot be scheduled and was paused"
            self._report(pk, kinds.JOB_UNREADABLE, summary, error)
        return is_paused

    def report_broken(self, pk: str, error: str) -> None:
        """Say that a job cannot be handed over, for a reason that pausing it would not mend."""
        self._report(pk, kinds.JOB_BROKEN, "a job cannot be handed over", error)

    def _write(self, pk: str, rule: Rule) -> bool:
        owner, _, job_id = pk.partition("#")
        with suppress(NotFound):
            return self.editor.write(owner, DAEMON, job_id, rule)
        return False

    def _report(self, pk: str, kind: IncidentKind, summary: str, detail: str) -> None:
        owner, _, job_id = pk.partition("#")
        now = self.clock.now()
        sighting = Sighting(
            owner=owner,
            kind=kind,
            dedupe_key=f"{kind.name}:{job_id}",
            summary=summary,
            detail=detail,
            related=(job_id,),
            subject=job_id,
            occurrence=f"{job_id}@{rfc3339(now)}",
        )
        try:
            self.incidents.raise_(sighting, now)
        except Unavailable:
            _log.warning("the job has no incident", extra={"job": pk, "kind": kind.name})
