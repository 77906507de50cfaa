"""TaskConclusion: a task that has no run of its own ends with one event."""

from dataclasses import dataclass

from chalicelib.background.task import Task
from chalicelib.clock import WORST_SKEW, Clock
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore


@dataclass(kw_only=True, eq=False, repr=False)
class TaskConclusion:
    """Records what came of a task."""

    journal: JournalStore
    clock: Clock

    def conclude(self, task: Task, *, again: bool = False) -> None:
        """Append the terminal event; `again` where that may have been done already."""
        if not (again and self.is_concluded(task)):
            self.journal.append(self._event(task))

    def is_concluded(self, task: Task) -> bool:
        """Return whether the terminal event is in the journal."""
        event = self._event(task)
        return self.journal.holds(event, since=event.at - WORST_SKEW)

    def _event(self, task: Task) -> Event:
        return Event(
            id=f"{task.ref.id}/{task.token}/finished",
            owner=task.ref.owner,
            kind="task.finished",
            actor="system:daemon",
            subject=task.ref.id,
            at=task.finished_at or self.clock.now(),
            details={
                "task": task.ref.id,
                "kind": task.kind,
                "state": task.state,
                "reason": task.reason_for_all,
                "attempts": task.attempt + 1,
            },
        )
