"""The tick: once a minute, every job that is due within the horizon hands its slots over.

It keeps nothing between two ticks that it could not do without, looks back without limit, and never
judges: that is the worker's, at the slot's instant. Two ticks at once make the same writes, and
each is accepted once. A job that cannot be handed over does not delay another.

When everything was looked at, the tick is recorded; a gap since the last one is marked with it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.clock import Clock
from chalicelib.scheduler.gap import Gap, gap
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import Due
from chalicelib.scheduler.store import JobStore, TickLog

_log = logging.getLogger("palyra.tick")


@dataclass(kw_only=True, eq=False, repr=False)
class Tick:
    """Looks for what is due.

    Attributes:
        mark: marks a gap and records the tick that found it; False if another tick came first.
        own_last: when this container's last tick was. While that is recent there can be no gap,
            and nothing is read.
    """

    jobs: JobStore
    handover: Handover
    ticks: TickLog
    mark: Callable[[Gap], bool]
    clock: Clock
    own_last: datetime | None = field(default=None, init=False)

    def run(self) -> dict[str, int]:
        """Hand over everything that is due within the horizon, and count it.

        Returns:
            How many jobs were due, slots handed over and jobs failed, and how long ago the oldest
            slot was that nobody had handed over; 0 where all were yet to come.
        """
        now = self.clock.now()
        counts = {"due": 0, "handed": 0, "failed": 0, "oldest_due_seconds": 0}
        for shard in range(self.handover.shards):
            for due in self.jobs.due(shard, now + self.handover.horizon):
                counts["due"] += 1
                late = int((now - due.slot).total_seconds())
                counts["oldest_due_seconds"] = max(counts["oldest_due_seconds"], late)
                self._hand_over(due, now, counts)
        self._record(now)
        return counts

    def _hand_over(self, due: Due, now: datetime, counts: dict[str, int]) -> None:
        try:
            counts["handed"] += self.handover.hand_over(due, now)
        except Exception:  # noqa: BLE001 - one broken job must not delay another
            counts["failed"] += 1
            _log.exception("one job could not be handed over", extra={"job": due.pk})

    def _record(self, now: datetime) -> None:
        found = self._gap(now)
        if found is None or not self._mark(found):
            self.ticks.record(now)
        self.own_last = now

    def _gap(self, now: datetime) -> Gap | None:
        horizon = self.handover.horizon
        if self.own_last is not None and gap(self.own_last, now, horizon) is None:
            return None
        return gap(self.ticks.last(), now, horizon)

    def _mark(self, found: Gap) -> bool:
        _log.warning("nobody ticked for a while", extra={"gap_seconds": found.seconds})
        return self.mark(found)
