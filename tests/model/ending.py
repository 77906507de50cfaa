"""1.4 How a worker's task ends: E, O, a request to cancel that it has seen, the header."""

from tests.model.fence import holds, refused, released_at
from tests.model.rules import World
from tests.model.state import CANCELLED, CHILD, PARENT, RUNNING, Move, State, Worker


def cancel(world: World, state: State, worker: Worker) -> Move:
    """A request to cancel was seen: children first, then the end, under the fence."""
    ending = worker._replace(at="end", want=CANCELLED)
    if world.is_family and worker.row == PARENT and world.rules.children_first:
        return Move("cancel child", cancel_child(world, state), ending)
    return end(world, state, ending)


def cancel_child(world: World, state: State) -> State:
    """Cancel a queued child at once, mark a running one; IF its state is still that."""
    child = state.rows[CHILD]
    if child is None or not child.is_live or child.cancel_requested:
        return state
    if child.state == RUNNING:
        return state.with_row(CHILD, child._replace(cancel_requested=True))
    raised = world.rules.cancel_raises_token
    return state.with_row(CHILD, child.ended(CANCELLED, raised=raised))


def end(world: World, state: State, worker: Worker) -> Move:
    """E and O: SET state, outcome, REMOVE open under the fence; then let go of the lock.

    A refusal that shows my token on a terminal row is my own end, written by a first try.
    """
    row = state.row(worker.row)
    then = worker._replace(at=released_at(world), want="")
    if holds(world, row, worker):
        ended = row.ended(worker.want)
        return Move(f"E {worker.want}", state.with_row(worker.row, ended), then)
    if row.token == worker.token and not row.is_live:
        return Move(f"E {worker.want}: finds it done", state, then)
    return refused(world, f"E {worker.want}: refused", state, worker)


def conclude(_: World, state: State, worker: Worker) -> Move:
    """The header's end, written last of all; it is the end of one life, not of a later one."""
    row = state.row(worker.row)
    if row.is_live or row.life != worker.life:
        return Move("header end: of an earlier life", state, None)
    return Move("header end", state.with_row(worker.row, row._replace(concluded=True)), None)
