"""The worker: from a message to the end of its task.

A message that comes early is sent again. A claim makes deliveries once; a refused claim is
dropped, unless it finds a terminal task that nobody concluded. An attempt that fails is the task's
matter (another attempt, or the end); only infrastructure fails the function, and the lease then
ends. While the gate is closed nothing is claimed, but a slot that came due meanwhile: it is closed.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.background.aftermath import Aftermath
from chalicelib.background.backoff import Backoff
from chalicelib.background.cancellation import Cancellation
from chalicelib.background.courier import Courier
from chalicelib.background.followups import FollowUps
from chalicelib.background.gate.gate import REASON, Gate
from chalicelib.background.gate.watch import GateWatch
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.kinds import Continuation, Ending, Kind, Stopped, Waiting
from chalicelib.background.lease import Heart, Lease
from chalicelib.background.looking import Pace, first_look, next_ask
from chalicelib.background.places import Places
from chalicelib.background.shelf import Shelf
from chalicelib.background.store import End, LostClaim, WorkStore
from chalicelib.background.task import Attempt, Origin, Outcome, State, Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.journal.store import JournalStore
from chalicelib.tables import Cancelled, Refused

_log = logging.getLogger("palyra.worker")
_CLAIM_BYTES = 12
_PAUSED = End(State.CLOSED, Outcome.PAUSED, REASON)


@dataclass(kw_only=True, eq=False, repr=False)
class Worker:
    """Carries out the tasks of one lane.

    Attributes:
        most_hops: how often a task may go on in another invocation.
        backoffs: by kind, what knows the pauses of a task; those of others begin at `retry_base`.
        ungated: the kinds that are carried out while the gate is closed, too.
    """

    lane: str
    work: WorkStore
    courier: Courier
    journal: JournalStore
    heartbeats: HeartbeatStore
    kinds: Mapping[str, Kind]
    places: Places
    follow_ups: FollowUps
    shelf: Shelf
    aftermath: Aftermath
    cancellation: Cancellation
    gate: GateWatch
    clock: Clock
    heart: Heart
    random_bytes: Callable[[int], bytes]
    pace: Pace
    retry_base: timedelta
    most_hops: int
    backoffs: Mapping[str, Callable[[Task], Backoff | None]] = field(default_factory=dict)
    ungated: frozenset[str] = frozenset()

    def handle(self, ref: TaskRef, stop_at: datetime) -> None:
        """Carry out the task that a message points to, if it is ours to carry out.

        Args:
            ref: the task.
            stop_at: when this must have stopped; a task that is not done by then goes on in
                another invocation.

        Raises:
            Unavailable: infrastructure failed; the sweep finds the task again.
        """
        now = self.clock.now()
        if ref.is_slot and now < ref.slot:
            self.courier.lanes[self.lane].send(ref, ref.slot - now)
            return
        gate = self.gate.gate()
        if gate.closed(ref.owner) and self._is_kept(ref, gate):
            return
        try:
            task = self.work.claim(ref, self.random_bytes(_CLAIM_BYTES).hex(), now)
        except Refused as refused:
            self._refused(refused.old, now)
            return
        lease = self._lease(task, stop_at)
        try:
            if _came_due_under(gate, task):
                # Whoever had it before may have taken its job's lock.
                self._end(task, lease, Ending(end=_PAUSED, is_clean=task.token == 1))
            else:
                self._carry_out(task, lease)
        except LostClaim:
            _log.warning("the task was taken away", extra={"token": task.token})

    def _is_kept(self, ref: TaskRef, gate: Gate) -> bool:
        """Return whether work waits for the gate to open; the sweep sends its message then.

        What has ended is concluded, and a slot that came due under the closed gate is closed.
        """
        task = self.work.get(ref)
        if task is None or task.state.is_terminal or task.kind in self.ungated:
            return False
        return task.state is not State.QUEUED or not _came_due_under(gate, task)

    def _refused(self, task: Task | None, now: datetime) -> None:
        if task is None:
            _log.warning("the message points to no task")
        elif task.state is State.QUEUED and task.due and task.due > now:
            self.courier.send(task)
        elif _is_left(task, now) and self.aftermath.complete(task):
            _log.warning("concluded a task that nobody had concluded")

    def _lease(self, task: Task, stop_at: datetime) -> Lease:
        return Lease(
            task=task,
            work=self.work,
            heartbeats=self.heartbeats,
            clock=self.clock,
            heart=self.heart,
            length=self.pace.lease,
            stop_at=stop_at,
        )

    def _carry_out(self, task: Task, lease: Lease) -> None:
        kind = self.kinds.get(task.kind)
        if kind is None:
            self._stop_if_asked(self.shelf.put(task))
            return
        if task.membership and not self.places.take(task):
            return
        try:
            done = kind.perform(task, lease)
            if isinstance(done, Ending):
                self.follow_ups.put(task, done.follow_ups)
        except (LostClaim, Unavailable):
            raise
        except Stopped:
            self._stop(task, lease)
            return
        except Exception as error:  # noqa: BLE001 - an attempt fails in ways nobody can list
            _log.exception("the attempt failed")
            self._attempt_failed(task, lease, f"{type(error).__name__}: {error}")
            return
        self._follow(task, lease, done)

    def _follow(self, task: Task, lease: Lease, done: Ending | Continuation | Waiting) -> None:
        if isinstance(done, Continuation):
            self._go_on(task, lease, done.at)
        elif isinstance(done, Waiting):
            self._wait(task, done)
        else:
            self._end(task, lease, done)

    def _stop(self, task: Task, lease: Lease) -> None:
        # What was claimed does not know of steps, children and requests since then.
        seen = self.work.get(task.ref)
        if seen is None or seen.token != task.token:
            raise LostClaim
        self.cancellation.reach_children(seen)
        reason = seen.cancel.reason if seen.cancel else ""
        self._end(task, lease, Ending(end=End(State.CANCELLED, seen.outcome, reason)))

    def _stop_if_asked(self, task: Task) -> bool:
        """End a task that was put back while somebody asked it to stop: nobody would claim it."""
        return task.cancel is not None and self.cancellation.carry_out(task)

    def _put_back(self, task: Task) -> None:
        if not self._stop_if_asked(task):
            self.courier.send(task)

    def _end(self, task: Task, lease: Lease, done: Ending) -> None:
        ended = self._ended(task, done)
        _log.info("a task ended", extra={"state": ended.state, "outcome": ended.outcome})
        lease.clear()
        if not done.is_clean:
            self.aftermath.follow(ended)

    def _ended(self, task: Task, done: Ending) -> Task:
        now = self.clock.now()
        if done.event is None:
            return self.work.end(task, done.end, now)
        try:
            self.journal.append_with(done.event, [self.work.end_write(task, done.end, now)])
        except Cancelled as cancelled:
            raise LostClaim from cancelled
        ended = self.work.get(task.ref)
        if ended is None or ended.token != task.token:
            raise LostClaim
        return ended

    def _go_on(self, task: Task, lease: Lease, at: datetime) -> None:
        if task.hops >= self.most_hops:
            self._fail(task, lease, f"it went on {task.hops} times without coming to an end")
            return
        look = first_look(at, task.expires_at, self.clock.now(), self.pace)
        self._put_back(self.work.go_on(task, at, look))

    def _wait(self, task: Task, waiting: Waiting) -> None:
        look = waiting.until
        if look is None and waiting.is_sent:
            look = next_ask(task.due, self.clock.now())
        parked = self.work.park(task, f"waits: {waiting.reason}", look)
        if not self._stop_if_asked(parked) and waiting.is_over():
            self._let_go(parked, waiting)

    def _let_go(self, parked: Task, waiting: Waiting) -> None:
        if waiting.until is not None:
            # Nobody else looks for so long, and the message may be lost.
            self.work.look_again(parked, self.clock.now() + self.pace.lease)
        self.courier.send(parked)

    def _attempt_failed(self, task: Task, lease: Lease, reason: str) -> None:
        if task.attempt >= task.last_attempt:
            self._fail(task, lease, reason)
            return
        now = self.clock.now()
        at = now + self._backoff(task).after(task.attempt, task.ref.id)
        failed = Attempt(task.attempt + 1, task.claimed_at, now, State.FAILED, reason)
        look = first_look(at, task.expires_at, now, self.pace)
        self._put_back(self.work.rearm(task, failed, at, look))

    def _backoff(self, task: Task) -> Backoff:
        own = self.backoffs.get(task.kind)
        return (own(task) if own else None) or Backoff(self.retry_base)

    def _fail(self, task: Task, lease: Lease, reason: str) -> None:
        self._end(task, lease, Ending(end=End(State.FAILED, Outcome.FIRED, reason)))


def _came_due_under(gate: Gate, task: Task) -> bool:
    """Return whether a slot of a schedule came due while everything was paused."""
    if not task.ref.is_slot or task.origin is not Origin.SCHEDULE or task.has_fired:
        return False
    return gate.covering(task.ref.owner, task.ref.slot) is not None


def _is_left(task: Task, now: datetime) -> bool:
    """Return whether a task was ended by a worker that may have died before concluding it.

    What is in the index still was ended by somebody else, and the sweep sees to it.
    """
    return task.state.is_terminal and task.wake_at is None and task.lease_is_over(now)
