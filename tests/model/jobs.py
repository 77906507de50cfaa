"""1.2 The operator's writes on a job: each ONE transaction, IF ver = :seen AND next = :seen.

Reading and writing are one step here, because the condition names all that was decided by. Only a
firing that is asked for is put without a look at the hot row: it is judged like any other.
"""

from collections.abc import Iterator

from tests.model.rules import World
from tests.model.state import (
    ABSENT,
    CLOSED,
    DELETED,
    ENABLED,
    NEVER,
    PAUSED,
    QUEUED,
    SUPERSEDED,
    Hot,
    Label,
    Move,
    Row,
    State,
    Step,
    Worker,
)


def writes(world: World, state: State) -> Iterator[Step]:
    """Yield what the operator may do to the job now."""
    hot = state.hot
    if hot is None or hot.state == DELETED:
        return
    for verb in world.configuration.operator:
        act = VERBS.get(verb)
        after = act(world, state, hot) if act else None
        if after is not None:
            yield Step(Label(f"operator: {verb}"), after)


def edit(world: World, state: State, hot: Hot) -> State | None:
    """E2: ver + 1, since = now, the next schedule, next = its first slot from now on."""
    schedule = hot.schedule + 1
    if schedule == len(world.configuration.schedules):
        return None
    state = _ledger(world, state, hot, PAUSED if hot.state == PAUSED else SUPERSEDED)
    following = world.next_after(schedule, state.clock)
    return _changed(state, hot._replace(schedule=schedule, next=following))


def reword(world: World, state: State, hot: Hot) -> State | None:
    """E2 without a schedule: ver + 1; since and next stay, and so does every slot."""
    hot = hot._replace(ver=hot.ver + 1)
    if not world.rules.reword_keeps_since:
        hot = hot._replace(since=state.clock)
    return state._replace(hot=hot)


def repolicy(world: World, state: State, hot: Hot) -> State | None:
    """E2 and E3 without a schedule: ver + 1, and the next concurrency policy."""
    policy = hot.policy + 1
    if policy == len(world.configuration.policies):
        return None
    return state._replace(hot=hot._replace(ver=hot.ver + 1, policy=policy))


def pause(_: World, state: State, hot: Hot) -> State | None:
    """E2: ver + 1, state = paused; next stays, since an open pause is [next ..)."""
    if hot.state == PAUSED:
        return None
    return state._replace(hot=hot._replace(ver=hot.ver + 1, state=PAUSED))


def resume(world: World, state: State, hot: Hot) -> State | None:
    """E2: ver + 1, since = now, state = enabled, next = no slot that has passed."""
    if hot.state != PAUSED:
        return None
    state = _ledger(world, state, hot, PAUSED)
    following = max(hot.next, world.next_after(hot.schedule, state.clock))
    resumed = _changed(state, hot._replace(state=ENABLED, next=following))
    if world.rules.resume_sets_since or resumed.hot is None:
        return resumed
    return resumed._replace(hot=resumed.hot._replace(since=hot.since, ver=hot.ver))


def delete(world: World, state: State, hot: Hot) -> State:
    """E2: ver + 1, since = now, state = deleted, REMOVE next; the row stays as a tombstone."""
    state = _ledger(world, state, hot, SUPERSEDED)
    if not world.rules.hot_tombstone:
        return state._replace(hot=None, changed_at=state.clock)
    return _changed(state, hot._replace(state=DELETED, next=NEVER))


def run_now(world: World, state: State, hot: Hot) -> State | None:
    """Read the hot row, and choose the first instant to come that is no slot of the schedule."""
    slot = _free(world, state, hot, state.clock)
    if hot.state != ENABLED or slot == ABSENT:
        return None
    return state.with_worker(Worker("ask", slot, ver=hot.ver, seen=hot.schedule))


def ask(world: World, state: State, worker: Worker) -> Move:
    """PUT the row of its own slot IF attribute_not_exists; refused: the same with a later one."""
    if state.rows[worker.row] is not None and world.rules.ask_if_absent:
        return _ask_again(world, state, worker)
    asked = Row(QUEUED, ver=worker.ver, last=worker.row, asked=True)
    then = worker._replace(at="notify", seen=ABSENT)
    return Move("run now", state.with_row(worker.row, asked), then)


def _ask_again(world: World, state: State, worker: Worker) -> Move:
    hot = state.hot
    slot = _free(world, state, hot, worker.row) if hot and hot.state == ENABLED else ABSENT
    if hot is None or slot == ABSENT:
        return Move("run now: refused", state, None)
    then = worker._replace(row=slot, ver=hot.ver, seen=hot.schedule)
    return Move("run now: taken", state, then)


def _free(world: World, state: State, hot: Hot, after: int) -> int:
    """Return an instant later than another for which there is no slot, or ABSENT."""
    taken = world.slots(hot.schedule) if world.rules.ask_beside_slots else ()
    to_come = range(after + 1, min(len(state.rows), world.configuration.end + 1))
    return next((instant for instant in to_come if instant not in taken), ABSENT)


VERBS = {
    "edit": edit,
    "reword": reword,
    "repolicy": repolicy,
    "pause": pause,
    "resume": resume,
    "delete": delete,
    "run now": run_now,
}


def _changed(state: State, hot: Hot) -> State:
    hot = hot._replace(ver=hot.ver + 1, since=state.clock)
    return state._replace(hot=hot, changed_at=state.clock)


def _ledger(world: World, state: State, hot: Hot, outcome: str) -> State:
    """E1: PUT a range row for the slots of the OLD schedule from hot.next up to now.

    A row that exists was put by a tick that has not moved the job on yet: the range begins
    behind its last slot.
    """
    first = hot.next
    while first <= state.clock and state.rows[first] is not None:
        first = world.next_after(hot.schedule, state.row(first).last)
    if first > state.clock or not world.rules.edit_ledgers:
        return state
    last = max(slot for slot in world.slots(hot.schedule) if slot <= state.clock)
    return state.with_row(first, Row(CLOSED, outcome=outcome, ver=hot.ver, last=last))
