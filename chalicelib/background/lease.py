"""Lease: a claim that is kept alive while a step is within its deadline, and no longer.

A step declares how long it may take. From half a lease on, the claim is renewed and the
WorkHeartbeatRecord written for operators to see; past the step's deadline neither is, so that a
step that hangs is found although its process lives. What ends a task clears its record.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.store import LostClaim, WorkStore
from chalicelib.background.task import Task
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable


class Heart(Protocol):
    """Something that beats beside a step."""

    def beating(self, every: timedelta, beat: Callable[[], bool]) -> AbstractContextManager[None]:
        """Call `beat` at every interval while the context lasts, until it returns False."""


class ThreadHeart:
    """A thread; where Lambda freezes the function, it is frozen with it."""

    @contextmanager
    def beating(self, every: timedelta, beat: Callable[[], bool]) -> Iterator[None]:
        """Call `beat` at every interval while the context lasts, until it returns False."""
        done = threading.Event()

        def run() -> None:
            while not done.wait(every.total_seconds()) and beat():
                pass

        thread = threading.Thread(target=run, name="heart", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            # A beat under way must not write behind what comes next.
            thread.join()


class LeaseIsOver(LostClaim):
    """The lease ended before an outside call was begun; another worker may have taken over."""


@dataclass(kw_only=True, eq=False, repr=False)
class Lease:
    """One worker's claim on one task, and the time it has.

    Attributes:
        length: how long the claim lasts without a renewal.
        stop_at: when the function must have stopped.
    """

    task: Task
    work: WorkStore
    heartbeats: HeartbeatStore
    clock: Clock
    heart: Heart
    length: timedelta
    stop_at: datetime
    renewed_at: datetime = field(init=False)
    has_beaten: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Begin with the claim's own lease."""
        self.renewed_at = self.task.claimed_at or self.clock.now()

    def step(self, deadline: timedelta) -> AbstractContextManager[None]:
        """Keep the claim alive while the context lasts, for so long at most."""
        until = self.clock.now() + deadline
        return self.heart.beating(self.length / 2, lambda: self._beat(until))

    def must_stop_before(self, deadline: timedelta) -> bool:
        """Return whether a step of this deadline would outlast the function."""
        return self.clock.now() + deadline > self.stop_at

    def renewed(self, now: datetime) -> None:
        """Note that a checkpoint renewed the claim."""
        self.renewed_at = now

    def is_asked_to_stop(self) -> bool:
        """Renew the claim, and return whether the task was asked to stop.

        Raises:
            LostClaim: the task was taken away.
            Unavailable: DynamoDB did not answer.
        """
        now = self.clock.now()
        seen = self.work.renew(self.task, now)
        self.renewed(now)
        return seen.cancel is not None

    def before_outside_call(self) -> None:
        """Refuse to begin an outside call under a lease that has ended by the worker's own clock.

        Raises:
            LeaseIsOver: the process was frozen since its last write.
        """
        if self.clock.now() - self.renewed_at >= self.length:
            raise LeaseIsOver

    def clear(self) -> None:
        """Clear the heartbeat record of a task that ended."""
        if self.has_beaten:
            ref = self.task.ref
            self.heartbeats.clear(
                ref.owner, WorkHeartbeatKind.BACKGROUND_TASK, ref.id, self.task.token
            )

    def _beat(self, until: datetime) -> bool:
        now = self.clock.now()
        if now >= until:
            return False
        try:
            self.work.renew(self.task, now)
            self.renewed_at = now
            self.has_beaten = True
            self.heartbeats.record(self._update(), now)
        except LostClaim:
            return False
        except Unavailable:
            return True
        return True

    def _update(self) -> WorkHeartbeatUpdate:
        ref = self.task.ref
        return WorkHeartbeatUpdate(
            owner=ref.owner,
            kind=WorkHeartbeatKind.BACKGROUND_TASK,
            object_id=ref.id,
            summary=f"{self.task.kind}, attempt {self.task.attempt + 1}",
            token=self.task.token,
        )
