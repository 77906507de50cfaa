"""Checkup: reads what a snapshot of one job is about, on request and never by itself.

It costs the job's hot row, the gate, the tasks that its lock names and the newest rows of its
ledger: some ten read units, whatever the stage holds. No tick pays for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.background.gate.store import GateStore
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task, TaskRef, slot_instant, slot_key
from chalicelib.clock import Clock
from chalicelib.errors import NotFound
from chalicelib.scheduler.job import Hot
from chalicelib.scheduler.snapshot import WINDOW, Evidence, Snapshot, snapshot
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import owned

MOST_ROWS = 100


@dataclass(kw_only=True, eq=False, repr=False)
class Checkup:
    """Looks at jobs.

    Attributes:
        grace: how late a slot may be and still be handed over.
    """

    jobs: JobStore
    work: WorkStore
    gates: GateStore
    clock: Clock
    grace: timedelta

    def look_at(self, owner: str, job_id: str) -> Snapshot:
        """Return how a job is doing; one that was deleted can still be looked at.

        Raises:
            NotFound: the owner has no such job.
            Unavailable: AWS did not answer.
        """
        now, pk = self.clock.now(), owned(owner, job_id)
        hot = self.jobs.hot(pk)
        if hot is None:
            raise NotFound(f"there is no job {job_id!r:.120}")
        window = now - WINDOW
        newest = self.work.newest(pk, slot_key(now + timedelta(seconds=1)), MOST_ROWS)
        is_all = len(newest) < MOST_ROWS
        seen = Evidence(
            owner=owner,
            hot=hot,
            rows=[row for row in newest if _counts(row, window)],
            living=self._living(pk, hot),
            gate=self.gates.read(),
            since=window if is_all else max(newest[-1].ref.slot, window),
        )
        return snapshot(seen, now, self.grace)

    def _living(self, pk: str, hot: Hot) -> list[Task]:
        named = [TaskRef(pk, sk) for sk in (hot.active, hot.pending) if sk]
        found = self.work.get_all(named).values() if named else ()
        return [task for task in found if not task.state.is_terminal]


def _counts(row: Task, since: datetime) -> bool:
    """Return whether a row speaks of slots since an instant, or is still to be carried out."""
    return slot_instant(row.last) >= since or not row.state.is_terminal
