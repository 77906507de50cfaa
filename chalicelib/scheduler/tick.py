"""The tick: once a minute, every job that is due within the horizon hands its slots over.

It keeps nothing between two ticks that it could not do without, looks back without limit, and never
judges: that is the worker's, at the slot's instant. Two ticks at once make the same writes, and
each is accepted once. A job that cannot be handed over does not delay another; one whose schedule
cannot be read is paused. The gate is read once, and nothing is handed over to whom it is closed.

When everything was looked at, the tick is recorded; a gap since the last one is marked with it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.background.gate.gate import Gate
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.scheduler.gap import Gap, gap
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import Due, Waking
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.schedules import InvalidSchedule

if TYPE_CHECKING:
    from chalicelib.scheduler.upkeep import Upkeep

_log = logging.getLogger("palyra.tick")
_COUNTS = ("due", "gated", "handed", "missed", "reviews", "failed", "disabled")
_OLDEST = "oldest_due_seconds"


@dataclass(kw_only=True, eq=False, repr=False)
class Tick:
    """Looks for what is due.

    Attributes:
        mark: marks a gap and records the tick that found it; False if another tick came first.
        upkeep: returns what changes jobs by itself; rarely needed, and more than a tick loads.
        own_last: when this container's last tick was. While that is recent there can be no gap,
            and nothing is read.
    """

    jobs: JobStore
    handover: Handover
    ticks: TickLog
    mark: Callable[[Gap], bool]
    upkeep: "Callable[[], Upkeep]"
    clock: Clock
    own_last: datetime | None = field(default=None, init=False)

    def run(self) -> dict[str, int]:
        """Hand over everything that is due within the horizon, and count it.

        Returns:
            How many jobs were due, or left alone for the gate, how many slots were handed over or
            missed, how many ranges of them wait for an operator, how many jobs failed, how many
            of these were paused for it, and how long ago the oldest slot was that nobody had
            handed over; 0 where all were yet to come.

        Raises:
            Unavailable: nobody knows whether the gate is open.
        """
        now, gate = self.clock.now(), self.handover.gates.read()
        counts = dict.fromkeys((*_COUNTS, _OLDEST), 0)
        for shard in range(self.handover.shards):
            for due in self.jobs.due(shard, now + self.handover.horizon):
                self._look_at(due, now, gate, counts)
        self._record(now, counts)
        return counts

    def _look_at(
        self, due: Due | Waking, now: datetime, gate: Gate, counts: dict[str, int]
    ) -> None:
        try:
            if isinstance(due, Waking):
                self._wake(due, now)
            elif gate.closed(due.owner):
                counts["gated"] += 1
            else:
                self._hand_over(due, now, gate, counts)
        except Unavailable:
            counts["failed"] += 1
            _log.warning("the next tick tries again", extra={"job": due.pk}, exc_info=True)
        except Exception as error:  # noqa: BLE001 - one broken job must not delay another
            counts["failed"] += 1
            _log.exception("one job could not be handed over", extra={"job": due.pk})
            self.upkeep().report_broken(due.pk, f"{type(error).__name__}: {error}")

    def _hand_over(self, due: Due, now: datetime, gate: Gate, counts: dict[str, int]) -> None:
        counts["due"] += 1
        late = int((now - due.slot).total_seconds())
        counts[_OLDEST] = max(counts[_OLDEST], late)
        try:
            handed = self.handover.hand_over(due, now, gate)
        except InvalidSchedule as error:
            counts["disabled"] += self.upkeep().disable(due.pk, str(error))
            counts["failed"] += 1
            return
        counts["handed"] += handed.sent
        counts["missed"] += handed.missed
        counts["reviews"] += handed.reviews

    def _wake(self, due: Waking, now: datetime) -> None:
        if due.at <= now:
            self.upkeep().wake(due.pk, due.at)

    def _record(self, now: datetime, counts: Mapping[str, int]) -> None:
        found = self._gap(now)
        if found is not None:
            self._mark(found)
        self.ticks.record(now, counts)
        self.own_last = now

    def _gap(self, now: datetime) -> Gap | None:
        horizon = self.handover.horizon
        if self.own_last is not None and gap(self.own_last, now, horizon) is None:
            return None
        return gap(self.ticks.last(), now, horizon)

    def _mark(self, found: Gap) -> None:
        _log.warning("nobody ticked for a while", extra={"gap_seconds": found.seconds})
        self.mark(found)
