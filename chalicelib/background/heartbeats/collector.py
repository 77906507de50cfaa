"""Stale heartbeats: those of work that has ended are cleared; those of work that hangs stay.

A worker clears its own when its task ends. What is left is of workers that died: the task was
rescued or ended by others. A node that was thrown out can clear nothing any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.background.heartbeats.record import HeartbeatKey, WorkHeartbeatKind
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.store import WorkStore
from chalicelib.background.task import TaskRef
from chalicelib.clock import Clock

_BATCH = 100
_ENDS = (WorkHeartbeatKind.BACKGROUND_TASK, WorkHeartbeatKind.CHANNEL_WORKER)


@dataclass(kw_only=True, eq=False, repr=False)
class HeartbeatCollector:
    """Clears the heartbeats of tasks that have ended, and of nodes that were thrown out.

    Attributes:
        is_out: whether a channel worker is a node that will not beat again.
        silence: how long a heartbeat must be silent before its task is looked at.
    """

    heartbeats: HeartbeatStore
    work: WorkStore
    clock: Clock
    silence: timedelta
    shards: int
    is_out: Callable[[HeartbeatKey], bool]

    def run(self) -> int:
        """Clear what is stale, and return how many were cleared."""
        before = self.clock.now() - self.silence
        stale = [
            key
            for shard in range(self.shards)
            for key in self.heartbeats.stale(shard, before, _BATCH)
            if key.kind in _ENDS
        ]
        return sum(map(self._clear, stale))

    def _clear(self, key: HeartbeatKey) -> bool:
        record = self.heartbeats.get(*key)
        if record is None or not self._has_ended(key):
            return False
        self.heartbeats.clear(*key, record.token)
        return True

    def _has_ended(self, key: HeartbeatKey) -> bool:
        if key.kind is WorkHeartbeatKind.CHANNEL_WORKER:
            return self.is_out(key)
        task = self.work.get(TaskRef.of(key.owner, key.object_id))
        return task is None or task.state.is_terminal
