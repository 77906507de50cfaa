"""R1 and R3: under which condition a worker writes on its row, and what it does once refused."""

from tests.model.rules import World
from tests.model.state import RUNNING, Move, Row, State, Worker


def holds(world: World, row: Row, worker: Worker) -> bool:
    """R1: token = :mine AND state = running."""
    rules = world.rules
    return (row.token == worker.token or not rules.fence) and (
        row.state == RUNNING or not rules.fence_running
    )


def refused(world: World, verb: str, state: State, worker: Worker) -> Move:
    """R3: a worker that is refused once, stops; it does not even unlock."""
    if world.rules.fenced_unlock or not world.is_job:
        return Move(verb, state, None)
    return Move(verb, state, worker._replace(at="release"))


def released_at(world: World) -> str:
    """Return where whoever has ended a task goes on: only a slot's task can have a lock."""
    return "release" if world.is_job else "conclude"
