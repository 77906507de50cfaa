"""The sweep: whatever is open and was not looked at in time is sent again, rescued or ended.

It reads keys from an index that may lag, and then each task itself; two sweeps at once do the same
writes, and only one of each is accepted. One broken task does not keep it from the others. Where
more messages wait in a lane than its workers take at once, one that nobody took is probably among
them: it is not repeated. Where fewer wait, it would have been taken by now. Nothing is sent while
the gate is closed; what is to end or to be concluded is seen to all the same.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from chalicelib.background.aftermath import Aftermath
from chalicelib.background.cancellation import Cancellation
from chalicelib.background.courier import Courier
from chalicelib.background.gate.gate import Gate
from chalicelib.background.gate.store import GateStore
from chalicelib.background.looking import (
    Pace,
    SweepAction,
    next_look,
    resend_look,
    sends_into_backlog,
    sweep_action,
    unbegun,
)
from chalicelib.background.rescues import Told
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Lane, State, Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.tables import Refused

_log = logging.getLogger("palyra.sweep")
ATTEMPTS_USED_UP = "the last attempt's lease ended without a result"
OLDEST = "oldest_unbegun_seconds"
CHILD_TIMED_OUT = "delegated_child_timeout"
# Work that waits for the gate goes on at most so long after it was opened.
GATED_PAUSE = timedelta(minutes=5)


@dataclass(kw_only=True, eq=False, repr=False)
class Sweep:
    """Looks after the open tasks of all lanes.

    Attributes:
        told: who is told of what was dead or lost, or nobody.
    """

    work: WorkStore
    courier: Courier
    aftermath: Aftermath
    cancellation: Cancellation
    incidents: IncidentStore
    gates: GateStore
    clock: Clock
    pace: Pace
    shards: int
    told: Told | None = None

    def run(self, until: datetime) -> dict[str, int]:
        """Look at every open task that is due, and count what was done.

        Beside the counts it says how many seconds ago the oldest slot was due, of those it looked
        at, that no worker had ever taken.

        Args:
            until: when to stop; the next sweep goes on with what is left.

        Raises:
            Unavailable: nobody knows whether the gate is open.
        """
        done = dict.fromkeys([*SweepAction, "broken", OLDEST], 0)
        has_backlog, gate = cache(self._has_backlog), self.gates.read()
        for ref in self._due():
            if self.clock.now() >= until:
                _log.warning("the sweep ran out of time")
                break
            done[self._look_at(ref, has_backlog, gate, done)] += 1
        return {str(action): count for action, count in done.items()}

    def look_now(self, ref: TaskRef) -> SweepAction:
        """Look at one task at once, however long its re-sends are to pause.

        A message that is sent so comes beside the sweep's own: it is not counted among them, and
        the sweep looks again as early as it would have, since its looks are what measures delays.

        Raises:
            Unavailable: AWS did not answer.
        """
        task, gate = self.work.get(ref), self.gates.read()
        if task is None or task.wake_at is None:
            return SweepAction.NOTHING
        now = self.clock.now()
        if not _is_overdue(task, now):
            return self._act(task, self._has_backlog, gate)
        task = replace(task, wake_at=min(task.wake_at, now))
        if sweep_action(task, now, self.pace) is SweepAction.SEND:
            return self._send_beside(task, gate)
        return self._act(task, self._has_backlog, gate)

    def _due(self) -> Iterator[TaskRef]:
        for lane in self.courier.lanes:
            for shard in range(self.shards):
                yield from self.work.due(lane, shard, self.clock.now())

    def _look_at(
        self, ref: TaskRef, has_backlog: Callable[[str], bool], gate: Gate, done: dict[str, int]
    ) -> str:
        try:
            task = self.work.get(ref)
            if task is None:
                return SweepAction.NOTHING
            if not gate.excuses(ref.owner, task.due or self.clock.now()):
                late = int(unbegun(task, self.clock.now()).total_seconds())
                done[OLDEST] = max(done[OLDEST], late)
            return self._act(task, has_backlog, gate)
        except Unavailable:
            _log.warning("the next sweep looks again", extra={"correlation_id": ref.id})
        except Exception as error:  # noqa: BLE001 - one broken task must not delay another
            _log.exception("one task could not be swept", extra={"correlation_id": ref.id})
            self._report(ref, f"{type(error).__name__}: {error}")
        return "broken"

    def _report(self, ref: TaskRef, error: str) -> None:
        now = self.clock.now()
        sighting = Sighting(
            owner=ref.owner,
            kind=kinds.NOT_SWEPT,
            dedupe_key=f"sweep:{ref.id}",
            summary="a task cannot be looked after",
            detail=f"The sweep fails at it: {error}",
            related=(ref.id,),
            subject=ref.id,
            occurrence=f"{ref.id}@{now:%Y-%m-%dT%H:%M}",
        )
        with suppress(Unavailable):
            self.incidents.raise_(sighting, now)

    def _act(self, task: Task, has_backlog: Callable[[str], bool], gate: Gate) -> SweepAction:
        now = self.clock.now()
        action = sweep_action(task, now, self.pace)
        if action is SweepAction.SEND and gate.closed(task.ref.owner):
            self.work.look_again(task, now + GATED_PAUSE)
            return SweepAction.WAIT
        _log.info("a task was looked at", extra={"correlation_id": task.ref.id, "action": action})
        if self.told:
            self.told.rescuing(task, action, now)
        if self._made(task, action, now, has_backlog) and self.told:
            self.told.rescued(task, action, now)
        return action

    def _made(
        self, task: Task, action: SweepAction, now: datetime, has_backlog: Callable[[str], bool]
    ) -> bool:
        """Make a move; False where somebody was faster, or a message need not be sent."""
        if action is SweepAction.SEND:
            return self._send(task, now, has_backlog)
        if action is SweepAction.WAIT:
            return self.work.look_again(task, next_look(task, now, self.pace))
        if action is SweepAction.CANCEL:
            return self.cancellation.carry_out(task)
        if action is SweepAction.CONCLUDE:
            return self.aftermath.complete(task)
        return action is not SweepAction.NOTHING and self._end(task, action, now)

    def _send(self, task: Task, now: datetime, has_backlog: Callable[[str], bool]) -> bool:
        due = max(task.due or now, now)
        if due > now + self.pace.horizon:
            self.work.look_again(task, due - self.pace.horizon)
            return False
        waits = _waits(task, has_backlog)
        if self.told:
            self.told.untaken(task, now, has_backlog=waits)
        sends = sends_into_backlog(task) or not waits
        if sends:
            self.courier.send(task)
        self.work.note_resent(task, resend_look(task, now, has_backlog=waits))
        return sends

    def _send_beside(self, task: Task, gate: Gate) -> SweepAction:
        if gate.closed(task.ref.owner):
            return SweepAction.WAIT
        if _waits(task, self._has_backlog) and not sends_into_backlog(task):
            return SweepAction.WAIT
        self.courier.send(task)
        return SweepAction.SEND

    def _end(self, task: Task, action: SweepAction, now: datetime) -> bool:
        try:
            if action is SweepAction.STOP:
                self.work.request_cancel(task, now, CHILD_TIMED_OUT)
                return True
            if action is SweepAction.FAIL:
                ended = self.work.fail(task, ATTEMPTS_USED_UP, now)
            else:
                ended = self.work.expire(task, now)
        except Refused:
            return False  # It was rescued or ended meanwhile.
        self.aftermath.follow(ended)
        return True

    def _has_backlog(self, lane: str) -> bool:
        try:
            return self.courier.lanes[lane].depths()["waiting"] > Lane(lane).workers
        except Unavailable:
            return False


def _waits(task: Task, has_backlog: Callable[[str], bool]) -> bool:
    """Return whether a message that was sent again is probably among the many of its lane."""
    return task.resends > 0 and has_backlog(task.lane)


def _is_overdue(task: Task, now: datetime) -> bool:
    """Return whether a task could be gone on with, were it looked at."""
    if task.state is State.QUEUED:
        return (task.due or now) <= now
    return task.state is State.RUNNING and task.lease_is_over(now)
