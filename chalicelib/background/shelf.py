"""Shelf: tasks that no function can carry out are paused, and an incident says so."""

import logging
from dataclasses import dataclass

from chalicelib.background.looking import NEVER
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task
from chalicelib.clock import Clock
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore

_log = logging.getLogger("palyra.worker")


def incident_key(task: Task) -> str:
    """Return the dedupe key of the incident of a task on the shelf."""
    return f"unknown-kind:{task.ref.id}"


@dataclass(kw_only=True, eq=False, repr=False)
class Shelf:
    """Keeps what an operator must decide about."""

    work: WorkStore
    incidents: IncidentStore
    clock: Clock

    def put(self, task: Task) -> Task:
        """Pause a claimed task of a kind that no function knows.

        The incident comes first: a task that is paused without one would be forgotten.

        Raises:
            LostClaim: the task was taken away.
        """
        _log.error("no function knows this kind", extra={"kind": task.kind})
        self.incidents.raise_(
            Sighting(
                owner=task.ref.owner,
                kind=kinds.UNKNOWN_KIND,
                dedupe_key=incident_key(task),
                summary=f"no function knows tasks of kind {task.kind!r:.80}",
                detail="The task is paused. Deploy a version that knows its kind and resume it, "
                "or cancel it.",
                evidence={"kind": task.kind, "lane": task.lane},
                related=(task.ref.id,),
                subject=task.ref.id,
                occurrence=f"{task.ref.id}/{task.token}",
            ),
            self.clock.now(),
        )
        return self.work.shelve(task, "no function knows its kind", task.expires_at or NEVER)
