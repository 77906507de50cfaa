"""Stale heartbeats: those of work that has ended are cleared; those of work that hangs stay.

A worker clears its own when its task ends. What is left is of workers that died: the task was
rescued or ended by others.
"""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.background.heartbeats.record import HeartbeatKey, WorkHeartbeatKind
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.store import WorkStore
from chalicelib.background.task import TaskRef
from chalicelib.clock import Clock

_BATCH = 100


@dataclass(kw_only=True, eq=False, repr=False)
class HeartbeatCollector:
    """Clears the heartbeats of tasks that have ended.

    Attributes:
        silence: how long a heartbeat must be silent before its task is looked at.
    """

    heartbeats: HeartbeatStore
    work: WorkStore
    clock: Clock
    silence: timedelta
    shards: int

    def run(self) -> int:
        """Clear what is stale, and return how many were cleared."""
        before = self.clock.now() - self.silence
        stale = [
            key
            for shard in range(self.shards)
            for key in self.heartbeats.stale(shard, before, _BATCH)
            if key.kind is WorkHeartbeatKind.BACKGROUND_TASK
        ]
        return sum(map(self._clear, stale))

    def _clear(self, key: HeartbeatKey) -> bool:
        record = self.heartbeats.get(*key)
        if record is None:
            return False
        task = self.work.get(TaskRef.of(key.owner, key.object_id))
        if task is not None and not task.state.is_terminal:
            return False
        self.heartbeats.clear(*key, record.token)
        return True
