"""Conclusion: what follows the end of a slot's task, by its worker, the sweep or a late message.

The lock is let go first, since the next slot waits for it. The run's header gets its end last:
where it is missing, the conclusion was not completed and is made again.
"""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.background.task import State, Task
from chalicelib.clock import Clock
from chalicelib.journal.store import JournalStore
from chalicelib.runs.store import RunStore
from chalicelib.scheduler.events import finished
from chalicelib.scheduler.store import JobStore

_WORST_SKEW = timedelta(minutes=5)


@dataclass(kw_only=True, eq=False, repr=False)
class Conclusion:
    """Lets go of a job's lock, and records what came of the slot."""

    jobs: JobStore
    runs: RunStore
    journal: JournalStore
    clock: Clock

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Conclude a terminal task; `again` where a part of it may have been done already."""
        self.jobs.release(task)
        if task.state is State.CLOSED:
            return
        ended_at = task.finished_at or self.clock.now()
        event = finished(task, ended_at)
        if not (again and self.journal.holds(event, since=ended_at - _WORST_SKEW)):
            self.journal.append(event)
        self.runs.close(task)

    def is_concluded(self, task: Task) -> bool:
        """Return whether the last write of the conclusion was made."""
        if task.state is State.CLOSED:
            return True
        header = self.runs.header(task.ref.owner, task.ref.run_id)
        return header is not None and header.state is not None
