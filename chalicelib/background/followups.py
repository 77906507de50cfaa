"""FollowUps: tasks that exist before the one they follow ends, so that no crash loses them.

Their ids are derived from the task and their names: a rescuer makes the same ones, and what exists
already is success. A chain of tasks that follow each other has a bounded depth.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.background.courier import Courier
from chalicelib.background.kinds import FollowUp
from chalicelib.background.maker import Maker, Order
from chalicelib.background.store import NewTask, WorkStore
from chalicelib.background.task import Task, derived_key
from chalicelib.clock import Clock
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore

_log = logging.getLogger("palyra.worker")


@dataclass(kw_only=True, eq=False, repr=False)
class FollowUps:
    """Makes the tasks that follow another."""

    work: WorkStore
    courier: Courier
    maker: Maker
    incidents: IncidentStore
    clock: Clock
    last_attempt: int
    most_depth: int

    def put(self, task: Task, follow_ups: Sequence[FollowUp]) -> None:
        """Put what follows a task, and send it."""
        if follow_ups and task.depth >= self.most_depth:
            self._refuse(task, follow_ups)
            return
        for follow_up in follow_ups:
            self.courier.send(self.work.put(self._new(task, follow_up)))

    def _new(self, task: Task, follow_up: FollowUp) -> NewTask:
        order = Order(
            kind=follow_up.kind,
            payload=follow_up.payload,
            priority=task.priority,
            last_attempt=self.last_attempt,
            depth=task.depth + 1,
        )
        return self.maker.make(task.ref.offspring(derived_key(task.ref.id, follow_up.name)), order)

    def _refuse(self, task: Task, follow_ups: Sequence[FollowUp]) -> None:
        _log.error("a chain of tasks is too deep")
        names = ", ".join(each.name for each in follow_ups)
        self.incidents.raise_(
            Sighting(
                owner=task.ref.owner,
                kind=kinds.CHAIN_CUT,
                dedupe_key=f"depth:{task.ref.id}",
                summary="a chain of tasks was cut off",
                detail=f"{task.depth} tasks followed each other, so what follows was not made",
                evidence={"kind": task.kind, "follow_ups": names},
                related=(task.ref.id,),
                subject=task.ref.id,
                occurrence=f"{task.ref.id}/{task.token}",
            ),
            self.clock.now(),
        )
