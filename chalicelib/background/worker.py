"""The worker: from a message to the end of its task.

A message that comes early is sent again. A claim makes deliveries once; a refused claim is
dropped, unless it finds a terminal task that nobody concluded. An attempt that fails is the task's
matter (another attempt, or the end); only infrastructure fails the function, and the lease then
ends.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.background.kinds import Ending, Kind
from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import End, LostClaim, WorkStore
from chalicelib.background.task import Outcome, State, Task, TaskRef, retry_pause
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.journal.store import JournalStore
from chalicelib.tables import Cancelled, Refused

_log = logging.getLogger("palyra.worker")
_CLAIM_BYTES = 12


@dataclass(kw_only=True, eq=False, repr=False)
class Worker:
    """Carries out the tasks of one lane."""

    work: WorkStore
    queue: LaneQueue
    journal: JournalStore
    kinds: Mapping[str, Kind]
    clock: Clock
    random_bytes: Callable[[int], bytes]
    retry_base: timedelta

    def handle(self, ref: TaskRef) -> None:
        """Carry out the task that a message points to, if it is ours to carry out.

        Raises:
            Unavailable: infrastructure failed; the sweep finds the task again.
        """
        now = self.clock.now()
        if now < ref.slot:
            self.queue.send(ref, ref.slot - now)
            return
        try:
            task = self.work.claim(ref, self.random_bytes(_CLAIM_BYTES).hex(), now)
        except Refused as refused:
            self._refused(refused.old, now)
            return
        try:
            self._carry_out(task)
        except LostClaim:
            _log.warning("the task was taken away", extra={"token": task.token})

    def _refused(self, task: Task | None, now: datetime) -> None:
        if task is None:
            _log.warning("the message points to no task")
        elif task.not_before and task.not_before > now and not task.state.is_terminal:
            self.queue.send(task.ref, task.not_before - now)
        elif task.state.is_terminal and task.lease_is_over(now):
            self._complete(task)

    def _complete(self, task: Task) -> None:
        """Conclude a task whose worker died between its end and its conclusion."""
        kind = self.kinds.get(task.kind)
        if kind and not kind.conclusion.is_concluded(task):
            _log.warning("concluding a task that nobody concluded")
            kind.conclusion.conclude(task, again=True)

    def _carry_out(self, task: Task) -> None:
        kind = self.kinds.get(task.kind)
        if kind is None:
            self._attempt_failed(task, f"no function knows the kind {task.kind!r}")
            return
        try:
            ending = kind.perform(task)
        except (LostClaim, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - an attempt fails in ways nobody can list
            _log.exception("the attempt failed")
            self._attempt_failed(task, f"{type(error).__name__}: {error}"[:200])
            return
        ended = self._end(task, ending)
        _log.info("a task ended", extra={"state": ended.state, "outcome": ended.outcome})
        if not ending.is_clean:
            kind.conclusion.conclude(ended)

    def _end(self, task: Task, ending: Ending) -> Task:
        now = self.clock.now()
        if ending.event is None:
            return self.work.end(task, ending.end, now)
        try:
            self.journal.append_with(ending.event, [self.work.end_write(task, ending.end, now)])
        except Cancelled as cancelled:
            raise LostClaim from cancelled
        ended = self.work.get(task.ref)
        if ended is None:
            raise LostClaim
        return ended

    def _attempt_failed(self, task: Task, reason: str) -> None:
        if task.attempt < task.last_attempt:
            pause = retry_pause(task.attempt, self.retry_base)
            self.work.rearm(task, self.clock.now() + pause)
            self.queue.send(task.ref, pause)
            return
        end = End(state=State.FAILED, outcome=Outcome.FIRED, reason=reason)
        ended = self.work.end(task, end, self.clock.now())
        if task.kind in self.kinds:
            self.kinds[task.kind].conclusion.conclude(ended)
