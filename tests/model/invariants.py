"""What must always be true of a state, and of the end of a fault-free completion.

The numbers are those of the protocol. Each function returns whether its invariant holds.
"""

from collections.abc import Callable

from tests.model.rules import World
from tests.model.state import (
    ABSENT,
    CANCELLED,
    CHILD,
    CLOSED,
    FIRED,
    PARENT,
    PAUSED,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    Row,
    State,
)

_HOLDING = frozenset(
    {
        *("lock", "holder", "waiter", "wait", "park", "replace", "record", "begin", "intent"),
        *("call", "result", "settled", "rearm", "continue_at", "send_child", "cancel", "end"),
    }
)


def i2_who_called_has_fired(_: World, state: State) -> bool:
    """A slot that called outside is fired: the ledger never says that it did not run."""
    return all(
        row.life != life or row.outcome == FIRED
        for row, life in ((state.row(number), life) for number, life in state.calls)
    )


def i4_one_holder_of_a_token(_: World, state: State) -> bool:
    """No two workers hold the same (row, token)."""
    if len(state.workers) < 2:
        return True
    held = [(one.row, one.token) for one in state.workers if one.at in _HOLDING]
    return len(held) == len(set(held))


def i5_one_fired_row_holds_the_lock(world: World, state: State) -> bool:
    """At most one row of a job is fired and live, and the lock names it."""
    if not world.is_job or state.hot is None:
        return True
    active = state.hot.active
    return all(
        number == active
        for number, row in enumerate(state.rows)
        if row is not None and row.outcome == FIRED and row.is_live
    )


def no_more_runs_than_allowed(world: World, state: State) -> bool:
    """A job whose number of runs is limited makes no more, however its slots meet."""
    most = world.configuration.max_runs
    return not most or sum(row is not None and row.outcome == FIRED for row in state.rows) <= most


def i6_no_ghost_job(_: World, state: State) -> bool:
    """A lock never creates the row of a job that is gone."""
    return state.hot is None or state.hot.ver > 0


def i6_a_waiter_waits_for_a_holder(_: World, state: State) -> bool:
    """Nobody is recorded as waiting for a free lock, which nobody would hand over."""
    return state.hot is None or state.hot.pending == ABSENT or state.hot.active != ABSENT


def i6_nobody_waits_for_itself(_: World, state: State) -> bool:
    """A lock's holder is not its waiter: it would fill the queue, and inherit from itself."""
    hot = state.hot
    return hot is None or hot.pending == ABSENT or hot.pending != hot.active


def who_inherits_is_told(world: World, state: State) -> bool:
    """Who was handed the lock has a message, or will: no sweep is needed where nobody dies."""
    hot, budget = state.hot, world.configuration.budget
    if budget.crashes or budget.leases or budget.dropped or hot is None or hot.active == ABSENT:
        return True
    heir = state.rows[hot.active]
    if hot.active_token or heir is None or heir.state != QUEUED or hot.active in state.messages:
        return True
    return any(
        hot.active == (one.seen_pending if one.at in {"hand_over", "wake"} else one.row)
        for one in state.workers
    )


def i10_a_success_has_its_follow_up(world: World, state: State) -> bool:
    """What a run was to bring about exists before it has succeeded."""
    if world.configuration.program == "call":
        followed = state.follow_ups
        return all(number in followed for number in _succeeded(state))
    if world.is_family and PARENT in _succeeded(state):
        return state.rows[CHILD] is not None
    return True


def dead_work_is_found_at_its_leases_end(_: World, state: State) -> bool:
    """A running task's `wake_at` never lies beyond its lease."""
    return not any(row and row.overslept and row.state == RUNNING for row in state.rows)


def a_request_to_cancel_is_not_put_off(world: World, state: State) -> bool:
    """A task that is to be cancelled does not go back into the queue."""
    return world.is_family or not any(
        row and row.cancel_requested and row.state != RUNNING for row in state.rows
    )


def children_end_with_their_parent(world: World, state: State) -> bool:
    """A cancelled parent leaves no child that has not ended or been asked to."""
    if not world.is_family or state.row(PARENT).state != CANCELLED:
        return True
    child = state.rows[CHILD]
    return child is None or not child.is_live or child.cancel_requested


def i3_every_row_ends(_: World, state: State) -> bool:
    """No accepted task is lost: all rows are terminal."""
    return not any(row and row.is_live for row in state.rows)


def i2_every_slot_has_a_row(_: World, state: State) -> bool:
    """A slot in force at its instant has its own row, is in a range, or in an open pause."""
    return all(_is_ledgered(state, slot) for slot in state.owed)


def i6_the_lock_is_free(world: World, state: State) -> bool:
    """`active` is absent or terminal, so that the next claimer helps; `pending` is absent."""
    hot = state.hot
    if not world.is_job or hot is None:
        return True
    holder = state.rows[hot.active]
    return hot.pending == ABSENT and (holder is None or not holder.is_live)


def every_end_is_concluded(_: World, state: State) -> bool:
    """A redelivered message completes what a worker left out after its task's end."""
    return not any(row and not row.concluded and row.state != CLOSED for row in state.rows)


def _succeeded(state: State) -> list[int]:
    return [n for n, row in enumerate(state.rows) if row is not None and row.state == SUCCEEDED]


def _is_ledgered(state: State, slot: int) -> bool:
    hot = state.hot
    if hot is not None and hot.state == PAUSED and hot.next <= slot:
        return True
    return any(_covers(number, row, slot) for number, row in enumerate(state.rows) if row)


def _covers(number: int, row: Row, slot: int) -> bool:
    return number == slot or number < slot <= row.last


type StateInvariant = Callable[[World, State], bool]

OF_A_STATE: tuple[StateInvariant, ...] = (
    i2_who_called_has_fired,
    i4_one_holder_of_a_token,
    i5_one_fired_row_holds_the_lock,
    no_more_runs_than_allowed,
    i6_no_ghost_job,
    i6_a_waiter_waits_for_a_holder,
    i6_nobody_waits_for_itself,
    who_inherits_is_told,
    i10_a_success_has_its_follow_up,
    dead_work_is_found_at_its_leases_end,
    a_request_to_cancel_is_not_put_off,
    children_end_with_their_parent,
)
OF_THE_END: tuple[StateInvariant, ...] = (
    i3_every_row_ends,
    i2_every_slot_has_a_row,
    i6_the_lock_is_free,
    every_end_is_concluded,
)


def broken_in(world: World, state: State, invariants: tuple[StateInvariant, ...]) -> str:
    """Return the name of an invariant that does not hold in a state, or nothing."""
    for invariant in invariants:
        if not invariant(world, state):
            return invariant.__name__
    return ""
