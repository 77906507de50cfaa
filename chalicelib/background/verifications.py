"""What operators do with verifications of their journal: ask for one, and look at what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.journal_verify import KIND
from chalicelib.background.service import Made, TaskDraft, TaskService
from chalicelib.errors import Invalid, NotFound
from chalicelib.journal.verification.store import Verification, VerificationStore
from chalicelib.page import Page


class VerifyCheck:
    """Refuses verifications that say more than that."""

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that says anything.

        Raises:
            Invalid: names the field.
        """
        for name in payload:
            raise Invalid(
                f"there is no field {name!r:.80}",
                field=f"payload.{name:.80}",
                fix="send an empty payload",
            )


@dataclass(kw_only=True, eq=False, repr=False)
class JournalVerifications:
    """What operators do with verifications."""

    tasks: TaskService
    verifications: VerificationStore

    def ask(self, owner: str, actor: str, key: RequestKey | None = None) -> Made:
        """Ask for a verification of an owner's journal.

        Raises:
            Unavailable: AWS did not answer.
        """
        return self.tasks.create(owner, actor, TaskDraft(kind=KIND), key)

    def get(self, owner: str, task_id: str) -> Verification:
        """Return a verification that was begun.

        Raises:
            NotFound: the owner has no such verification, or no worker has begun it.
        """
        found = self.verifications.get(owner, task_id)
        if found is None:
            raise NotFound(f"there is no verification {task_id!r:.160}, or it has not begun")
        return found

    def list(self, owner: str, after: str | None, limit: int) -> Page[Verification]:
        """Return an owner's verifications, the latest first."""
        found: Sequence[Verification] = self.verifications.newest(owner, after, limit)
        return Page(found, found[-1].task_id if len(found) == limit else None)
