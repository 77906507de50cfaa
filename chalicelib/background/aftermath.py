"""Aftermath: what follows every end of a task, whoever ended it."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.background.kinds import Conclusion
from chalicelib.background.places import Places
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task


@dataclass(kw_only=True, eq=False, repr=False)
class Aftermath:
    """Concludes tasks by their kind, and lets their siblings go on.

    Attributes:
        conclusions: by kind; `otherwise` for a kind that this version does not know.
    """

    conclusions: Mapping[str, Conclusion]
    otherwise: Conclusion
    places: Places
    work: WorkStore

    def follow(self, task: Task, *, again: bool = False) -> None:
        """Do what follows a task's end; `again` where a part of it may have been done already."""
        if task.membership:
            self.places.leave(task)
        self._of(task).conclude(task, again=again)
        self._put_away(task)

    def complete(self, task: Task) -> bool:
        """Do it where somebody died between the end and this; False where it was all done."""
        if self._of(task).is_concluded(task):
            self._put_away(task)
            return False
        self.follow(task, again=True)
        return True

    def _put_away(self, task: Task) -> None:
        if task.wake_at is not None:
            self.work.put_away(task)

    def _of(self, task: Task) -> Conclusion:
        return self.conclusions.get(task.kind, self.otherwise)
