"""Concurrency: what becomes of a slot whose job is locked by another one of its slots.

A holder that has ended without letting go is helped away first, so no crash between end and release
blocks a job. A live one forbids the slot, lets it wait as the only one, or is replaced by it; never
by an older one.
"""

from enum import StrEnum

from chalicelib.background.task import Outcome, Task
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.judgement import Close, Held
from chalicelib.scheduler.reasons import Reason


class Encounter(StrEnum):
    """What a slot does about the lock's holder, if it is not closed."""

    HELP_AWAY = "help the holder away"
    WAIT = "wait for the holder"
    REPLACE = "replace the holder"
    STAND_BY = "come back when the holder has ended"


def meet(
    task: Task,
    held: Held,
    policy: CronConcurrencyPolicy,
    holder: Task | None,
    waiter: Task | None,
) -> Close | Encounter:
    """Decide what a slot does about the lock's holder.

    Args:
        task: the slot's task.
        held: the lock as it was seen.
        policy: of the slot's job.
        holder: the task that holds the lock, by a strong read; None where it is gone.
        waiter: the task that waits for it, if there is one, and it is not the slot's own.
    """
    if not _is_live(holder):
        return Encounter.HELP_AWAY
    if task.origin.is_patient:
        # It makes up for the past: it neither keeps what is due now from running, nor is lost.
        return Encounter.STAND_BY
    if policy is CronConcurrencyPolicy.QUEUE_ONE:
        if _is_live(waiter):
            return Close(Outcome.QUEUE_FULL, Reason.ANOTHER_WAITS)
        return Encounter.WAIT
    if policy is CronConcurrencyPolicy.REPLACE:
        return _replace(task, held, holder)
    return Close(Outcome.SKIPPED, Reason.OVERLAP)


def _replace(task: Task, held: Held, holder: Task | None) -> Close | Encounter:
    if held.active > task.ref.sk:
        return Close(Outcome.SKIPPED, Reason.NEWER_RUNNING)
    if held.is_last_run and holder is not None and holder.has_fired:
        return Close(Outcome.SKIPPED, Reason.MAX_RUNS)
    return Encounter.REPLACE


def asks_for_waiter(task: Task, held: Held, policy: CronConcurrencyPolicy) -> bool:
    """Return whether the decision needs the task that waits: it costs a read."""
    is_another = held.pending not in {"", task.ref.sk}
    return policy is CronConcurrencyPolicy.QUEUE_ONE and is_another


def _is_live(task: Task | None) -> bool:
    return task is not None and not task.state.is_terminal
