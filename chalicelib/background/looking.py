"""When the sweep looks at a task, and what it does then.

`wake_at` means "look at me then". A message is sent when a task is due within the horizon; until
then the task waits in the index. A look at a message that nobody took is followed by longer and
longer pauses.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.task import State, Task

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_RESEND_CAP_MINUTES = 60
_RESENDS_TO_CAP = 6
# Messages wait in a lane while its workers are busy; for longer, they are too few or do not work.
SLOW = timedelta(minutes=5)


class Pace(NamedTuple):
    """How long things may take.

    Attributes:
        lease: how long a claim lasts without a renewal.
        horizon: how far ahead of its instant a task's message is sent.
        grace: how long a worker has to obey a request to stop.
        child_timeout: how long a delegated task may take from its first claim.
    """

    lease: timedelta
    horizon: timedelta
    grace: timedelta
    child_timeout: timedelta


class SweepAction(StrEnum):
    """What the sweep does with an open task whose time to be looked at has come."""

    NOTHING = "nothing"
    WAIT = "wait"
    SEND = "send"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"
    STOP = "stop"
    CONCLUDE = "conclude"


def sweep_action(task: Task, now: datetime, pace: Pace) -> SweepAction:
    """Decide what to do with a task that is in the index."""
    if task.wake_at is None or task.wake_at > now:
        return SweepAction.NOTHING
    if task.state.is_terminal:
        return SweepAction.CONCLUDE
    if task.expires_at is not None and task.expires_at <= now:
        return SweepAction.EXPIRE
    if _must_be_cancelled(task, now, pace):
        return SweepAction.CANCEL
    return _of_healthy(task, now, pace)


def _of_healthy(task: Task, now: datetime, pace: Pace) -> SweepAction:
    if task.cancel is None and _has_timed_out(task, now, pace):
        return SweepAction.STOP
    if task.state is State.QUEUED:
        return SweepAction.SEND
    return _of_held(task, now)


def _of_held(task: Task, now: datetime) -> SweepAction:
    if task.state is State.PAUSED or not task.lease_is_over(now):
        return SweepAction.WAIT
    return SweepAction.SEND if task.attempt < task.last_attempt else SweepAction.FAIL


def next_look(task: Task, now: datetime, pace: Pace) -> datetime:
    """Return when to look again at a task that is well."""
    if task.state is State.PAUSED:
        return task.expires_at or NEVER
    looks = [task.lease_until or now + pace.lease, task.expires_at, _timeout(task, pace)]
    if task.cancel is not None:
        looks.append(task.cancel.at + pace.grace)
    return min((look for look in looks if look is not None and look > now), default=now)


def first_look(
    due: datetime | None, expires_at: datetime | None, now: datetime, pace: Pace
) -> datetime:
    """Return when to look at a task that is queued now.

    Where its message is sent now: a lease after it is due. Else when the message is to be sent.
    """
    due = max(due or now, now)
    look = due + pace.lease if due <= now + pace.horizon else due - pace.horizon
    return min(look, expires_at or look)


def resend_pause(resends: int) -> timedelta:
    """Return how long to wait for a message that was sent again: 1, 2, 4 .. 60 minutes."""
    return timedelta(minutes=min(2 ** min(resends, _RESENDS_TO_CAP), _RESEND_CAP_MINUTES))


def resend_look(task: Task, now: datetime, *, has_backlog: bool) -> datetime:
    """Return when to look again at a task whose message is sent, or waits among many.

    One that waits among many is looked at when its lane becomes slow, too, so that this is seen.
    """
    due = max(task.due or now, now)
    look = due + resend_pause(task.resends)
    slow = (task.due or task.created_at or now) + SLOW
    return min(look, slow) if has_backlog and now < slow else look


def next_ask(due: datetime | None, now: datetime) -> datetime | None:
    """Return when to send the message of a task that waits for another to send it.

    That is after as long again as it has waited: the message was lost only if who should have
    sent it died. None where it has hardly begun to wait: the look that is set will do.
    """
    waited = now - (due or now)
    if waited < resend_pause(0):
        return None
    return now + min(waited, resend_pause(_RESENDS_TO_CAP))


def unbegun(task: Task, now: datetime) -> timedelta:
    """Return how long a slot has been due that no worker ever took; none for anything else.

    What was taken once, and waits for another slot of its job or for its next attempt, was begun.
    So was in its way what makes up for a slot of the past: it waits for whatever else runs.
    """
    is_untaken = task.state is State.QUEUED and task.claimed_at is None
    if not is_untaken or not task.ref.is_slot or task.origin.is_patient or task.due is None:
        return timedelta()
    return max(now - task.due, timedelta())


def sends_into_backlog(task: Task) -> bool:
    """Return whether a task's message is sent although others wait in the lane.

    Where many wait, this one's probably does too: it is sent once more, then only after an hour.
    """
    return task.resends == 0 or task.resends >= _RESENDS_TO_CAP


def _must_be_cancelled(task: Task, now: datetime, pace: Pace) -> bool:
    if task.cancel is None:
        return False
    is_held = task.state is State.RUNNING and not task.lease_is_over(now)
    return not is_held or task.cancel.at + pace.grace <= now


def _has_timed_out(task: Task, now: datetime, pace: Pace) -> bool:
    timeout = _timeout(task, pace)
    return timeout is not None and timeout <= now


def _timeout(task: Task, pace: Pace) -> datetime | None:
    if task.membership is None or task.started_at is None or task.state is State.PAUSED:
        return None
    return task.started_at + pace.child_timeout
