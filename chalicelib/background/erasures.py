"""What operators do with erasures: ask for one, and look at what was erased."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.erasure import KIND, Room
from chalicelib.background.service import Made, TaskDraft, TaskService
from chalicelib.errors import Invalid, NotFound, only_fields
from chalicelib.journal.erasure.store import Erasure, KeyStore
from chalicelib.journal.personal import root_of
from chalicelib.page import Page

_FIELDS = ("reason", "subject")
_SUBJECT = re.compile(r"[0-9A-Z]{1,64}(-[0-9A-Z]{1,64})*|incident_[0-9a-f]{16}")
_MOST_CHARACTERS = 200


class ErasureCheck:
    """Refuses erasures that could not be carried out, whatever there is to erase."""

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that does not say what is to be erased, and why.

        Raises:
            Invalid: names the field and the fix.
        """
        only_fields(payload, _FIELDS, "payload.")
        subject, reason = payload.get("subject"), payload.get("reason")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            fix = "send the id of a job or task, a node or an incident"
            raise Invalid("it is not an id", field="subject", fix=fix)
        if root_of(subject) != subject:
            raise Invalid(
                "it is a part of another job or task",
                field="subject",
                fix=f"erase {root_of(subject)}, with all that came of it",
            )
        if not isinstance(reason, str) or not 0 < len(reason.strip()) <= _MOST_CHARACTERS:
            fix = f"say why in 1 to {_MOST_CHARACTERS} characters, naming no person"
            raise Invalid("it is not a short text", field="reason", fix=fix)


@dataclass(kw_only=True, eq=False, repr=False)
class Erasures:
    """What operators do with erasures."""

    tasks: TaskService
    rooms: Mapping[str, Room]
    keys: KeyStore

    def ask(
        self, owner: str, actor: str, fields: Mapping[str, Any], key: RequestKey | None = None
    ) -> Made:
        """Ask for what is known of a deleted job, or of a task that ended, to be erased.

        A node that was thrown out is such a subject, too, and an incident.

        Asking again for what is erased lets every room be looked at again.

        Raises:
            Invalid: names the field and the fix.
            NotFound: the owner has nothing of this id.
            Conflict: the job is not deleted, the task has not ended, or the node is not out.
            Unavailable: AWS did not answer.
        """
        ErasureCheck().check(fields)
        subject = fields["subject"]
        # All are asked: each may refuse.
        known = [room.holds(owner, subject) for room in self.rooms.values()]
        if not any(known) and self.keys.find(owner, subject) is None:
            raise NotFound(f"nothing has the id {subject!r:.120}")
        return self.tasks.create(owner, actor, TaskDraft(kind=KIND, payload=fields), key)

    def list(self, owner: str, after: str | None, limit: int) -> Page[Erasure]:
        """Return an owner's erasures whose key is erased, the latest asked for first."""
        found = self.keys.newest(owner, after, limit)
        return Page(found, found[-1].task_id if len(found) == limit else None)
