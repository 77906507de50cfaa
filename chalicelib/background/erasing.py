"""TaskEraser: what tasks were told, and why they ended; of a job's firings and a task's family."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.background.erasure import Part
from chalicelib.background.payloads import Payloads
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task, TaskRef, partition
from chalicelib.errors import Conflict
from chalicelib.tables import Refused

_BATCH = 100


class Member(NamedTuple):
    """A task of a family, and how far the family was read with it."""

    task: Task
    after: str


@dataclass(kw_only=True, eq=False, repr=False)
class Family:
    """A job's firings or a task, and all that came of them."""

    work: WorkStore

    def first(self, owner: str, subject: str) -> Task | None:
        """Return the task that is the subject itself, or None where that is a job."""
        return self.work.get(TaskRef.of(owner, subject))

    def members(self, owner: str, subject: str, after: str) -> Iterator[Member]:
        """Yield the tasks, each before what came of it, by strongly consistent reads.

        Args:
            owner: whose family.
            subject: the job or task.
            after: how far it was read before; empty to begin with the first.
        """
        first = None if after else self.first(owner, subject)
        if first is not None:
            yield Member(first, "")
        for task in self._children(owner, subject, after or None):
            yield Member(task, after)
            yield from (Member(each, after) for each in self._below(task))
            after = task.ref.sk

    def _below(self, parent: Task) -> Iterator[Task]:
        for task in self._children(parent.ref.owner, parent.ref.id, None):
            yield task
            yield from self._below(task)

    def _children(self, owner: str, parent: str, before: str | None) -> Iterator[Task]:
        while found := self.work.newest(partition(owner, parent), before, _BATCH):
            yield from found
            before = found[-1].ref.sk


@dataclass(kw_only=True, eq=False, repr=False)
class TaskEraser:
    """Erases rows of tasks, and their payloads in S3."""

    family: Family
    payloads: Payloads

    def holds(self, owner: str, subject: str) -> bool:
        """Return whether the subject is a task.

        Raises:
            Conflict: it has not ended.
        """
        task = self.family.first(owner, subject)
        if task is not None and not task.state.is_terminal:
            what = f"the task is {task.shown_state}"
            raise Conflict(what, field="subject", fix="cancel it first, or wait for its end")
        return task is not None

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase the payloads and the rows of what has ended."""
        self.payloads.erase(owner, subject)
        yield Part(after)
        for task, behind in self.family.members(owner, subject, after):
            yield Part(behind, is_open=not self._is_erased(task))

    def _is_erased(self, task: Task) -> bool:
        """Erase a task that has ended; return whether it is erased then."""
        # What is in the index still was not concluded, and whoever does that may repeat a reason.
        if task.is_erased or not task.state.is_terminal or task.wake_at is not None:
            return task.is_erased
        try:
            self.family.work.erase(task)
        except Refused:
            return False
        return True
