"""Courier: sends a task's message when the task is due soon enough, and never before."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.background.queue import LaneQueue
from chalicelib.background.task import Task
from chalicelib.clock import Clock
from chalicelib.errors import Unavailable

_log = logging.getLogger("palyra.courier")


@dataclass(kw_only=True, eq=False, repr=False)
class Courier:
    """Knows the queue of each lane, and how far ahead of its instant a message is sent."""

    lanes: Mapping[str, LaneQueue]
    clock: Clock
    horizon: timedelta

    def send(self, task: Task) -> bool:
        """Send a task's message; False where it is due later than the horizon and waits.

        Raises:
            Unavailable: SQS did not answer; the sweep will send it.
        """
        now = self.clock.now()
        due = max(task.due or now, now)
        if due > now + self.horizon:
            return False
        # SQS counts the delay from the sending.
        self.lanes[task.lane].send(task.ref, due - now)
        return True

    def try_to_send(self, task: Task) -> None:
        """Send the message of a task that exists: where SQS does not answer, the sweep sends it."""
        try:
            self.send(task)
        except Unavailable:
            _log.warning("the sweep will send it", extra={"task": task.ref.id}, exc_info=True)
