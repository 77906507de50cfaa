"""1.6 The sweep: it reads an open row, and acts on exactly what it has read.

When `wake_at` comes is left open: the sweep may look at any open row at any time. What ends a row
takes it away from whoever holds it (R2), so it comes after a read, as a write of its own; the
process then lets go of the lock like a worker that has finished.
"""

from collections.abc import Iterator

from tests.model.ending import cancel_child
from tests.model.fence import released_at
from tests.model.rules import World
from tests.model.state import (
    CANCELLED,
    EXPIRED,
    FAILED,
    PARENT,
    PAUSED,
    QUEUED,
    RUNNING,
    Label,
    Move,
    Row,
    State,
    Step,
    Worker,
)

SEND = "send"


def visits(world: World, state: State) -> Iterator[Step]:
    """Yield what the sweep does with each open row."""
    left = state.budget.sweeps
    if not left:
        return
    spent = state._replace(budget=state.budget._replace(sweeps=left - 1))
    for number in open_rows(state):
        row = state.row(number)
        action = decision(world, row)
        if action == SEND:
            yield from _sends(spent, number, row)
        elif action:
            yield Step(Label(f"sweep reads: {action}", number), take(world, spent, number, action))


def open_rows(state: State) -> list[int]:
    """Return the rows of the open index: those that are not terminal."""
    return [number for number, row in enumerate(state.rows) if row is not None and row.is_live]


def decision(world: World, row: Row) -> str:
    """Return the state that a row is to be ended in, or that its message is sent, or nothing."""
    over = row.state == RUNNING and row.lease_over
    if row.cancel_requested:
        return CANCELLED
    dead = over and world.rules.expire_ends_dead_work
    if row.expired and (row.state != RUNNING or dead):
        return EXPIRED
    if over and row.attempt >= world.last_attempt:
        return FAILED
    return SEND if over or (row.state == QUEUED and not row.resting) else ""


def _sends(state: State, number: int, row: Row) -> Iterator[Step]:
    """Send the message; each time it waits longer before it looks again."""
    sent = state.with_message(number)
    yield Step(Label("sweep sends", number), sent)
    left = state.budget.oversleeps
    if left and row.state == QUEUED and not row.overslept:
        sent = sent._replace(budget=state.budget._replace(oversleeps=left - 1))
        late = sent.with_row(number, row._replace(overslept=True))
        yield Step(Label("sweep sends, and will look late", number), late)


def take(world: World, state: State, number: int, want: str) -> State:
    """Return the state with a sweep that is about to end a row as it has read it."""
    row = state.row(number)
    children = want == CANCELLED and world.is_family and number == PARENT
    at = "sweep_child" if children and world.rules.children_first else "sweep_end"
    return state.with_worker(Worker(at, number, row.token, life=row.life, want=want))


def sweep_child(world: World, state: State, worker: Worker) -> Move:
    """Cancel the children of a task that is to be cancelled, before it ends."""
    return Move("sweep cancels child", cancel_child(world, state), worker._replace(at="sweep_end"))


def sweep_end(world: World, state: State, worker: Worker) -> Move:
    """SET state, token + 1, REMOVE open IF token = :seen AND it is still to be ended."""
    row = state.row(worker.row)
    verb = f"sweep ends: {worker.want}"
    as_seen = row.token == worker.token or not world.rules.sweep_as_seen
    if not as_seen or not _still(row, worker.want):
        return Move(f"{verb}: refused", state, None)
    ended = row.ended(worker.want, raised=_raised(world, worker.want))
    then = worker._replace(at=released_at(world), token=ended.token, want="")
    return Move(verb, state.with_row(worker.row, ended), then)


def _still(row: Row, want: str) -> bool:
    if want == CANCELLED:
        return row.cancel_requested
    if want == EXPIRED and row.state in {QUEUED, PAUSED}:
        return True
    return row.state == RUNNING and row.lease_over


def _raised(world: World, want: str) -> bool:
    rules = world.rules
    return {
        CANCELLED: rules.cancel_raises_token,
        EXPIRED: rules.expire_raises_token,
        FAILED: rules.sweep_raises_token,
    }[want]
