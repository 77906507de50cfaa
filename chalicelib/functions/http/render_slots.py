"""Slots to come, and the gate, as answers."""

from datetime import datetime

from chalicelib.background.gate.gate import EVERYTHING, Gate
from chalicelib.clock import rfc3339
from chalicelib.functions.http import views
from chalicelib.scheduler.job import Job, JobState
from chalicelib.scheduler.preview import preview as fires
from chalicelib.scheduler.preview import zone_of


def preview(job: Job, now: datetime) -> views.Preview:
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


def gate(gate: Gate, owner: str) -> views.Gate:
    """Return the gate as an owner sees it."""
    own = gate.periods.get(owner, ())
    everything = gate.periods.get(EVERYTHING, ())
    period = gate.closed(owner)
    return {
        "paused": period is not None,
        "since": rfc3339(period.since) if period else None,
        "by": period.by if period else None,
        "owner": bool(own) and own[-1].until is None,
        "everything": bool(everything) and everything[-1].until is None,
    }
