"""What operators do with the doctor: ask for an examination, mend what it saw, put it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.service import Made, TaskDraft, TaskService
from chalicelib.background.task import HIGHEST_PRIORITY
from chalicelib.clock import Clock
from chalicelib.errors import NotFound
from chalicelib.healing.doctor.examination import Examination, Mode, to_make
from chalicelib.healing.doctor.kind import KIND
from chalicelib.healing.doctor.orders import read_order
from chalicelib.healing.doctor.store import ExaminationStore
from chalicelib.page import Page


@dataclass(kw_only=True, eq=False)
class DoctorCheck:
    """Refuses examinations that could not be carried out."""

    clock: Clock

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that no examination has.

        Raises:
            Invalid: names the field and the fix.
        """
        read_order(payload, self.clock.now())


@dataclass(kw_only=True, eq=False, repr=False)
class DoctorService:
    """What operators do with the doctor.

    An examination goes into lane high, so that a backlog elsewhere does not delay it.
    """

    tasks: TaskService
    examinations: ExaminationStore

    def ask(
        self, owner: str, actor: str, fields: Mapping[str, Any], key: RequestKey | None = None
    ) -> Made:
        """Ask for an examination.

        Args:
            owner: whose rows are looked at; the stage's tables, queues and functions always are.
            actor: who asks.
            fields: `only`, `skip` and `since`, as far as they are given.
            key: the request's.

        Raises:
            Invalid: names the field and the fix.
            Unavailable: AWS did not answer.
        """
        return self._made(owner, actor, fields, key)

    def fix(self, owner: str, actor: str, run: str, key: RequestKey | None = None) -> Made:
        """Ask for the changes to be made that an examination has planned.

        Raises:
            NotFound: the owner has no such examination.
            Conflict: it is no examination, is not complete or has planned nothing.
            Denied: the owner does not look after the stage.
            Unavailable: AWS did not answer.
        """
        to_make(owner, Mode.FIX, self.get(owner, run))
        return self._made(owner, actor, {str(Mode.FIX): run}, key)

    def undo(self, owner: str, actor: str, run: str, key: RequestKey | None = None) -> Made:
        """Ask for the changes to be put back that a fix has made.

        Raises:
            NotFound: the owner has no such fix.
            Conflict: it is no fix, is not complete or did nothing that can be put back.
            Denied: the owner does not look after the stage.
            Unavailable: AWS did not answer.
        """
        to_make(owner, Mode.UNDO, self.get(owner, run))
        return self._made(owner, actor, {str(Mode.UNDO): run}, key)

    def get(self, owner: str, task_id: str) -> Examination:
        """Return an examination that was begun.

        Raises:
            NotFound: the owner has no such examination, or no worker has begun it.
        """
        found = self.examinations.get(owner, task_id)
        if found is None:
            raise NotFound(f"there is no examination {task_id!r:.160}, or it has not begun")
        return found

    def list(self, owner: str, after: str | None, limit: int) -> Page[Examination]:
        """Return an owner's examinations, the latest first."""
        found: Sequence[Examination] = self.examinations.newest(owner, after, limit)
        return Page(found, found[-1].id if len(found) == limit else None)

    def _made(
        self, owner: str, actor: str, fields: Mapping[str, Any], key: RequestKey | None
    ) -> Made:
        draft = TaskDraft(kind=KIND, payload=fields, priority=HIGHEST_PRIORITY)
        return self.tasks.create(owner, actor, draft, key)
