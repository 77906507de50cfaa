"""What the scheduler can say of its own health."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.clock import Clock, rfc3339
from chalicelib.scheduler.store import JobStore, TickLog


@dataclass(kw_only=True, eq=False, repr=False)
class SchedulerHealth:
    """Reads the earliest next slot of every shard, and the tick log."""

    jobs: JobStore
    ticks: TickLog
    clock: Clock
    shards: int

    def health(self) -> Mapping[str, Any]:
        """Return the last tick, and the oldest slot that is due but not handed over."""
        now, last = self.clock.now(), self.ticks.last()
        slots = [slot for shard in range(self.shards) for slot in self.jobs.next_slots(shard)]
        oldest_due = min((slot for slot in slots if slot <= now), default=None)
        return {
            "last_tick": rfc3339(last) if last else None,
            "oldest_due_slot": rfc3339(oldest_due) if oldest_due else None,
            "next_slot": rfc3339(min(slots)) if slots else None,
        }
