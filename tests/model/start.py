"""The state that an exploration begins with."""

from tests.model.rules import World
from tests.model.state import CHILD, NEVER, PARENT, QUEUED, Hot, Row, State


def first_state(world: World) -> State:
    """Return a job before its first slot, a job with its slots handed over, or a queued task."""
    if not world.is_job:
        return _tasks(world)
    configuration = world.configuration
    slots = world.slots(0)
    highest = max(slot for schedule in configuration.schedules for slot in schedule)
    rows: list[Row | None] = [None] * (highest + 1)
    if not configuration.ledgered:
        return _state(world, Hot(next=slots[0]), rows, ())
    for slot in slots:
        rows[slot] = Row(QUEUED, last=slot)
    state = _state(world, Hot(next=NEVER), rows, slots)
    return state._replace(clock=configuration.end, owed=slots)


def _tasks(world: World) -> State:
    rows: list[Row | None] = [None, Row(QUEUED)]
    if world.is_family:
        rows.insert(CHILD, None)
    return _state(world, None, rows, (PARENT,))


def _state(
    world: World, hot: Hot | None, rows: list[Row | None], messages: tuple[int, ...]
) -> State:
    budget = world.configuration.budget
    return State(0, hot, tuple(rows), messages, (), (), budget)
