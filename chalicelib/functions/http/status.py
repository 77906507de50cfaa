"""`/v1/status`: what the probes of the rooms say, and what follows from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from chalicelib.clock import rfc3339
from chalicelib.functions.http import render_slots, status_views
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.tools import background_health, scheduler_health
from chalicelib.scheduler.store import SweepLog
from chalicelib.settings import stage
from chalicelib.status import Signs, complaints
from chalicelib.tables import SYSTEM
from chalicelib.version import VERSION


def status(of: Container, owner: str) -> status_views.Status:
    """Return how a stage is, with the incidents and heartbeats of an owner.

    Raises:
        Unavailable: a probe got no answer.
    """
    now, scheduler, last_sweep = of.clock.now(), scheduler_health(of).health(), SweepLog().last()
    counts = [api.incidents(of).counts(each) for each in (owner, SYSTEM)]
    active = sum(sum(count.active.values()) for count in counts)
    signs = Signs(
        last_tick=_instant(scheduler["last_tick"]),
        oldest_due_slot=_instant(scheduler["oldest_due_slot"]),
        active_incidents=active,
        failed_jobs=(scheduler["last_counts"] or {}).get("failed", 0),
        last_sweep=last_sweep,
    )
    reasons = complaints(signs, now, of.settings.misfire_grace)
    background: Any = background_health(of).health()
    return {
        "status": "degraded" if reasons else "ok",
        "reasons": reasons,
        "stage": stage(),
        "version": VERSION,
        "time": rfc3339(now),
        "gate": render_slots.gate(api.gate(of).read(), owner),
        "self_healing_active_incidents": active,
        "self_healing_resolved_incidents": sum(sum(each.resolved.values()) for each in counts),
        "self_healing_heartbeat_count": api.heartbeats(of).count(owner),
        "last_sweep": rfc3339(last_sweep) if last_sweep else None,
        "scheduler": {
            "last_tick": scheduler["last_tick"],
            "last_counts": _counts(scheduler["last_counts"]),
            "oldest_due_slot": scheduler["oldest_due_slot"],
            "next_slot": scheduler["next_slot"],
        },
        "background": background,
    }


def _counts(told: Mapping[str, int] | None) -> status_views.TickCounts | None:
    if told is None:
        return None
    counts: Any = {name: told.get(name, 0) for name in status_views.TickCounts.__annotations__}
    return cast(status_views.TickCounts, counts)


def _instant(shown: str | None) -> datetime | None:
    return datetime.fromisoformat(shown) if shown else None
