"""The page of the doctor: what it saw last, what it means and what fixes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.console.status import Status, Tone
from chalicelib.errors import NotFound
from chalicelib.healing.doctor.catalogue import CHECKS
from chalicelib.healing.doctor.check import Look, Verdict
from chalicelib.healing.doctor.examination import Change, Examination, Outcome
from chalicelib.healing.doctor.service import DoctorService

_RECENT = 10
_VERDICTS = {
    Verdict.OK: Status("Well", Tone.GOOD, "check"),
    Verdict.UNKNOWN: Status("Not known", Tone.CALM, "question"),
    Verdict.WARNING: Status("Warning", Tone.WARN, "alert"),
    Verdict.FAILED: Status("Failed", Tone.BAD, "cross"),
}
_OUTCOMES = {
    Outcome.PLANNED: Status("Planned", Tone.CALM, "clock"),
    Outcome.BEGUN: Status("Begun", Tone.ACTIVE, "turning"),
    Outcome.DONE: Status("Done", Tone.GOOD, "check"),
    Outcome.UNCHANGED: Status("Unchanged", Tone.CALM, "skip"),
    Outcome.FAILED: Status("Failed", Tone.BAD, "cross"),
}
_UNDER_WAY = Status("Under way", Tone.ACTIVE, "turning")
_BY_KEY = {check.key: check for check in CHECKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """What a check saw; `means` and `fix` are empty where all is well."""

    key: str
    status: Status
    severity: str
    look: Look
    means: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A change that is planned, or was made."""

    change: Change
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationLine:
    """An examination at a glance."""

    id: str
    mode: str
    by: str
    begun_at: datetime
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorPage:
    """One examination, and the latest ones.

    Attributes:
        shown: the examination that is shown, or None where there is none.
        waited_for: the id of one that no worker has begun, or empty.
        findings: what it saw, the worst first.
    """

    shown: ExaminationLine | None
    waited_for: str
    findings: Sequence[FindingLine]
    changes: Sequence[ChangeLine]
    recent: Sequence[ExaminationLine]


def doctor_page(doctor: DoctorService, owner: str, run: str) -> DoctorPage:
    """Return the page of an examination; of the latest where none is named.

    Raises:
        Unavailable: DynamoDB did not answer.
    """
    recent = doctor.list(owner, None, _RECENT).items
    shown = _named(doctor, owner, run) if run else next(iter(recent), None)
    return DoctorPage(
        shown=_line(shown) if shown else None,
        waited_for=run if run and shown is None else "",
        findings=_findings(shown) if shown else (),
        changes=[ChangeLine(change=it, status=_OUTCOMES[it.outcome]) for it in shown.changes]
        if shown
        else (),
        recent=[_line(each) for each in recent],
    )


def _named(doctor: DoctorService, owner: str, run: str) -> Examination | None:
    try:
        return doctor.get(owner, run)
    except NotFound:
        return None


def _line(seen: Examination) -> ExaminationLine:
    return ExaminationLine(
        id=seen.id,
        mode=seen.mode.value,
        by=seen.by,
        begun_at=seen.begun_at,
        status=_VERDICTS[seen.verdict] if seen.is_complete else _UNDER_WAY,
    )


def _findings(seen: Examination) -> Sequence[FindingLine]:
    worst_first = sorted(seen.looks.items(), key=lambda each: -each[1].verdict.rank)
    return [_finding(key, look) for key, look in worst_first]


def _finding(key: str, look: Look) -> FindingLine:
    check, is_bad = _BY_KEY.get(key), look.verdict in {Verdict.WARNING, Verdict.FAILED}
    return FindingLine(
        key=key,
        status=_VERDICTS[look.verdict],
        severity=str(check.severity) if check else "",
        look=look,
        means=check.means if check and is_bad else "",
        fix=check.fix if check and is_bad else "",
    )
