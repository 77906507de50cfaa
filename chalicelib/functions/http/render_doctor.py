"""What operators see of the doctor."""

from chalicelib.clock import rfc3339
from chalicelib.functions.http import doctor_views
from chalicelib.healing.doctor.catalogue import CHECKS
from chalicelib.healing.doctor.check import Check, Look, Verdict
from chalicelib.healing.doctor.examination import Change, Examination
from chalicelib.incidents.kind import IncidentSeverity

_BY_KEY = {check.key: check for check in CHECKS}


def check(check: Check) -> doctor_views.DoctorCheck:
    """Return a check."""
    return {
        "key": check.key,
        "severity": check.severity.value,
        "asks": check.asks,
        "means": check.means,
        "fix": check.fix,
        "mends": check.mends or None,
    }


def examination(seen: Examination) -> doctor_views.Examination:
    """Return what an examination has seen and done so far."""
    return {
        "task_id": seen.id,
        "mode": seen.mode.value,
        "run": seen.run or None,
        "by": seen.by,
        "complete": seen.is_complete,
        "verdict": seen.verdict.value if seen.is_complete else None,
        "since": rfc3339(seen.since),
        "begun_at": rfc3339(seen.begun_at),
        "updated_at": rfc3339(seen.at),
        "checks": len(seen.checks),
        "counts": {str(verdict): seen.count(verdict) for verdict in Verdict},
        "findings": [_finding(key, look) for key, look in seen.looks.items()],
        "changes": [_change(each) for each in seen.changes],
    }


def _finding(key: str, look: Look) -> doctor_views.DoctorFinding:
    # A release behind may not have the check any more.
    known, is_ok = _BY_KEY.get(key), look.verdict is Verdict.OK
    return {
        "key": key,
        "severity": (known.severity if known else IncidentSeverity.LOW).value,
        "verdict": look.verdict.value,
        "seen": look.seen,
        "evidence": list(look.evidence),
        "means": known.means if known and not is_ok else None,
        "fix": known.fix if known and not is_ok else None,
    }


def _change(change: Change) -> doctor_views.DoctorChange:
    return {
        "check": change.check,
        "mender": change.step.mender,
        "target": change.step.target,
        "change": change.step.told,
        "before": change.step.before or None,
        "can_undo": change.can_undo,
        "outcome": change.outcome.value,
        "told": change.told or None,
    }
