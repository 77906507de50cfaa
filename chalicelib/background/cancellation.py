"""Cancellation: a task that is asked to stop, and all that it has delegated.

Children are reached before their parent ends, so that a crash between the two leaves the parent
open and the sweep goes on; a parent that was asked to stop delegates nothing more.
"""

from dataclasses import dataclass

from chalicelib.background.aftermath import Aftermath
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State, Task
from chalicelib.clock import Clock
from chalicelib.tables import Refused

PARENT_CANCELLED = "delegated_parent_cancelled"


@dataclass(kw_only=True, eq=False, repr=False)
class Cancellation:
    """Ends tasks that were asked to stop, and asks their children."""

    work: WorkStore
    aftermath: Aftermath
    clock: Clock

    def carry_out(self, task: Task) -> bool:
        """End a task that was asked to stop, whoever holds it; False if it changed meanwhile."""
        self.reach_children(task)
        reason = task.cancel.reason if task.cancel else ""
        try:
            cancelled = self.work.cancel(task, self.clock.now(), reason)
        except Refused:
            return False
        self.aftermath.follow(cancelled)
        return True

    def reach_children(self, task: Task) -> None:
        """Ask all open children of a task to stop; those that nobody holds end at once."""
        if not task.children:
            return
        for child in self.work.offspring(task.ref):
            if child.membership and not child.state.is_terminal:
                self._stop(child)

    def _stop(self, child: Task) -> None:
        try:
            asked = self.work.request_cancel(child, self.clock.now(), PARENT_CANCELLED)
        except Refused as refused:
            seen = refused.old
            if seen is not None and not seen.state.is_terminal:
                # It was claimed or let go meanwhile: the request must not miss it.
                self._stop(seen)
            return
        if asked.state is not State.RUNNING:
            self.carry_out(asked)
