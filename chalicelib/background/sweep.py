"""The sweep: whatever is open and was not looked at in time is sent again, rescued or failed.

It reads keys from an index that may lag, and then each task itself; two sweeps at once do the same
writes, and only one of each is accepted. One broken task does not keep it from the others.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.background.kinds import Conclusion
from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import WorkStore
from chalicelib.background.task import SweepAction, Task, TaskRef, resend_pause, sweep_action
from chalicelib.clock import Clock
from chalicelib.tables import Refused

_log = logging.getLogger("palyra.sweep")
_BATCH = 200
ATTEMPTS_USED_UP = "the last attempt's lease ended without a result"


@dataclass(kw_only=True, eq=False, repr=False)
class Sweep:
    """Looks after the open tasks of all lanes."""

    work: WorkStore
    queues: Mapping[str, LaneQueue]
    conclusions: Mapping[str, Conclusion]
    clock: Clock
    shards: int

    def run(self) -> dict[str, int]:
        """Look at every open task that is due, and count what was done."""
        done = dict.fromkeys(SweepAction, 0)
        for lane in self.queues:
            for shard in range(self.shards):
                for ref in self.work.due(lane, shard, self.clock.now(), _BATCH):
                    done[self._look_at(ref)] += 1
        return {str(action): count for action, count in done.items()}

    def _look_at(self, ref: TaskRef) -> SweepAction:
        try:
            task = self.work.get(ref)
            now = self.clock.now()
            return self._act(task, now) if task else SweepAction.NOTHING
        except Exception:  # noqa: BLE001 - one broken task must not delay another
            _log.exception("one task could not be swept", extra={"correlation_id": ref.run_id})
            return SweepAction.NOTHING

    def _act(self, task: Task, now: datetime) -> SweepAction:
        action = sweep_action(task, now)
        _log.info(
            "a task was looked at", extra={"correlation_id": task.ref.run_id, "action": action}
        )
        if action is SweepAction.SEND:
            self.queues[task.lane].send(task.ref)
            self.work.note_resent(task, now + resend_pause(task.resends))
        elif action is SweepAction.WAIT:
            self.work.look_at_lease_end(task)
        elif action is SweepAction.FAIL:
            self._fail(task, now)
        return action

    def _fail(self, task: Task, now: datetime) -> None:
        try:
            failed = self.work.fail(task, ATTEMPTS_USED_UP, now)
        except Refused:
            return
        if failed.kind in self.conclusions:
            self.conclusions[failed.kind].conclude(failed)
