"""InvocationEraser: what runs asked of nodes, and what these answered."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.background.erasing import Family
from chalicelib.background.erasure import Part
from chalicelib.background.task import Task
from chalicelib.nodes.capabilities.invocations import moves
from chalicelib.nodes.capabilities.invocations.keeper import RequestKeeper
from chalicelib.nodes.capabilities.invocations.moves import Why
from chalicelib.tables import Cancelled


@dataclass(kw_only=True, eq=False, repr=False)
class InvocationEraser:
    """Erases the requests of the runs of a job or task, and of all that came of them."""

    family: Family
    keeper: RequestKeeper

    def holds(self, owner: str, subject: str) -> bool:  # noqa: ARG002 - what asks is a task's
        """Return False: whatever asked is known by its tasks."""
        return False

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase what was asked; a run that has not ended may still wait for it."""
        for task, behind in self.family.members(owner, subject, after):
            is_open = not task.state.is_terminal or self._is_left(task)
            yield Part(behind, is_open=is_open)

    def _is_left(self, task: Task) -> bool:
        """Erase what the run of a task that ended asked; return whether something of it is left."""
        is_left = False
        for request in self.keeper.store.asked_by(task.ref.owner, task.ref.id):
            if not request.state.is_terminal:
                after = moves.rejected(request, Why.RUN_ENDED, self.keeper.now())
                try:
                    self.keeper.change(request, after)
                except Cancelled:
                    is_left = True  # Its node was faster; the next pass sees how.
                    continue
            self.keeper.store.erase(request)
        return is_left
