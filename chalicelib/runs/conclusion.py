"""RunConclusion: what follows the end of a task that has a run.

The terminal event anchors the chain of the run's steps. The run's header gets its end last: where
it is missing, the conclusion was not completed and is made again.
"""

from dataclasses import dataclass

from chalicelib.background.task import State, Task
from chalicelib.clock import WORST_SKEW, Clock, rfc3339
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.runs.store import RunStore


@dataclass(kw_only=True, eq=False, repr=False)
class RunConclusion:
    """Records what came of a run."""

    runs: RunStore
    journal: JournalStore
    clock: Clock

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Record a run's end; `again` where a part of it may have been done already."""
        if task.state is State.CLOSED:
            return
        event = _finished(task, self.clock)
        if not (again and self.journal.holds(event, since=event.at - WORST_SKEW)):
            self.journal.append(event)
        self.runs.close(task)

    def is_concluded(self, task: Task) -> bool:
        """Return whether the last write of the conclusion was made."""
        if task.state is State.CLOSED:
            return True
        header = self.runs.header(task.ref.owner, task.ref.run_id)
        return header is not None and header.ended_token >= task.token


def _finished(task: Task, clock: Clock) -> Event:
    is_slot = task.ref.is_slot
    details = {
        "run_id": task.ref.run_id,
        "kind": task.kind,
        "state": task.state,
        "reason": task.reason_for_all,
        "steps": task.checkpoint.seq if task.checkpoint else 0,
        "head": task.head,
    }
    if is_slot:
        details["slot"] = rfc3339(task.ref.slot)
    return Event(
        id=f"{task.ref.run_id}/{task.token}/finished",
        owner=task.ref.owner,
        kind="run.finished",
        actor="system:daemon",
        subject=task.ref.subject if is_slot else task.ref.id,
        at=task.finished_at or clock.now(),
        details=details,
    )
