"""RunWaker: a run that waits for an approval goes on when that is decided."""

from dataclasses import dataclass

from chalicelib.approvals.prompt import ApprovalPromptRecord
from chalicelib.background.courier import Courier
from chalicelib.background.looking import Pace
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.runs.step import step_key


@dataclass(kw_only=True, eq=False, repr=False)
class RunWaker:
    """Wakes the tasks whose runs asked for an approval."""

    work: WorkStore
    courier: Courier
    clock: Clock
    pace: Pace

    def waits(self, record: ApprovalPromptRecord) -> bool:
        """Return whether the task is open, and still where it asked."""
        return self._waiting(record) is not None

    def approval_decided(self, record: ApprovalPromptRecord) -> bool:
        """Send the task's message; False while a worker has it that may not have seen this."""
        task = self._waiting(record)
        if task is None:
            return True
        if task.state is State.RUNNING:
            return False
        if task.state is State.QUEUED:
            # The sweep would look only when the prompt expires, and the message may be lost.
            self.work.look_again(task, self.clock.now() + self.pace.lease)
            self.courier.send(task)
        return True

    def _waiting(self, record: ApprovalPromptRecord) -> Task | None:
        task = self.work.get(TaskRef.of(record.prompt.owner, record.prompt.task))
        if task is None or task.state.is_terminal:
            return None
        step = step_key(task.checkpoint) if task.checkpoint else ""
        return task if step == record.prompt.step else None
