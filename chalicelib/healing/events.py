"""What operators' writes on incidents leave in the journal; ids are derived."""

from datetime import datetime
from typing import Any

from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.journal.event import Event


def changed(
    owner: str,
    actor: str,
    after: RuntimeIncidentRecord,
    how: str,
    now: datetime,
    *,
    reason: str = "",
    remediation: str = "",
) -> Event:
    """Return the event of an incident that was acknowledged, resolved or remediated.

    A reason that somebody wrote is personal.

    Args:
        owner: whose operator it was: an incident of the stage is in the journal of who changed it.
        actor: who it was.
        after: the incident as it is then.
        how: what was done.
        now: when.
        reason: why, as somebody wrote it.
        remediation: which remedy was asked for.
    """
    details: dict[str, Any] = {
        "incident_owner": after.owner,
        "kind": after.kind,
        "severity": after.severity,
        "version": after.version,
    }
    if remediation:
        details["remediation"] = remediation
    return Event(
        id=f"{after.id}/{after.version}/{how}",
        owner=owner,
        kind=f"incident.{how}",
        actor=actor,
        subject=after.id,
        at=now,
        details=details,
        personal={"reason": reason} if reason else {},
    )
