"""RuntimeRemediationAttempt: something that was done about an incident, or would have been."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.incidents.bounds import REASON_CHARACTERS, cut
from chalicelib.incidents.incident import RuntimeIncidentRecord


class AttemptStatus(StrEnum):
    """What became of an attempt; one that is still planned after minutes was never finished."""

    PLANNED = "planned"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeRemediationAttemptRecord:
    """One attempt at a remediation.

    Attributes:
        id: within its incident: the version that the attempt made of it.
        remediation: what was to be done, by its name.
        by: who decided it: an operator, `system:healing` in the mode `auto`, or `system:sweep`
            where the protocol itself does it.
        detail: what it did, or why it did not.
        recorded_at: when it was planned.
        ended_at: when it was over; None while it is planned.
    """

    id: str
    owner: str
    incident_id: str
    remediation: str
    by: str
    status: AttemptStatus
    detail: str
    recorded_at: datetime
    ended_at: datetime | None = None

    def ended(
        self, status: AttemptStatus, detail: str, now: datetime
    ) -> "RuntimeRemediationAttemptRecord":
        """Return the attempt when it is over."""
        told = cut(detail, REASON_CHARACTERS)
        return replace(self, status=status, detail=told, ended_at=max(now, self.recorded_at))


def planned(
    after: RuntimeIncidentRecord, remediation: str, by: str, plan: str, now: datetime
) -> RuntimeRemediationAttemptRecord:
    """Return an attempt that is to be made.

    Args:
        after: the incident, as the attempt makes it.
        remediation: what is to be done, by its name.
        by: who decided it.
        plan: what is to be done, in words.
        now: the instant of the plan.
    """
    return RuntimeRemediationAttemptRecord(
        id=str(after.version),
        owner=after.owner,
        incident_id=after.id,
        remediation=remediation,
        by=by,
        status=AttemptStatus.PLANNED,
        detail=plan,
        recorded_at=now,
    )
