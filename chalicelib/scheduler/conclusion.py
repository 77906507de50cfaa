"""Conclusion: what follows the end of a slot's task, by its worker, the sweep or a late message."""

from dataclasses import dataclass

from chalicelib.background.task import Task
from chalicelib.runs.conclusion import RunConclusion
from chalicelib.scheduler.store import JobStore


@dataclass(kw_only=True, eq=False, repr=False)
class Conclusion:
    """Lets go of a job's lock, and records what came of the slot."""

    jobs: JobStore
    run: RunConclusion

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Conclude a terminal task; `again` where a part of it may have been done already.

        The lock is let go first, since the next slot waits for it.
        """
        self.jobs.release(task)
        self.run.conclude(task, again=again)

    def is_concluded(self, task: Task) -> bool:
        """Return whether the last write of the conclusion was made."""
        return self.run.is_concluded(task)
