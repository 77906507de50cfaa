"""What happens to everybody: time passes, processes die, replies and messages are lost."""

from collections.abc import Callable, Iterator

from tests.model.rules import World
from tests.model.state import DELETED, QUEUED, RUNNING, Label, State, Step


def happens(world: World, state: State) -> Iterator[Step]:
    """Yield what may happen without anybody's doing."""
    if state.clock < world.configuration.end and world.is_job:
        yield Step(Label(f"clock {state.clock + 1}"), passes(world, state))
    yield from _to_rows(state)
    yield from _to_messages(state)
    if state.budget.crashes:
        yield from _crashes(state)


def passes(world: World, state: State) -> State:
    """Return the state one instant later, with its slot owed if it is in force."""
    now, hot = state.clock + 1, state.hot
    state = state._replace(clock=now)
    if hot is None or hot.state == DELETED or now not in world.slots(hot.schedule):
        return state
    return state._replace(owed=(*state.owed, now))


def rests_no_longer(state: State, number: int) -> State:
    """Return the state with a row's back-off over."""
    return state.with_row(number, state.row(number)._replace(resting=False))


def lease_ends(state: State, number: int) -> State:
    """Return the state with a row's lease over."""
    return state.with_row(number, state.row(number)._replace(lease_over=True))


def _expires(state: State, number: int) -> State:
    return state.with_row(number, state.row(number)._replace(expired=True))


def _to_rows(state: State) -> Iterator[Step]:
    for number, row in enumerate(state.rows):
        if row is None or not row.is_live:
            continue
        if row.resting and row.state == QUEUED:
            yield Step(Label("rest over", number), rests_no_longer(state, number))
        if row.state == RUNNING and not row.lease_over:
            yield from _spend(state, "leases", "LEASE OVER", number, lease_ends)
        if not row.expired:
            yield from _spend(state, "expiries", "EXPIRES", number, _expires)


def _to_messages(state: State) -> Iterator[Step]:
    for number in dict.fromkeys(state.messages):
        yield from _spend(state, "doubled", "MESSAGE DOUBLED", number, State.with_message)
        yield from _spend(state, "dropped", "MESSAGE LOST", number, State.without_message)


def _spend(
    state: State, name: str, verb: str, number: int, effect: Callable[[State, int], State]
) -> Iterator[Step]:
    left = getattr(state.budget, name)
    if left:
        spent = state._replace(budget=state.budget._replace(**{name: left - 1}))
        yield Step(Label(verb, number), effect(spent, number))


def _crashes(state: State) -> Iterator[Step]:
    """Everything that a process knew is lost; what it wrote stays."""
    spent = state._replace(budget=state.budget._replace(crashes=state.budget.crashes - 1))
    for worker in dict.fromkeys(state.workers):
        yield Step(
            Label(f"CRASH at {worker.at}", worker.row, worker.token), spent.without_worker(worker)
        )
    for position, tick in enumerate(state.ticks):
        others = state.ticks[:position] + state.ticks[position + 1 :]
        yield Step(Label(f"CRASH of a tick at {tick.at}", tick.slot), spent._replace(ticks=others))
