"""Conclusion: what follows the end of a slot's task, by its worker, the sweep or a late message."""

import logging
from dataclasses import dataclass

from chalicelib.background.courier import Courier
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task, TaskRef
from chalicelib.errors import Unavailable
from chalicelib.runs.conclusion import RunConclusion
from chalicelib.scheduler.store import JobStore
from chalicelib.scheduler.upkeep import Upkeep

_log = logging.getLogger("palyra.jobs")


@dataclass(kw_only=True, eq=False, repr=False)
class Conclusion:
    """Lets go of a job's lock, or hands it over, and records what came of the slot."""

    jobs: JobStore
    work: WorkStore
    courier: Courier
    run: RunConclusion
    upkeep: Upkeep

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Conclude a terminal task; `again` where a part of it may have been done already.

        The lock is let go first, since the next slot waits for it.
        """
        released = self.jobs.release(task)
        self._wake(released.heir)
        if released.hot is not None:
            self.upkeep.settle(task, released.hot)
        self.run.conclude(task, again=again)

    def is_concluded(self, task: Task) -> bool:
        """Return whether the last write of the conclusion was made."""
        return self.run.is_concluded(task)

    def help_away(self, holder: TaskRef, active_token: int, ended: Task | None) -> None:
        """Let go of a lock, seen under a token, whose holder has ended without doing so.

        Args:
            holder: where the holder is kept.
            active_token: the token under which it took the lock.
            ended: the holder as it ended, or None where it is gone.
        """
        self._wake(self.jobs.help_away(holder, active_token, ended).heir)

    def _wake(self, heir: TaskRef | None) -> None:
        """Send the message of a waiter that has inherited the lock; the sweep would, too."""
        if heir is None:
            return
        try:
            waiter = self.work.get(heir)
            if waiter is not None and not waiter.state.is_terminal:
                self.courier.send(waiter)
        except Unavailable:
            _log.warning("the sweep will send it", extra={"task": heir.id}, exc_info=True)
