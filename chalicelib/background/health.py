"""What the queues and workers can say of their own health."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State
from chalicelib.clock import Clock

_SAMPLE = 100


@dataclass(kw_only=True, eq=False, repr=False)
class BackgroundHealth:
    """Asks SQS for depths, and the open index for what is running."""

    work: WorkStore
    queues: Mapping[str, LaneQueue]
    clock: Clock
    shards: int

    def health(self) -> Mapping[str, Any]:
        """Return the depth of each lane, and the active runs, counted up to 100 a shard."""
        return {
            "lanes": {lane: queue.depths() for lane, queue in self.queues.items()},
            "active_runs": sum(self._active(lane) for lane in self.queues),
        }

    def _active(self, lane: str) -> int:
        # A running task's wake_at is never later than its lease's end.
        until = self.clock.now() + self.work.lease
        due = (islice(self.work.due(lane, shard, until), _SAMPLE) for shard in range(self.shards))
        tasks = (self.work.get(ref) for refs in due for ref in refs)
        return sum(task is not None and task.state is State.RUNNING for task in tasks)
