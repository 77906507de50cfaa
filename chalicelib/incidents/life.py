"""What becomes of an incident besides being seen: acknowledged, remedied, escalated, resolved."""

from dataclasses import replace
from datetime import datetime

from chalicelib.incidents.incident import IncidentState, RuntimeIncidentRecord


def resolved(
    record: RuntimeIncidentRecord, now: datetime, *, by: str = ""
) -> RuntimeIncidentRecord:
    """Return the record of an incident that is over; one that is resolved already is unchanged.

    Args:
        record: the incident.
        now: the instant of the resolution.
        by: the operator who says so. What flapped begins anew then; the sweep's word is not enough.
    """
    if not record.is_active:
        return record
    after = replace(_changed(record, now), state=IncidentState.RESOLVED)
    after = replace(after, resolved_at=after.changed_at)
    return replace(after, returns=(), is_escalated=False) if by else after


def acknowledged(record: RuntimeIncidentRecord, by: str, now: datetime) -> RuntimeIncidentRecord:
    """Return the record of an incident that an operator knows of; the first one stays named."""
    if record.acknowledged_by or not record.is_active:
        return record
    return replace(_changed(record, now), acknowledged_at=now, acknowledged_by=by)


def remediating(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
    """Return the record of an incident that something is done about."""
    return replace(
        _changed(record, now),
        state=IncidentState.REMEDIATING,
        tries=record.tries + 1,
        tried_at=now,
    )


def not_remedied(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
    """Return the record of an incident after what was done about it failed."""
    return replace(_changed(record, now), state=IncidentState.OPEN)


def left_alone(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
    """Return the record of an incident that was told what was done, or would have been."""
    version = record.version + 1
    return replace(record, tries=record.tries + 1, tried_at=now, version=version)


def escalated(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
    """Return the record of an incident that is left to an operator."""
    return replace(
        _changed(record, now),
        state=IncidentState.OPEN,
        is_escalated=True,
        severity=record.severity.raised,
    )


def _changed(record: RuntimeIncidentRecord, now: datetime) -> RuntimeIncidentRecord:
    # The history of an incident never runs backwards, whatever the clocks of its writers say.
    at = max(now, record.last_seen, record.changed_at)
    return replace(record, changed_at=at, version=record.version + 1)
