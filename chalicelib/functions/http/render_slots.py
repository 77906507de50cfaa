"""Slots to come, how a job is doing, and the gate, as answers."""

from datetime import datetime

from chalicelib.background.gate.gate import EVERYTHING, Gate
from chalicelib.clock import rfc3339
from chalicelib.functions.http import job_views, status_views
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.preview import preview as fires
from chalicelib.scheduler.preview import zone_of
from chalicelib.scheduler.snapshot import Snapshot


def preview(job: Job, now: datetime) -> job_views.Preview:
    """Return a job's next slots; one that does not fire has none."""
    schedule = job.schedule
    if schedule is None or job.state is not JobState.ENABLED:
        return {"timezone": zone_of(schedule) if schedule else None, "slots": []}
    return {
        "timezone": zone_of(schedule),
        "slots": [
            {
                "slot": rfc3339(fire.slot),
                "local": fire.local.isoformat(timespec="seconds"),
                "note": fire.note or None,
            }
            for fire in fires(schedule, now)
        ],
    }


def snapshot(seen: Snapshot) -> job_views.JobSnapshot:
    """Return how a job is doing."""
    oldest, waits = seen.oldest_unfired, seen.review
    review: job_views.SlotRange | None = None
    if waits is not None:
        review = {"first": rfc3339(waits.first), "last": rfc3339(waits.last)}
    return {
        "state": seen.state,
        "health": seen.health,
        "reasons": list(seen.reasons),
        "due": seen.due,
        "oldest_unfired_slot": rfc3339(oldest) if oldest else None,
        "active": seen.active or None,
        "waiting": seen.waiting or None,
        "missed": seen.missed,
        "counted_since": rfc3339(seen.counted_since),
        "review_required": review,
        "failures": seen.failures,
        "paused_with_everything": seen.is_gated,
    }


def gate(gate: Gate, owner: str) -> status_views.Gate:
    """Return the gate as an owner sees it."""
    period = gate.closed(owner)
    return {
        "paused": period is not None,
        "since": rfc3339(period.since) if period else None,
        "by": period.by if period else None,
        "reason": gate.why(owner) or None,
        "owner": gate.is_closed_by(owner),
        "everything": gate.is_closed_by(EVERYTHING),
    }
