"""Dead letters: messages that SQS delivered ten times and no worker could take.

A message is only a pointer, so nothing is lost with one: the sweep looks after the task. What was
wrong with it, the function or its infrastructure, somebody has to know: each becomes an incident.
"""

import hashlib
import logging
from dataclasses import dataclass

from chalicelib.background.queue import decode
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task, TaskRef
from chalicelib.clock import Clock
from chalicelib.errors import Malformed
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.tables import SYSTEM

_log = logging.getLogger("palyra.dead_letters")
_SHOWN_CHARACTERS = 200
_DIGEST_DIGITS = 12
_SWEPT = (
    "The task is not lost: the sweep goes on looking after it. Its lane's log says what failed."
)
_NO_TASK = "There is no such task, so nothing is left to be done for it."
_UNREADABLE = (
    "It does not point to a task, so no task depends on it. Find out who sends to the lane."
)


@dataclass(kw_only=True, eq=False, repr=False)
class DeadLetters:
    """Makes incidents of dead letters."""

    work: WorkStore
    incidents: IncidentStore
    clock: Clock

    def bury(self, body: str, message_id: str, lane: str) -> None:
        """Raise the incident of a dead letter; none for one whose task has ended by itself.

        Args:
            body: the message, readable or not.
            message_id: the message's own id, by which a repetition is known.
            lane: the lane that could not deliver it.

        Raises:
            Unavailable: DynamoDB did not answer; the message must be delivered again.
        """
        try:
            ref = decode(body)
        except Malformed:
            sighting = _unreadable(body, message_id, lane)
        else:
            task = self.work.get(ref)
            if task and task.state.is_terminal:
                _log.info("a dead letter was only late", extra={"correlation_id": ref.id})
                return
            sighting = _undelivered(ref, task, message_id, lane)
        self.incidents.raise_(sighting, self.clock.now())
        _log.warning("a dead letter was buried", extra={"key": sighting.dedupe_key, "lane": lane})


def _unreadable(body: str, message_id: str, lane: str) -> Sighting:
    digest = hashlib.sha256(body.encode("utf-8", "backslashreplace")).hexdigest()
    return Sighting(
        owner=SYSTEM,
        kind=kinds.UNREADABLE_LETTER,
        dedupe_key=f"unreadable-{digest[:_DIGEST_DIGITS]}",
        occurrence=message_id,
        summary=f"A message of the lane {lane} cannot be read",
        detail=_UNREADABLE,
        evidence={
            "lane": lane,
            "message_id": message_id,
            "body": repr(body[:_SHOWN_CHARACTERS])[:_SHOWN_CHARACTERS],
        },
    )


def _undelivered(ref: TaskRef, task: Task | None, message_id: str, lane: str) -> Sighting:
    about = {"lane": lane, "message_id": message_id}
    if task:
        about |= {
            "kind": task.kind,
            "state": task.shown_state,
            "attempt": f"{task.attempt + 1} of {task.last_attempt + 1}",
        }
    return Sighting(
        owner=ref.owner,
        kind=kinds.DEAD_LETTER,
        dedupe_key=ref.id,
        occurrence=message_id,
        summary=f"No worker of the lane {lane} could take a task",
        detail=_SWEPT if task else _NO_TASK,
        evidence=about,
        related=ref.concerned,
        subject=ref.id,
    )
