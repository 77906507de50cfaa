"""Locking: a slot's task takes its job's lock, judged in the same write, or learns why it cannot.

What stands in the way is read, and the job's concurrency policy decides. Each try begins with the
lock's own write again, so what was decided by a read is never more than a proposal. The definition
is read only where slots meet; a task that is alone takes the lock by one write.
"""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.background.aftermath import Aftermath
from chalicelib.background.cancellation import Cancellation
from chalicelib.background.kinds import Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.store import LostClaim, WorkStore
from chalicelib.background.task import Task, TaskRef, slot_instant
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import Unavailable
from chalicelib.scheduler.conclusion import Conclusion
from chalicelib.scheduler.concurrency import Encounter, asks_for_waiter, meet
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.judgement import Close, Held, Stop, TryVersion, judge
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import Cancelled, Refused

_log = logging.getLogger("palyra.jobs")
_TRIES = 8


class LockContended(Exception):
    """The job's lock changed hands at every try."""


class Met(NamedTuple):
    """What a slot does about the lock's holder, who was seen like this."""

    what: Close | Encounter
    holder: Task | None


@dataclass(kw_only=True, eq=False, repr=False)
class JobLock:
    """Takes the locks of jobs."""

    jobs: JobStore
    work: WorkStore
    conclusion: Conclusion
    cancellation: Cancellation
    aftermath: Aftermath
    clock: Clock

    def take(self, task: Task, lease: Lease) -> Close | Waiting | None:
        """Take the job's lock; say why the slot does not run now where it does not.

        Raises:
            LostClaim: the task was taken away.
            LockContended: the lock changed hands at every try.
            Unavailable: AWS did not answer.
        """
        ver = task.ver
        for _ in range(_TRIES):
            refusal = self._refusal(task, ver)
            if refusal is None or isinstance(refusal, Close):
                return refusal
            if isinstance(refusal, TryVersion):
                ver = refusal.ver
                continue
            met = self._meet(task, refusal)
            if isinstance(met.what, Close):
                return met.what
            if met.what is Encounter.WAIT and self.jobs.wait(task, refusal):
                return self._waiting(task, refusal)
            if met.what is Encounter.STAND_BY:
                return self._standing_by(task, refusal)
            if met.what is Encounter.REPLACE and self._replace(task, refusal, met.holder, lease):
                return None
        raise LockContended

    def _refusal(self, task: Task, ver: int) -> Close | TryVersion | Held | None:
        """Take the lock, or say why it was refused."""
        try:
            self.jobs.lock(task, ver)
        except Refused as refused:
            judgement = judge(task, ver, refused.old)
            if isinstance(judgement, Stop):
                raise LostClaim(judgement.value) from refused
            return judgement
        return None

    def _meet(self, task: Task, held: Held) -> Met:
        holder = self.work.get(TaskRef(task.ref.pk, held.active))
        policy, waiter = self._policy(task), None
        if asks_for_waiter(task, held, policy):
            waiter = self.work.get(TaskRef(task.ref.pk, held.pending))
        met = meet(task, held, policy, holder, waiter)
        if met is Encounter.HELP_AWAY:
            self.conclusion.help_away(TaskRef(task.ref.pk, held.active), held.active_token, holder)
        return Met(met, holder)

    def _policy(self, task: Task) -> CronConcurrencyPolicy:
        definition = self.jobs.definition(task.ref.pk)
        return definition.concurrency if definition else CronConcurrencyPolicy.FORBID

    def _waiting(self, task: Task, held: Held) -> Waiting:
        def is_over() -> bool:
            hot = self.jobs.hot(task.ref.pk)
            return hot is not None and hot.active == task.ref.sk

        return Waiting(_live(held), is_over, is_sent=True)

    def _standing_by(self, task: Task, held: Held) -> Waiting:
        def is_over() -> bool:
            hot = self.jobs.hot(task.ref.pk)
            return hot is not None and hot.active != held.active

        return Waiting(_live(held), is_over, is_sent=False)

    def _replace(self, task: Task, held: Held, holder: Task | None, lease: Lease) -> bool:
        """Take the place of an older slot; False where something happened to it or to the job."""
        seen = self._childless(holder)
        if seen is None:
            return False
        now = self.clock.now()
        fence = self.work.renew_write(task, now)
        end = self.work.replace_write(seen, now, Reason.REPLACED)
        try:
            self.jobs.replace(task, held, seen, fence, end)
        except Cancelled as cancelled:
            if cancelled.refusals[0]:
                raise LostClaim from cancelled
            return False
        lease.renewed(now)
        self._conclude(seen)
        return True

    def _childless(self, holder: Task | None) -> Task | None:
        """Ask what a holder has delegated to stop, before it ends; None if it changed meanwhile."""
        if holder is None or not holder.children:
            return holder
        try:
            asked = self.work.request_cancel(holder, self.clock.now(), Reason.MAKES_WAY)
        except Refused:
            return None
        self.cancellation.reach_children(asked)
        return asked

    def _conclude(self, replaced: Task) -> None:
        """Record what came of a replaced slot: its own worker writes nothing more."""
        try:
            ended = self.work.get(replaced.ref)
            if ended is not None and ended.token == replaced.token + 1:
                self.aftermath.follow(ended)
        except Unavailable:
            _log.warning("the sweep concludes it", extra={"task": replaced.ref.id}, exc_info=True)


def _live(held: Held) -> str:
    return f"the slot of {rfc3339(slot_instant(held.active))} is live"
