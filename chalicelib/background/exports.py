"""What operators do with exports of their journal: ask for one, and get its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.journal_export import KIND
from chalicelib.background.service import TaskDraft, TaskService
from chalicelib.background.task import State, Task
from chalicelib.clock import Clock
from chalicelib.errors import NotFound
from chalicelib.journal.export_files import LINK_LASTS, ExportFiles, Progress
from chalicelib.journal.query import read_query


class ExportCheck:
    """Refuses exports that could not be made."""

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that does not say which entries.

        Raises:
            Invalid: names the field and the fix.
        """
        read_query(payload, "payload.")


class Export(NamedTuple):
    """An export as operators see it.

    Attributes:
        file: how much was written, or None while it is not there.
        link: where the file can be read, or None.
        link_ends: until when, or None.
    """

    task: Task
    file: Progress | None = None
    link: str | None = None
    link_ends: datetime | None = None


class MadeExport(NamedTuple):
    """An export, and whether it was asked for by this call."""

    export: Export
    is_new: bool


@dataclass(kw_only=True, eq=False, repr=False)
class JournalExports:
    """What operators do with exports."""

    tasks: TaskService
    files: ExportFiles
    clock: Clock

    def ask(
        self, owner: str, actor: str, fields: Mapping[str, Any], key: RequestKey | None = None
    ) -> MadeExport:
        """Ask for an export of the entries that fields say.

        Raises:
            Invalid: names the field and the fix.
            Unavailable: AWS did not answer.
        """
        read_query(fields)
        made = self.tasks.create(owner, actor, TaskDraft(kind=KIND, payload=fields), key)
        return MadeExport(self._shown(made.task), made.is_new)

    def get(self, owner: str, task_id: str) -> Export:
        """Return an export.

        Raises:
            NotFound: the owner has no such export.
            Unavailable: AWS did not answer.
        """
        task = self.tasks.get(owner, task_id)
        if task.kind != KIND:
            raise NotFound(f"there is no export {task_id!r:.160}")
        return self._shown(task)

    def _shown(self, task: Task) -> Export:
        file = None
        if task.state is State.SUCCEEDED:
            file = self.files.progress(task.ref.owner, task.ref.id)
        if file is None or not file.is_complete:
            return Export(task)
        link = self.files.link(task.ref.owner, task.ref.id)
        return Export(task, file, link, self.clock.now() + LINK_LASTS)
