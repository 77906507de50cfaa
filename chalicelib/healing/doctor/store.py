"""ExaminationStore: how far each examination has come, and what it found."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import from_ms, to_ms
from chalicelib.healing.doctor.check import Look, Step, Verdict
from chalicelib.healing.doctor.examination import Change, Examination, Mode, Outcome
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, Write, owned

_KEPT = timedelta(days=400)
_PLACE = "doctor"


class ExaminationRow(Table):
    """An examination; the sort key is its task's id, which sorts by time."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    token = WholeNumber()
    mode = UnicodeAttribute()
    begun_at = WholeNumber()
    at = WholeNumber()
    report = UnicodeAttribute()
    ttl = WholeNumber()


class ExaminationStore:
    """Examinations of all owners."""

    def keep(self, owner: str, examination: Examination, token: int) -> None:
        """Keep how far an examination is, under the token of the task's worker.

        Raises:
            Refused: a worker with a later token wrote it.
            Unavailable: DynamoDB did not answer.
        """
        _row(owner, examination, token).put(_not_newer(token))

    def keep_write(self, owner: str, examination: Examination, token: int) -> Write:
        """Return the same as a write of a transaction."""
        return _row(owner, examination, token).put_write(_not_newer(token))

    def get(self, owner: str, task_id: str) -> Examination | None:
        """Return an examination, or None."""
        row = ExaminationRow.find(owned(owner, _PLACE), task_id)
        return _examination(row) if row else None

    def newest(self, owner: str, after: str | None, limit: int) -> Sequence[Examination]:
        """Return examinations of an owner before one, the latest first."""
        before = ExaminationRow.sk < after if after else None
        rows = ExaminationRow.page(
            owned(owner, _PLACE), before, scan_index_forward=False, limit=limit
        )
        return [_examination(row) for row in rows]


def _not_newer(token: int) -> Any:
    return ExaminationRow.pk.does_not_exist() | (ExaminationRow.token <= token)


def _row(owner: str, examination: Examination, token: int) -> ExaminationRow:
    return ExaminationRow(
        owned(owner, _PLACE),
        examination.id,
        token=token,
        mode=examination.mode,
        begun_at=to_ms(examination.begun_at),
        at=to_ms(examination.at),
        report=json.dumps(_report(examination), ensure_ascii=False, separators=(",", ":")),
        ttl=_expiry(examination.at),
    )


def _report(examination: Examination) -> Mapping[str, Any]:
    return {
        "run": examination.run,
        "by": examination.by,
        "since": to_ms(examination.since),
        "checks": examination.checks,
        "looks": examination.looks,
        "changes": examination.changes,
    }


def _examination(row: ExaminationRow) -> Examination:
    report = json.loads(row.report)
    return Examination(
        id=row.sk,
        mode=Mode(row.mode),
        run=report["run"],
        by=report["by"],
        since=from_ms(report["since"]),
        begun_at=from_ms(row.begun_at),
        at=from_ms(row.at),
        checks=tuple(report["checks"]),
        looks={key: _look(look) for key, look in report["looks"].items()},
        changes=tuple(map(_change, report["changes"])),
    )


def _look(written: Sequence[Any]) -> Look:
    verdict, seen, evidence, steps = written
    return Look(Verdict(verdict), seen, tuple(evidence), tuple(Step(*step) for step in steps))


def _change(written: Sequence[Any]) -> Change:
    check, step, can_undo, outcome, told = written
    return Change(check, Step(*step), can_undo, Outcome(outcome), told)


def _expiry(at: datetime) -> int:
    return int((at + _KEPT).timestamp())
