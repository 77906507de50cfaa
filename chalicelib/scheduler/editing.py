"""Editing: an operator's write on a job is one transaction, decided anew on what is there by then.

The hot row is written while its version and next slot are as they were read, so neither a tick nor
another operator is overwritten. Slots that have passed without a row are ledgered in the same
transaction. The write's random id on the hot row tells one's own effect from another's.
"""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.background.shards import shard_of
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import TaskRef, slot_instant, slot_key
from chalicelib.clock import Clock
from chalicelib.errors import NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.scheduler.changes import Closed, Closing, Plan, Request, Rule
from chalicelib.scheduler.events import changed
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.job import KIND, Review, Seen, readable
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import Cancelled, owned

_TRIES = 8


@dataclass(kw_only=True, eq=False, repr=False)
class Editor:
    """Makes operators' writes on jobs."""

    jobs: JobStore
    work: WorkStore
    journal: JournalStore
    handover: Handover
    clock: Clock
    ids: Ids

    def write(self, owner: str, actor: str, job_id: str, rule: Rule) -> bool:
        """Make the write that a rule decides on, and hand over what it made due.

        Returns:
            Whether there was anything to write.

        Raises:
            NotFound: the owner has no such job.
            Unavailable: AWS did not answer, or the job changed at every try.
            PalyraError: whatever the rule refuses with.
        """
        op = self.ids.ulid(self.clock.now())
        for _ in range(_TRIES):
            seen = self._seen(owner, job_id)
            if seen.hot.op == op:
                self._kick(seen)
                return True
            # A clock that lags must not reach behind what an earlier write has closed.
            request = Request(actor, max(self.clock.now(), seen.hot.since), op)
            plan = rule(seen, request)
            if plan is None:
                return False
            if self._make(seen, plan, request):
                self._kick(plan.after)
                return True
        raise Unavailable("the job keeps changing", fix="try again")

    def _seen(self, owner: str, job_id: str) -> Seen:
        seen = self.jobs.seen(owned(owner, job_id))
        if seen is None:
            raise NotFound(f"there is no job {job_id!r:.120}")
        return seen

    def _make(self, seen: Seen, plan: Plan, request: Request) -> bool:
        """Make a write; False where it was refused, perhaps by its own effect."""
        closed, review = self._closed(seen, plan.closing, plan.now)
        plan = plan.reviewing(review)
        shard = shard_of(seen.pk, self.handover.shards)
        writes = self.jobs.change_write(seen, plan.after, shard)
        if closed is not None:
            writes.append(self.work.put_write(_range_row(seen, closed, shard, request.now)))
        try:
            self.journal.append_with(changed(seen, plan, closed, request), writes)
        except Cancelled:
            return False
        except Unavailable:
            # Perhaps only the reply was lost.
            hot = self.jobs.hot(seen.pk)
            if hot is None or hot.op != request.op:
                raise
        return True

    def _closed(
        self, seen: Seen, closing: Closing | None, now: datetime
    ) -> tuple[Closed | None, Review | None]:
        """Return the slots up to now that have no row, behind those that have one.

        A tick may have put a row that waits for an operator, and not have told the job yet: such
        slots are returned beside them.
        """
        schedule, first, review = readable(seen.hot.schedule), seen.hot.next, None
        for _ in range(_TRIES):
            if closing is None or first is None or first > now:
                return None, review
            row = self.work.get(TaskRef(seen.pk, slot_key(first)))
            if row is None:
                # Of a schedule that cannot be read, nobody knows which instants were slots.
                last = schedule.latest_until(now) if schedule else now.replace(microsecond=0)
                return Closed(first, max(last or first, first), closing), review
            passed = Review(first, slot_instant(row.last))
            review = passed.joined(review) if row.reason == Reason.REVIEW else review
            first = schedule.next_after(passed.last) if schedule else None
        raise Unavailable("the job's slots are being handed over", fix="try again")

    def _kick(self, seen: Seen) -> None:
        due = seen.due
        if due is not None:
            self.handover.kick(due, self.clock.now())


def _range_row(seen: Seen, closed: Closed, shard: int, now: datetime) -> NewTask:
    return NewTask(
        ref=TaskRef(seen.pk, slot_key(closed.first)),
        kind=KIND,
        outcome=closed.why.outcome,
        reason=closed.why.reason,
        lane=seen.hot.lane,
        shard=shard,
        last_attempt=seen.hot.max_attempts - 1,
        ver=seen.hot.ver,
        last=slot_key(closed.last),
        wake_at=None,
        created_at=now,
    )
