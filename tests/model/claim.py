"""1.3 C: a message makes a worker, which claims the row that it points to."""

from collections.abc import Iterator

from tests.model.rules import World
from tests.model.state import CLOSED, LIVE, QUEUED, RUNNING, Label, Move, Row, State, Step, Worker


def deliveries(world: World, state: State) -> Iterator[Step]:
    """Yield what may come of each message; one that comes early is sent again, unchanged."""
    if len(state.workers) >= world.configuration.workers:
        return
    waits = world.is_job and world.rules.wait_for_instant and not world.configuration.early
    for number in dict.fromkeys(state.messages):
        row = state.row(number)
        early = waits and number > state.clock
        if not early and not (row.resting and row.state in LIVE):
            yield from _delivered(world, state.without_message(number), number, row)


def _delivered(world: World, state: State, number: int, row: Row) -> Iterator[Step]:
    """A claim follows its delivery at once, unless the worker remembers what it then read."""
    if not world.rules.claim_random_id:
        waiting = Worker("claim", number, token=row.token + 1)
        yield Step(Label("message", number), state.with_worker(waiting))
        return
    move = claim(world, state, Worker("claim", number))
    after = move.shared.with_worker(move.then) if move.then else move.shared
    token = move.then.token if move.then else 0
    yield Step(Label(move.verb, number, token), after)
    if state.budget.lost and is_takeable(world, row):
        yield _reply_lost(world, state, number)


def _reply_lost(world: World, state: State, number: int) -> Step:
    """Only an id whose owner still waits for its reply is ever compared: the others are 0."""
    mine = state.budget.lost
    move = claim(world, state, Worker("claim", number, seen=mine))
    budget = state.budget._replace(lost=mine - 1)
    after = move.shared._replace(budget=budget).with_worker(Worker("claim", number, seen=mine))
    return Step(Label(f"{move.verb}: REPLY LOST", number), after)


def is_takeable(world: World, row: Row) -> bool:
    """C's condition: queued, or running with its lease over and attempts left; not expired."""
    if row.expired and world.rules.claim_refuses_expired:
        return False
    if row.state == QUEUED:
        return not row.resting
    if row.state != RUNNING and world.rules.claim_tests_running:
        return False
    over = row.lease_over or row.state not in LIVE
    return over and row.state != CLOSED and _attempts_left(world, row)


def _attempts_left(world: World, row: Row) -> bool:
    return row.attempt < world.last_attempt or not world.rules.rescue_counts_attempts


def claim(world: World, state: State, worker: Worker) -> Move:
    """C: SET token + 1, claim = :id, running, a new lease, attempt + held, held = 1.

    The second write, for a `wake_at` beyond the lease, has the same condition and more to set:
    the two are one step, since the first has no effect.
    """
    row = state.row(worker.row)
    if not is_takeable(world, row):
        return _refused(world, state, worker, row)
    taken = row._replace(
        state=RUNNING,
        token=row.token + 1,
        claim=worker.seen,
        attempt=row.attempt + row.held * world.rules.rescue_counts_attempts,
        held=1,
        lease_over=False,
        resting=False,
        overslept=row.overslept and not world.rules.claim_pulls_wake,
    )
    verb = "C claims" if row.state == QUEUED else "C rescues"
    return Move(verb, state.with_row(worker.row, taken), _claimed(world, taken, worker.row))


def _refused(world: World, state: State, worker: Worker, row: Row) -> Move:
    if _is_mine(world, row, worker):
        found = row._replace(claim=0)
        then = _claimed(world, row, worker.row)
        return Move("C finds its claim", state.with_row(worker.row, found), then)
    if row.state in LIVE or row.state == CLOSED or row.concluded:
        return Move("C: refused, dropped", state, None)
    at = "release" if world.is_job else "conclude"
    tail = Worker(at, worker.row, token=row.token, life=row.life)
    return Move("C: refused, concludes", state, tail)


def _is_mine(world: World, row: Row, worker: Worker) -> bool:
    """ALL_OLD.claim = :id AND state = running; a number could not tell whose claim it was."""
    if row.state != RUNNING:
        return False
    if world.rules.claim_random_id:
        return worker.seen != 0 and row.claim == worker.seen
    return row.token == worker.token


def _claimed(world: World, row: Row, number: int) -> Worker:
    """Return the worker with what the claim returned of the row."""
    at = "lock" if world.is_job else "begin"
    if row.cancel_requested:
        at = "cancel"
    ver = row.ver if world.is_job else 0
    return Worker(at, number, row.token, ver, row.checkpoint, row.life)
