"""The shapes of answers of the doctor."""

from typing import Literal, TypedDict

from chalicelib.functions.http.views import Instant

type CheckVerdict = Literal["ok", "unknown", "warning", "failed"]
type CheckSeverity = Literal["low", "medium", "high", "critical"]


class DoctorCheck(TypedDict):
    """A check of the doctor: what it looks at, what a failure means and what to do then.

    `mends` says what the doctor does about it itself; null where that is for people, or a deploy.
    """

    key: str
    severity: CheckSeverity
    asks: str
    means: str
    fix: str
    mends: str | None


class DoctorFinding(TypedDict):
    """What a check saw; of one that is `unknown`, `seen` says why.

    `means` and `fix` are of one that is not ok. Of its evidence at most 20 lines are shown.
    """

    key: str
    severity: CheckSeverity
    verdict: CheckVerdict
    seen: str
    evidence: list[str]
    means: str | None
    fix: str | None


class DoctorChange(TypedDict):
    """A change that would mend something, and what became of it.

    It is made only while its target is as it was seen; `unchanged` says that it was not.
    """

    check: str
    mender: str
    target: str
    change: str
    before: str | None
    can_undo: bool
    outcome: Literal["planned", "begun", "done", "unchanged", "failed"]
    told: str | None


class Examination(TypedDict):
    """What the doctor saw, and of a `fix` or `undo` what it did about it.

    `verdict` is the worst of all that is known; it is null while the examination is under way.
    `run` is the examination that a fix or an undo goes by. `since` is from when on the ledger was
    looked at.
    """

    task_id: str
    mode: Literal["look", "fix", "undo"]
    run: str | None
    by: str
    complete: bool
    verdict: CheckVerdict | None
    since: Instant
    begun_at: Instant
    updated_at: Instant
    checks: int
    counts: dict[str, int]
    findings: list[DoctorFinding]
    changes: list[DoctorChange]
