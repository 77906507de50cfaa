"""Rescues: what the sweep finds that should not be, and what the protocol makes it do about that.

The sweep's moves are the protocol's, and go on in every mode of healing; here they are told, so
that an operator sees them. A fault is told before it is put right: who dies between the two leaves
an incident that is still true. What cannot be told is logged, and never delays a rescue.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.background.looking import SLOW, SweepAction
from chalicelib.background.task import State, Task
from chalicelib.errors import Unavailable
from chalicelib.incidents import kinds, life
from chalicelib.incidents.attempt import AttemptStatus, planned
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.tables import SYSTEM

_log = logging.getLogger("palyra.sweep")
SWEEPER = "system:sweep"
# How much of what is done about one task is written down.
_MOST_TOLD = 16
_PARKED = "waits: "


class Rescue(StrEnum):
    """What the protocol does about work that is dead."""

    REQUEUE = "requeue"
    FAIL = "fail"
    CANCEL = "cancel"


_TOLD = {
    Rescue.REQUEUE: "its message was sent again, for another attempt",
    Rescue.FAIL: "it was ended failed: no attempts are left",
    Rescue.CANCEL: "it was cancelled, as somebody had asked",
}


def rescue(task: Task, action: SweepAction) -> Rescue | None:
    """Return what a move of the sweep rescues, or None where nobody is dead."""
    if task.state is not State.RUNNING:
        return None
    moves = {
        SweepAction.SEND: Rescue.REQUEUE,
        SweepAction.FAIL: Rescue.FAIL,
        SweepAction.CANCEL: Rescue.CANCEL,
    }
    return moves.get(action)


def is_unsent(task: Task) -> bool:
    """Return whether nobody took a task's messages; one that waits for another task is well."""
    waits = task.reason.startswith(_PARKED)
    return task.state is State.QUEUED and task.resends > 0 and not waits


class Told(Protocol):
    """Whoever is told of rescues."""

    def rescuing(self, task: Task, action: SweepAction, now: datetime) -> None:
        """Say that a task is about to be rescued, where the sweep's move is a rescue."""

    def rescued(self, task: Task, action: SweepAction, now: datetime) -> None:
        """Say that it was."""

    def untaken(self, task: Task, now: datetime, *, has_backlog: bool) -> None:
        """Say that nobody has taken a task's messages."""


@dataclass(kw_only=True, eq=False, repr=False)
class Rescues:
    """Makes incidents of what the sweep finds, and attempts of what it does."""

    incidents: IncidentStore

    def rescuing(self, task: Task, action: SweepAction, now: datetime) -> None:
        """Raise the incident of dead work."""
        if rescue(task, action) is not None:
            with _telling(task):
                self.incidents.raise_(_dead(task), now)

    def rescued(self, task: Task, action: SweepAction, now: datetime) -> None:
        """Note what was done as an attempt of the incident."""
        done = rescue(task, action)
        if done is None:
            return
        with _telling(task):
            record = self.incidents.raise_(_dead(task), now)
            if not record.is_active or record.tries >= _MOST_TOLD:
                return
            after = life.left_alone(record, now)
            attempt = planned(after, done, SWEEPER, _TOLD[done], now)
            made = attempt.ended(AttemptStatus.SUCCEEDED, _TOLD[done], now)
            self.incidents.tell(record, after, made)

    def untaken(self, task: Task, now: datetime, *, has_backlog: bool) -> None:
        """Raise the incident of a lost message, or of a lane that holds a backlog for too long."""
        if not is_unsent(task):
            return
        if not has_backlog:
            with _telling(task):
                self.incidents.raise_(_unsent(task), now)
        elif now - (task.due or task.created_at or now) >= SLOW:
            with _telling(task):
                self.incidents.raise_(_slow(task, now), now)


@contextmanager
def _telling(task: Task) -> Iterator[None]:
    try:
        yield
    except Unavailable:
        _log.warning("a rescue was not told", extra={"correlation_id": task.ref.id})


def _dead(task: Task) -> Sighting:
    ref = task.ref
    return Sighting(
        owner=ref.owner,
        kind=kinds.DEAD_WORK,
        dedupe_key=f"{kinds.DEAD_WORK.name}:{ref.id}",
        # One for each claim that died: the token is raised by the next one.
        occurrence=f"{ref.id}/{task.token}",
        summary="who works on a task gives no sign of life",
        detail=f"Its lease of attempt {task.attempt + 1} of {task.last_attempt + 1} is over, or it "
        "did not stop when it was asked to.",
        evidence={
            "kind": task.kind,
            "lane": task.lane,
            "attempt": f"{task.attempt + 1} of {task.last_attempt + 1}",
            "claimed_at": str(task.claimed_at or ""),
            "lease_until": str(task.lease_until or ""),
        },
        related=ref.concerned,
        subject=ref.id,
    )


def _unsent(task: Task) -> Sighting:
    ref = task.ref
    return Sighting(
        owner=ref.owner,
        kind=kinds.UNSENT,
        dedupe_key=f"{kinds.UNSENT.name}:{ref.id}",
        occurrence=f"{ref.id}/{task.token}/{task.resends}",
        summary=f"nobody of the lane {task.lane} takes a task's message",
        evidence={"kind": task.kind, "lane": task.lane, "sent_again": str(task.resends)},
        related=ref.concerned,
        subject=ref.id,
    )


def _slow(task: Task, now: datetime) -> Sighting:
    return Sighting(
        owner=SYSTEM,
        kind=kinds.LANE_SLOW,
        dedupe_key=f"{kinds.LANE_SLOW.name}:{task.lane}",
        occurrence=f"{task.lane}@{now:%Y-%m-%dT%H:%M}",
        summary=f"tasks wait in the lane {task.lane} for over five minutes",
        evidence={"lane": task.lane, "due_at": str(task.due or task.created_at)},
        subject=task.lane,
    )
