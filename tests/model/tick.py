"""1.1 The tick: T1 puts the row, T2 moves the job on, T3 sends the message.

What a tick knows is of one read of the due index, which may be stale: a tick that has read may
wait for as long as it likes.
"""

from collections.abc import Iterator

from tests.model.rules import GRACE, HORIZON, World
from tests.model.state import (
    ABSENT,
    CLOSED,
    ENABLED,
    HANDED,
    LIVE,
    MISFIRED,
    NEVER,
    QUEUED,
    Hot,
    Label,
    Row,
    State,
    Step,
    Tick,
)


def reads(world: World, state: State) -> Iterator[Step]:
    """Yield what a new tick may read of a job that is due."""
    hot = state.hot
    if not state.budget.ticks or not is_due(state):
        return
    spent = state._replace(budget=state.budget._replace(ticks=state.budget.ticks - 1))
    for tick in _seen(world, state, hot):
        yield Step(Label(f"tick reads v{tick.ver}", tick.slot), _with(spent, None, tick))


def is_due(state: State) -> bool:
    """Return whether the job stands in the due index, within the horizon."""
    hot = state.hot
    return hot is not None and hot.state == ENABLED and hot.next <= state.clock + HORIZON


def _seen(world: World, state: State, hot: Hot | None) -> Iterator[Tick]:
    assert hot is not None
    at = "put" if world.rules.put_before_advance else "advance"
    tick = Tick(at, state.clock, hot.next, hot.ver, hot.schedule)
    yield tick
    if not world.rules.schedule_with_version and hot.schedule:
        yield tick._replace(schedule=hot.schedule - 1)


def put(world: World, state: State, tick: Tick) -> Step:
    """T1: PUT the row IF attribute_not_exists; a row that exists decides instead."""
    verb, row = "T1 put: exists", state.rows[tick.slot]
    if row is None:
        verb, row = "T1 put", _row(world, tick)
        state = state.with_row(tick.slot, row)
    last = row.last if world.rules.advance_from_row else _plan(world, tick)[1]
    then = tick._replace(at="advance" if world.rules.put_before_advance else "send", last=last)
    return _step(verb, state, tick, then)


def _row(world: World, tick: Tick) -> Row:
    outcome, last = _plan(world, tick)
    if outcome == HANDED:
        return Row(QUEUED, outcome=HANDED, ver=tick.ver, last=last)
    return Row(CLOSED, outcome=outcome, ver=tick.ver, last=last)


def _plan(world: World, tick: Tick) -> tuple[str, int]:
    """Return the outcome of the slot and the last slot that it covers."""
    old = [s for s in world.slots(tick.schedule) if tick.slot <= s < tick.now - GRACE]
    return (MISFIRED, old[-1]) if old else (HANDED, tick.slot)


def advance(world: World, state: State, tick: Tick) -> Step:
    """T2: SET next = next_after(row.last) IF next = :slot AND ver = :ver."""
    at = "send" if world.rules.put_before_advance else "put"
    last = tick.last or _plan(world, tick)[1]
    following = world.next_after(tick.schedule, last)
    hot = state.hot
    if not _is_as_read(world, hot, tick):
        return _step("T2 advance: refused", state, tick, tick._replace(at=at, last=last))
    assert hot is not None
    state = state._replace(hot=hot._replace(next=following))
    more = following if following <= tick.now + HORIZON else ABSENT
    return _step("T2 advance", state, tick, tick._replace(at=at, last=last, following=more))


def _is_as_read(world: World, hot: Hot | None, tick: Tick) -> bool:
    return (
        hot is not None
        and hot.next == tick.slot != NEVER
        and (hot.ver == tick.ver or not world.rules.advance_version)
    )


def send(world: World, state: State, tick: Tick) -> Step:
    """T3: SEND the message of a handed row; then the same again with the job's next slot."""
    row = state.row(tick.slot)
    if row.outcome == HANDED and row.state in LIVE:
        state = state.with_message(tick.slot)
    if not tick.following:
        return _step("T3 send", state, tick, None)
    at = "put" if world.rules.put_before_advance else "advance"
    then = Tick(at, tick.now, tick.following, tick.ver, tick.schedule)
    return _step("T3 send", state, tick, then)


PROGRAM = {"put": put, "advance": advance, "send": send}


def step(world: World, state: State, tick: Tick) -> Step:
    """Return the next write of a tick."""
    return PROGRAM[tick.at](world, state, tick)


def _step(verb: str, state: State, tick: Tick, then: Tick | None) -> Step:
    return Step(Label(verb, tick.slot), _with(state, tick, then))


def _with(state: State, tick: Tick | None, then: Tick | None) -> State:
    ticks = list(state.ticks)
    if tick is not None:
        ticks.remove(tick)
    if then is not None:
        ticks.append(then)
    return state._replace(ticks=tuple(sorted(ticks)))
