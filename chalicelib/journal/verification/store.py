"""VerificationStore: how far each verification has come, and what it found."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import from_ms, to_ms
from chalicelib.journal.chain import Head
from chalicelib.journal.verify import Progress, Trouble
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, owned

_KEPT = timedelta(days=400)


class VerificationRow(Table):
    """A verification; the sort key is its task's id, which sorts by time."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    token = WholeNumber()
    begun_at = WholeNumber()
    at = WholeNumber()
    progress = UnicodeAttribute()
    ttl = WholeNumber()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A verification as it was left.

    Attributes:
        task_id: the task that carries it out.
        begun_at: when the task was first worked on.
        at: when it was last written.
    """

    task_id: str
    begun_at: datetime
    at: datetime
    progress: Progress


class VerificationStore:
    """Verifications of all owners."""

    def keep(self, owner: str, verification: Verification, token: int) -> None:
        """Keep how far a verification is, under the token of the task's worker.

        Raises:
            Refused: a worker with a later token wrote it.
            Unavailable: DynamoDB did not answer.
        """
        row = VerificationRow(
            owned(owner, "verifications"),
            verification.task_id,
            token=token,
            begun_at=to_ms(verification.begun_at),
            at=to_ms(verification.at),
            progress=_text(verification.progress),
            ttl=int((verification.at + _KEPT).timestamp()),
        )
        row.put(VerificationRow.pk.does_not_exist() | (VerificationRow.token <= token))

    def get(self, owner: str, task_id: str) -> Verification | None:
        """Return a verification, or None."""
        row = VerificationRow.find(owned(owner, "verifications"), task_id)
        return _verification(row) if row else None

    def newest(self, owner: str, after: str | None, limit: int) -> Sequence[Verification]:
        """Return verifications of an owner before one, the latest first."""
        before = VerificationRow.sk < after if after else None
        rows = VerificationRow.page(
            owned(owner, "verifications"), before, scan_index_forward=False, limit=limit
        )
        return [_verification(row) for row in rows]


def _verification(row: VerificationRow) -> Verification:
    return Verification(
        task_id=row.sk,
        begun_at=from_ms(row.begun_at),
        at=from_ms(row.at),
        progress=_progress(json.loads(row.progress)),
    )


def _text(progress: Progress) -> str:
    sealed_at = progress.sealed_at
    kept = asdict(progress) | {"sealed_at": to_ms(sealed_at)}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _progress(kept: dict[str, Any]) -> Progress:
    sealed_at = kept["sealed_at"]
    return Progress(
        **kept
        | {
            "sealed_at": from_ms(sealed_at),
            "found": {stream: Head(*at) for stream, at in kept["found"].items()},
            "archived": {stream: Head(*at) for stream, at in kept.get("archived", {}).items()},
            "troubles": [Trouble(*each) for each in kept["troubles"]],
        }
    )
