"""The tick: once a minute, every job that is due within the horizon hands its slots over.

It keeps nothing between two ticks, looks back without limit, and never judges: that is the
worker's, at the slot's instant. Two ticks at once make the same writes, and each is accepted once.
A job that cannot be handed over does not delay another.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from chalicelib.clock import Clock
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import Due
from chalicelib.scheduler.store import JobStore, TickLog

_log = logging.getLogger("palyra.tick")


@dataclass(kw_only=True, eq=False, repr=False)
class Tick:
    """Looks for what is due."""

    jobs: JobStore
    handover: Handover
    ticks: TickLog
    clock: Clock

    def run(self) -> dict[str, int]:
        """Hand over everything that is due within the horizon, and count it."""
        now = self.clock.now()
        counts = {"due": 0, "handed": 0, "failed": 0}
        for shard in range(self.handover.shards):
            for due in self.jobs.due(shard, now + self.handover.horizon):
                counts["due"] += 1
                self._hand_over(due, now, counts)
        self.ticks.record(now)
        return counts

    def _hand_over(self, due: Due, now: datetime, counts: dict[str, int]) -> None:
        try:
            counts["handed"] += self.handover.hand_over(due, now)
        except Exception:  # noqa: BLE001 - one broken job must not delay another
            counts["failed"] += 1
            _log.exception("one job could not be handed over", extra={"job": due.pk})
