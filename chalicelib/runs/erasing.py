"""RunEraser: what runs were asked, what they did and asked on the way, and what they answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from chalicelib.approvals.store import ApprovalStore
from chalicelib.background.erasing import Family
from chalicelib.background.erasure import Part
from chalicelib.background.task import TaskRef
from chalicelib.providers import ToolCall
from chalicelib.runs.consent import call_id, dispatch_id
from chalicelib.runs.store import RunStore


@dataclass(kw_only=True, eq=False, repr=False)
class RunEraser:
    """Erases the runs of a job's firings or of a task, and of all that came of them."""

    family: Family
    runs: RunStore
    approvals: ApprovalStore

    def holds(self, owner: str, subject: str) -> bool:  # noqa: ARG002 - what has runs is a task's
        """Return False: whatever has runs is known by its tasks."""
        return False

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase the headers and steps of runs, and what they asked people."""
        for task, behind in self.family.members(owner, subject, after):
            # By its steps is known what it asked, so they go last.
            self._erase_approvals(task.ref)
            self.runs.erase(owner, task.ref.run_id)
            yield Part(behind)

    def _erase_approvals(self, ref: TaskRef) -> None:
        for step in self.runs.steps(ref.owner, ref.run_id):
            if isinstance(step.turn, ToolCall):
                self.approvals.erase(ref.owner, call_id(ref, step))
        for number in count():
            if not self.approvals.erase(ref.owner, dispatch_id(ref, number)):
                return
