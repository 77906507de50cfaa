"""KeyStore: the wrapped data key of each subject, and what was erased, in the system's table.

The row of a key stays for ever: while it holds the key, what was sealed can be read; once it says
that the key was erased, nothing can be sealed or read under it again, and nobody may put another.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import from_ms, to_ms
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, Write, owned

_KEYS, _ERASURES = "personal", "erasures"


class KeyRow(Table):
    """The data key of a subject; the sort key is the subject's id."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    key_id = UnicodeAttribute()
    wrapped = UnicodeAttribute(null=True)
    made_at = WholeNumber(null=True)
    erased_at = WholeNumber(null=True)
    erased_by = UnicodeAttribute(null=True)
    erasure = UnicodeAttribute(null=True)
    seq = WholeNumber(null=True)


class ErasureRow(Table):
    """An erasure; the sort key is its task's id, which sorts by time."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    subject = UnicodeAttribute()
    reason = UnicodeAttribute()
    by = UnicodeAttribute()
    erased_at = WholeNumber()
    done_at = WholeNumber(null=True)
    way = UnicodeAttribute(null=True)


class Pass(NamedTuple):
    """How far an erasure has come on its way through all that may hold something.

    Attributes:
        rooms: how many it has left behind it.
        after: how far it is in the next one.
        is_open: it met something that had not ended.
    """

    begun_at: datetime
    rooms: int = 0
    after: str = ""
    is_open: bool = False


class Erasing(NamedTuple):
    """That a key is erased: by which task, asked for by whom, when."""

    task_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """The key of a subject as its row says.

    Attributes:
        wrapped: the key, or None once it is erased.
        erasing: how it was erased, or None while it is not.
        seq: the position of the event of that in the subject's stream, or None before it is known.
    """

    subject: str
    id: str
    wrapped: bytes | None
    erasing: Erasing | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure as operators see it.

    Attributes:
        erased_at: when the key was erased.
        done_at: when nothing was left that could be read anywhere, or None before that.
        progress: how far the pass under way has come, or None between two.
    """

    task_id: str
    subject: str
    reason: str
    by: str
    erased_at: datetime
    done_at: datetime | None = None
    progress: Pass | None = None


class KeyStore:
    """Data keys and erasures of all owners."""

    def find(self, owner: str, subject: str) -> StoredKey | None:
        """Return the key of a subject, or None where it has none."""
        row = KeyRow.find(owned(owner, _KEYS), subject)
        return _key(row) if row else None

    def find_all(self, owner: str, subjects: Iterable[str]) -> dict[str, StoredKey]:
        """Return the keys of those of these subjects that have one."""
        keys = [(owned(owner, _KEYS), subject) for subject in dict.fromkeys(subjects)]
        return {row.sk: _key(row) for row in KeyRow.find_all(keys)} if keys else {}

    def put(self, owner: str, key: StoredKey, now: datetime) -> StoredKey:
        """Put the key of a subject that has none, and return the one that stands there then.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = KeyRow(
            owned(owner, _KEYS),
            key.subject,
            key_id=key.id,
            wrapped=base64.b64encode(key.wrapped or b"").decode(),
            made_at=to_ms(now),
        )
        try:
            row.put(KeyRow.pk.does_not_exist())
        except Refused as refused:
            return _key(refused.old)
        return key

    def erasing(self, owner: str, key: StoredKey, erasing: Erasing, *, is_new: bool) -> Write:
        """Return the write that erases a key, while it is as it was seen, for one transaction.

        Args:
            owner: whose subject.
            key: as it was seen.
            erasing: how it is erased.
            is_new: there was no key; from then on there can be none.
        """
        actions = [
            KeyRow.key_id.set(key.id),
            KeyRow.wrapped.remove(),
            KeyRow.erased_at.set(to_ms(erasing.at)),
            KeyRow.erased_by.set(erasing.by),
            KeyRow.erasure.set(erasing.task_id),
        ]
        same = KeyRow.pk.does_not_exist() if is_new else KeyRow.key_id == key.id
        condition = same & KeyRow.erased_at.does_not_exist()
        return KeyRow.change_write(owned(owner, _KEYS), key.subject, actions, condition)

    def located(self, owner: str, subject: str, seq: int) -> None:
        """Note where in its stream the event of an erasure stands.

        Raises:
            Refused: the key was not erased.
            Unavailable: DynamoDB did not answer.
        """
        erased = KeyRow.erased_at.exists()
        KeyRow.change(owned(owner, _KEYS), subject, [KeyRow.seq.set(seq)], erased)

    def keep(self, owner: str, erasure: Erasure) -> None:
        """Keep how far an erasure is; one that is done stays as it is.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = ErasureRow(
            owned(owner, _ERASURES),
            erasure.task_id,
            subject=erasure.subject,
            reason=erasure.reason,
            by=erasure.by,
            erased_at=to_ms(erasure.erased_at),
            done_at=to_ms(erasure.done_at),
            way=_text(erasure.progress) if erasure.progress else None,
        )
        with suppress(Refused):
            row.put(ErasureRow.pk.does_not_exist() | ErasureRow.done_at.does_not_exist())

    def erasure(self, owner: str, task_id: str) -> Erasure | None:
        """Return an erasure, or None."""
        row = ErasureRow.find(owned(owner, _ERASURES), task_id)
        return _erasure(row) if row else None

    def newest(self, owner: str, after: str | None, limit: int) -> Sequence[Erasure]:
        """Return erasures of an owner before one, the latest first."""
        before = ErasureRow.sk < after if after else None
        rows = ErasureRow.page(
            owned(owner, _ERASURES), before, scan_index_forward=False, limit=limit
        )
        return [_erasure(row) for row in rows]


def _key(row: KeyRow) -> StoredKey:
    erasing = None
    if row.erased_at is not None:
        erasing = Erasing(row.erasure or "", row.erased_by or "", from_ms(row.erased_at))
    return StoredKey(
        subject=row.sk,
        id=row.key_id,
        # Whatever else a row may hold that says it: what is erased is erased.
        wrapped=base64.b64decode(row.wrapped) if row.wrapped and erasing is None else None,
        erasing=erasing,
        seq=None if row.seq is None else int(row.seq),
    )


def _erasure(row: ErasureRow) -> Erasure:
    return Erasure(
        task_id=row.sk,
        subject=row.subject,
        reason=row.reason,
        by=row.by,
        erased_at=from_ms(row.erased_at),
        done_at=from_ms(row.done_at),
        progress=_pass(row.way) if row.way else None,
    )


def _text(at: Pass) -> str:
    return json.dumps([to_ms(at.begun_at), *at[1:]])


def _pass(text: str) -> Pass:
    begun_at, rooms, after, is_open = json.loads(text)
    return Pass(from_ms(begun_at), rooms, after, is_open)
