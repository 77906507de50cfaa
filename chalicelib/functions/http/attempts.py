"""The attempts of a task, as far as its row remembers them."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from chalicelib.background.task import Attempt, State, Task

LOST = "lost"


class Shown(NamedTuple):
    """An attempt as operators see it; one whose worker died without a word is `lost`."""

    number: int
    started_at: datetime | None
    ended_at: datetime | None
    state: str
    reason: str


def attempts(task: Task) -> list[Shown]:
    """Return all attempts, oldest first: those of earlier lives, of this one, the present one."""
    present = _of_this_life(task)
    earlier = [each for each in task.history if each not in present]
    shown = [Shown(*each) for each in earlier]
    shown += _past(task, present)
    if _is_begun(task, present):
        shown.append(
            Shown(task.attempt + 1, task.claimed_at, task.finished_at, task.state, task.reason)
        )
    return shown


def _of_this_life(task: Task) -> list[Attempt]:
    begun = task.started_at
    if begun is None:
        return []
    return [each for each in task.history if (each.started_at or each.ended_at) >= begun]


def _past(task: Task, present: list[Attempt]) -> Iterator[Shown]:
    known = {each.number: each for each in present}
    for number in range(1, task.attempt + 1):
        if number in known:
            yield Shown(*known[number])
        else:
            yield Shown(number, None, None, LOST, "its worker died without a word")


def _is_begun(task: Task, present: list[Attempt]) -> bool:
    """Return whether the attempt that the row counts has been claimed, not only scheduled."""
    if task.started_at is None or task.claimed_at is None:
        return False
    if task.state is State.RUNNING or not present:
        return True
    return present[-1].number != task.attempt or task.claimed_at > present[-1].ended_at
