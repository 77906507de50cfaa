"""Handing a job's due slots over: ledger row, advance, message, in this order always (T1, T2, T3).

The row is put first, so that no slot is passed over without one. A row that exists is completed,
never decided again: the job advances behind the last slot of that row, and its message is sent
once more. Ticks do this, and so does whatever makes a job due (kick on write).
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.background.courier import Courier
from chalicelib.background.shards import shard_of
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import Outcome, Task, TaskRef, slot_instant, slot_key
from chalicelib.errors import Unavailable
from chalicelib.scheduler.job import KIND, Due
from chalicelib.scheduler.misfire import plan
from chalicelib.scheduler.store import JobStore
from chalicelib.schedules import InvalidSchedule, Schedule, read_schedule

_log = logging.getLogger("palyra.handover")


@dataclass(kw_only=True, eq=False, repr=False)
class Handover:
    """Hands slots over."""

    jobs: JobStore
    work: WorkStore
    courier: Courier
    grace: timedelta
    shards: int

    @property
    def horizon(self) -> timedelta:
        """Return how far ahead of its instant a slot is handed over: as far as messages go."""
        return self.courier.horizon

    def hand_over(self, due: Due, now: datetime) -> int:
        """Hand over a job's slots up to the horizon; return how many.

        Raises:
            InvalidSchedule: the stored schedule cannot be read.
            Unavailable: AWS did not answer; the next tick goes on.
        """
        schedule = read_schedule(due.schedule)
        handed = 0
        while due.slot <= now + self.horizon:
            row = self.work.put(self._row(due, schedule, now))
            following = schedule.next_after(slot_instant(row.last))
            advanced = self.jobs.advance(due, following)
            handed += self._send(row)
            if following is None or not advanced:
                break
            due = replace(due, slot=following)
        return handed

    def kick(self, due: Due, now: datetime) -> None:
        """Hand over a job's slots at once, after an operator's write.

        The write was made already, so a failure is left to the next tick.
        """
        try:
            self.hand_over(due, now)
        except (Unavailable, InvalidSchedule):
            _log.warning("the next tick hands over", extra={"job": due.pk}, exc_info=True)

    def _row(self, due: Due, schedule: Schedule, now: datetime) -> NewTask:
        decided = plan(due.slot, schedule, now, self.grace)
        is_handed = decided.outcome is Outcome.HANDED
        return NewTask(
            ref=TaskRef(due.pk, slot_key(due.slot)),
            kind=KIND,
            outcome=decided.outcome,
            reason=decided.reason,
            lane=due.lane,
            shard=shard_of(due.pk, self.shards),
            last_attempt=due.max_attempts - 1,
            ver=due.ver,
            last=slot_key(decided.last),
            wake_at=max(due.slot, now) + self.work.lease if is_handed else None,
            created_at=now,
        )

    def _send(self, row: Task) -> int:
        _log.info(
            "a slot was ledgered", extra={"correlation_id": row.ref.run_id, "outcome": row.outcome}
        )
        if row.state.is_terminal:
            return 0
        return int(self.courier.send(row))
