"""Making up for slots of the past: replays of what waits for an operator, and backfills of a range.

Each slot is made up for at most once, whoever asks how often: a dedupe key stands for it, put in
one transaction with the firing and its event. The firings go the low lane, wait for each other and
for what is running, and may be asked for again where a request has died on its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from chalicelib.background.courier import Courier
from chalicelib.background.gate.store import GateStore
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import Lane, Origin, Task, TaskRef, slot_key
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import Conflict, Invalid, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.scheduler import events, past
from chalicelib.scheduler.changes import Plan, Request, Rule, planned
from chalicelib.scheduler.editing import Editor
from chalicelib.scheduler.job import Hot, JobState, Review, Seen, readable
from chalicelib.scheduler.running import beside, enabled, free_second, require_open
from chalicelib.scheduler.store import JobStore
from chalicelib.schedules import Schedule
from chalicelib.tables import Cancelled, owned

_TRIES = 16
_MOST_ROWS = 2_000
DEFAULT_REPLAYS = 3


class MadeUp(NamedTuple):
    """What a request made.

    Attributes:
        firings: the firings that make up for slots, in the order of these, new or not.
        following: from where to go on, where more was asked for than one request may make.
    """

    firings: Sequence[Task]
    following: datetime | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class MakeUp:
    """Makes up for slots that did not fire."""

    jobs: JobStore
    work: WorkStore
    journal: JournalStore
    courier: Courier
    gates: GateStore
    editor: Editor
    clock: Clock
    ids: Ids
    shards: int

    def replay(self, owner: str, actor: str, job_id: str, limit: int) -> MadeUp:
        """Fire the newest slots that wait for an operator, and close the review.

        Raises:
            NotFound: the owner has no such job.
            Conflict: nothing waits, the job does not fire, or the gate is closed.
            Unavailable: AWS did not answer; what was made is not made again.
        """
        hot = self._ready(owner, job_id)
        review = _reviewed(hot)
        rows = self.work.newest_first(owned(owner, job_id), slot_key(review.last))
        slots = past.to_review(islice(rows, _MOST_ROWS), _schedule(hot), review, limit)
        made = self._make_all(owner, actor, job_id, slots, Origin.REPLAY)
        self.editor.write(owner, actor, job_id, close_review(review, "replayed"))
        return MadeUp(made)

    def dismiss(self, owner: str, actor: str, job_id: str) -> None:
        """Let slots that wait for an operator be, for good; where none wait, nothing is written.

        Raises:
            NotFound: the owner has no such job.
            Unavailable: AWS did not answer, or the job changed at every try.
        """
        self.editor.write(owner, actor, job_id, close_review(None, "dismissed"))

    def backfill(
        self, owner: str, actor: str, job_id: str, first: datetime, last: datetime, limit: int
    ) -> MadeUp:
        """Fire the slots of a past range that have not fired, oldest first.

        Raises:
            NotFound: the owner has no such job.
            Invalid: the range is none, or not over yet.
            Conflict: the job does not fire, or the gate is closed.
            Unavailable: AWS did not answer; what was made is not made again.
        """
        now = self.clock.now()
        if first > last:
            raise Invalid(
                "it ends before it begins", field="to", fix='use one that is after "from"'
            )
        if last > now:
            raise Invalid("it is to come", field="to", fix=f"use at most {rfc3339(now)}")
        hot = self._ready(owner, job_id)
        if hot.next is not None:
            # What is next and later has no row yet, and is the ticks' to decide.
            last = min(last, hot.next - timedelta(seconds=1))
        slots = past.between(_schedule(hot), first, last, limit)
        made = self._make_all(owner, actor, job_id, slots.found, Origin.BACKFILL)
        return MadeUp(made, slots.following)

    def _ready(self, owner: str, job_id: str) -> Hot:
        hot = enabled(self.jobs, owner, job_id)
        require_open(self.gates, owner)
        return hot

    def _make_all(
        self, owner: str, actor: str, job_id: str, slots: Sequence[datetime], origin: Origin
    ) -> list[Task]:
        pk = owned(owner, job_id)
        rows = self.work.get_all(TaskRef(pk, slot_key(slot)) for slot in slots)
        made: list[Task] = []
        behind = self.clock.now()
        for slot in past.untouched(slots, rows.values()):
            task = self._make(TaskRef(pk, slot_key(slot)), actor, origin, behind)
            made.append(task)
            behind = max(behind, task.ref.slot)
        return made

    def _make(self, slot: TaskRef, actor: str, origin: Origin, behind: datetime) -> Task:
        """Make the firing that stands for a slot, or return the one that was made."""
        key, op = past.stands_for(slot), self.ids.ulid(self.clock.now())
        for _ in range(_TRIES):
            if made := self.work.deduped(slot.owner, key):
                return made
            now = self.clock.now()
            hot = enabled(self.jobs, slot.owner, slot.subject)
            second = free_second(hot, max(behind, now, hot.since))
            new = self._row(TaskRef(slot.pk, slot_key(second)), hot, now)
            new = replace(new, requested_by=actor, origin=origin, stands_for=slot.sk)
            writes = [self.work.put_write(new), self.work.dedupe_write(slot.owner, key, new)]
            try:
                self.journal.append_with(events.run(new, op), writes)
            except Cancelled:
                behind = second  # Or it was made meanwhile, perhaps by this very write.
                continue
            return self._sent(new.ref)
        raise Unavailable("the seconds to come are all taken", fix="try again")

    def _row(self, ref: TaskRef, hot: Hot, now: datetime) -> NewTask:
        return beside(ref, hot, now, lane=Lane.LOW, shards=self.shards, lease=self.work.lease)

    def _sent(self, ref: TaskRef) -> Task:
        task = self.work.get(ref)
        if task is None:
            raise Unavailable
        self.courier.try_to_send(task)
        return task


def close_review(review: Review | None, verb: str) -> Rule:
    """Return the rule that an operator has decided about missed slots.

    Args:
        review: what was decided about; None for all that waits. What was added since waits on.
        verb: what was decided.
    """

    def rule(seen: Seen, request: Request) -> Plan | None:
        open_review = seen.hot.standing.review
        if seen.hot.state is JobState.DELETED or open_review is None:
            return None
        standing = replace(seen.hot.standing, review=_left(seen.hot, open_review, review))
        return planned(verb, seen, request, hot=replace(seen.hot, standing=standing))

    return rule


def _left(hot: Hot, waits: Review, decided: Review | None) -> Review | None:
    schedule = readable(hot.schedule)
    if decided is None or schedule is None or waits.last <= decided.last:
        return None
    following = schedule.next_after(decided.last)
    return Review(following, waits.last) if following else None


def _reviewed(hot: Hot) -> Review:
    if hot.standing.review is None:
        raise Conflict("no missed slots wait for a decision", fix="ask for a backfill instead")
    return hot.standing.review


def _schedule(hot: Hot) -> Schedule:
    schedule = readable(hot.schedule)
    if schedule is None:
        raise Conflict("the job's schedule cannot be read", fix="give it a new schedule first")
    return schedule
