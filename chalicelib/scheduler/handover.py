"""Handing a job's due slots over: ledger row, advance, message, in this order always (T1, T2, T3).

The row is put first, so that no slot is passed over without one. A row that exists is completed,
never decided again: the job advances behind the last slot of that row, and its message is sent
once more. Ticks do this, and so does whatever makes a job due (kick on write).

While the gate of its owner is closed, a job is left as it is. Slots that came due meanwhile are
ledgered as paused when it is open again, whenever a tick comes to it.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.background.courier import Courier
from chalicelib.background.gate.gate import Gate
from chalicelib.background.gate.store import GateStore
from chalicelib.background.shards import shard_of
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import Outcome, Task, TaskRef, slot_instant, slot_key
from chalicelib.errors import Unavailable
from chalicelib.scheduler.jitter import begins_at
from chalicelib.scheduler.job import KIND, Due, Review
from chalicelib.scheduler.misfire import Plan, plan
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.rebase import is_outdated, rebased, rebased_slot
from chalicelib.scheduler.store import JobStore
from chalicelib.schedules import InvalidSchedule, Schedule, count_slots, read_schedule

_log = logging.getLogger("palyra.handover")


class Handed(NamedTuple):
    """What became of a job's due slots.

    Attributes:
        sent: how many were sent on their way.
        missed: how many were not handed over in time, and do not run for that.
        reviews: how many ranges of them wait for an operator.
    """

    sent: int = 0
    missed: int = 0
    reviews: int = 0


@dataclass(kw_only=True, eq=False, repr=False)
class Handover:
    """Hands slots over."""

    jobs: JobStore
    work: WorkStore
    courier: Courier
    gates: GateStore
    grace: timedelta
    shards: int

    @property
    def horizon(self) -> timedelta:
        """Return how far ahead of its instant a slot is handed over: as far as messages go."""
        return self.courier.horizon

    def hand_over(self, due: Due, now: datetime, gate: Gate) -> Handed:
        """Hand over a job's slots up to the horizon; return what became of them.

        Raises:
            InvalidSchedule: the stored schedule cannot be read.
            Unavailable: AWS did not answer; the next tick goes on.
        """
        schedule, handed = read_schedule(due.schedule), Handed()
        if gate.closed(due.owner):
            return handed
        if is_outdated(schedule):
            schedule = rebased(schedule)
            slot = rebased_slot(schedule, due.slot)
            if not self.jobs.rebase(due, schedule.text(), slot):
                return handed
            due = replace(due, slot=slot, schedule=schedule.text())
        while due.slot <= now + self.horizon:
            row = self.work.put(self._row(due, schedule, now, gate))
            last = slot_instant(row.last)
            following, review = schedule.next_after(last), None
            if row.reason == Reason.REVIEW:
                review = Review(due.slot, last)
            advanced = self.jobs.advance(due, following, review)
            handed = _added(handed, row, self._send(row), schedule)
            if following is None or not advanced:
                break
            due = replace(due, slot=following)
        return handed

    def kick(self, due: Due, now: datetime) -> None:
        """Hand over a job's slots at once, after an operator's write.

        The write was made already, so a failure is left to the next tick.
        """
        try:
            self.hand_over(due, now, self.gates.read())
        except (Unavailable, InvalidSchedule):
            _log.warning("the next tick hands over", extra={"job": due.pk}, exc_info=True)

    def _row(self, due: Due, schedule: Schedule, now: datetime, gate: Gate) -> NewTask:
        decided = self._plan(due, schedule, now, gate)
        begins, wake_at = None, None
        if decided.outcome is Outcome.HANDED:
            begins = self._begins(due, schedule, decided)
            wake_at = self._look(begins or due.slot, now)
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
            wake_at=wake_at,
            not_before=begins,
            created_at=now,
            origin=decided.origin,
        )

    def _plan(self, due: Due, schedule: Schedule, now: datetime, gate: Gate) -> Plan:
        period = gate.covering(due.owner, due.slot)
        if period is not None and period.until is not None:
            last = schedule.latest_until(period.until) or due.slot
            return Plan(Outcome.PAUSED, last, Reason.GATE)
        until = gate.next_since(due.owner, due.slot)
        return plan(due.slot, schedule, now, self.grace, due.misfire, until)

    def _begins(self, due: Due, schedule: Schedule, decided: Plan) -> datetime | None:
        if not due.jitter or decided.origin.is_patient:
            return None
        return begins_at(due.pk, due.slot, schedule.next_after(due.slot), due.jitter)

    def _look(self, begins: datetime, now: datetime) -> datetime:
        """Return when the sweep looks at a row: after its message, or when that is to be sent."""
        begins = max(begins, now)
        if begins > now + self.horizon:
            return begins - self.horizon
        return begins + self.work.lease

    def _send(self, row: Task) -> int:
        _log.info(
            "a slot was ledgered", extra={"correlation_id": row.ref.run_id, "outcome": row.outcome}
        )
        if row.state.is_terminal:
            return 0
        return int(self.courier.send(row))


def _added(handed: Handed, row: Task, sent: int, schedule: Schedule) -> Handed:
    if row.outcome is not Outcome.MISFIRED:
        return handed._replace(sent=handed.sent + sent)
    missed = count_slots(schedule, row.ref.slot, slot_instant(row.last)).number
    reviews = handed.reviews + (row.reason == Reason.REVIEW)
    return handed._replace(missed=handed.missed + missed, reviews=reviews)
