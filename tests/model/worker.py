"""1.4 The worker's program from the lock to the end: steps, outside call, follow-up, finish.

Each function is one place in the program and returns the step that is taken there; where there is
a choice, it returns several. Putting a step's content is one with its checkpoint, because nobody
reads what no checkpoint names.
"""

from tests.model.ending import end
from tests.model.fence import holds, refused
from tests.model.rules import World
from tests.model.state import (
    CHILD,
    FAILED,
    FIRED,
    PARENT,
    QUEUED,
    SUCCEEDED,
    UNKNOWN,
    Move,
    Row,
    State,
    Worker,
)


def begin(world: World, state: State, worker: Worker) -> list[Move]:
    """Go on from the checkpoint that the claim returned; nothing is written for that."""
    settled_at = 2 if world.configuration.program == "call" else 1
    if worker.checkpoint == 0:
        return [intent(world, state, worker)]
    if worker.checkpoint >= settled_at:
        return settled(world, state, worker)
    if world.configuration.idempotent or not world.rules.intent_rule:
        return call(world, state, worker)
    return [end(world, state, worker._replace(want=UNKNOWN))]


def intent(world: World, state: State, worker: Worker) -> Move:
    """S: the first step's checkpoint; it makes the slot fired."""
    at = "call" if world.configuration.program == "call" else "settled"
    return _checkpoint(world, state, worker._replace(checkpoint=1), at)


def result(world: World, state: State, worker: Worker) -> Move:
    """S: the checkpoint of what the outside answered."""
    return _checkpoint(world, state, worker._replace(checkpoint=2), "settled")


def _checkpoint(world: World, state: State, worker: Worker, at: str) -> Move:
    """S: SET checkpoint, outcome = fired under the fence; a request to cancel is seen here."""
    verb = "S intent" if worker.checkpoint == 1 else "S result"
    row = state.row(worker.row)
    if not holds(world, row, worker):
        return refused(world, f"{verb}: refused", state, worker)
    written = row._replace(checkpoint=worker.checkpoint, outcome=FIRED)
    at = "cancel" if row.cancel_requested else at
    return Move(verb, state.with_row(worker.row, written), worker._replace(at=at))


def call(world: World, state: State, worker: Worker) -> list[Move]:
    """K: the outside call, under the key of its intent; the attempt may fail with it."""
    calls = tuple(sorted({*state.calls, (worker.row, worker.life)}))
    called = state._replace(calls=calls)
    done = Move("CALL", called, worker._replace(at="result"))
    return [done, *_may_fail(world, called, worker, "CALL fails")]


def settled(world: World, state: State, worker: Worker) -> list[Move]:
    """After the last step: what must exist before the end, or more work later, or a failure."""
    if world.is_family and worker.row == PARENT:
        moves = [create_child(world, state, worker)]
    elif world.configuration.program == "call" and world.rules.follow_up_first:
        moves = [follow_up(world, state, worker)]
    else:
        moves = [end(world, state, worker._replace(want=SUCCEEDED))]
    moves += _may_continue(state, worker)
    return moves + _may_fail(world, state, worker, "the attempt fails")


def follow_up(_: World, state: State, worker: Worker) -> Move:
    """F: PUT the follow-up under its derived id IF attribute_not_exists; one there is success."""
    follow_ups = tuple(sorted({*state.follow_ups, worker.row}))
    then = worker._replace(at="end", want=SUCCEEDED)
    return Move("F follow-up", state._replace(follow_ups=follow_ups), then)


def _may_continue(state: State, worker: Worker) -> list[Move]:
    left = state.budget.continuations
    if not left:
        return []
    spent = state._replace(budget=state.budget._replace(continuations=left - 1))
    return [Move("will continue", spent, worker._replace(at="continue_at"))]


def _may_fail(world: World, state: State, worker: Worker, verb: str) -> list[Move]:
    """B or E(failed): whether attempts are left is known from the claim's answer."""
    left = state.budget.failures
    if not left:
        return []
    spent = state._replace(budget=state.budget._replace(failures=left - 1))
    then = worker._replace(at="end", want=FAILED)
    if state.row(worker.row).attempt < world.last_attempt:
        then = worker._replace(at="rearm")
    return [Move(verb, spent, then)]


def rearm(world: World, state: State, worker: Worker) -> Move:
    """B: SET state = queued, attempt + 1, held = 0, back-off, under the fence. The lock is kept."""
    return _requeue(world, state, worker, "B re-arm", attempt=1, held=0)


def continue_at(world: World, state: State, worker: Worker) -> Move:
    """SET state = queued, held = 0, not_before under the fence: more later, no attempt spent."""
    held = 0 if world.rules.continue_frees_hold else 1
    return _requeue(world, state, worker, "continue", attempt=0, held=held)


def _requeue(
    world: World, state: State, worker: Worker, verb: str, *, attempt: int, held: int
) -> Move:
    row = state.row(worker.row)
    keeps_lock = world.rules.rearm_keeps_lock or not world.is_job
    then = worker._replace(at="notify" if keeps_lock else "release")
    if holds(world, row, worker):
        if row.cancel_requested and world.rules.requeue_tests_cancel:
            return Move(f"{verb}: to be cancelled", state, worker._replace(at="cancel"))
        requeued = row.requeued(attempt=attempt, held=held)
        return Move(verb, state.with_row(worker.row, requeued), then)
    if row.token == worker.token and row.state == QUEUED:
        return Move(f"{verb}: finds it done", state, then)
    return refused(world, f"{verb}: refused", state, worker)


def notify(_: World, state: State, worker: Worker) -> Move:
    """SEND the message of a row that waits again."""
    return Move("send", state.with_message(worker.row), None)


def create_child(world: World, state: State, worker: Worker) -> Move:
    """TRANSACTION: PUT the child IF absent; the parent is mine and not to be cancelled."""
    row = state.row(worker.row)
    if world.rules.child_needs_parent:
        if not holds(world, row, worker):
            return refused(world, "child: refused", state, worker)
        if row.cancel_requested:
            return Move("child: to be cancelled", state, worker._replace(at="cancel"))
    if state.rows[CHILD] is None:
        state = state.with_row(CHILD, Row(QUEUED))
    return Move("create child", state, worker._replace(at="send_child"))


def send_child(_: World, state: State, worker: Worker) -> list[Move]:
    """SEND the child's message; then the parent ends, or comes back later."""
    sent = state.with_message(CHILD)
    done = Move("send child", sent, worker._replace(at="end", want=SUCCEEDED))
    return [done, *_may_continue(sent, worker)]
