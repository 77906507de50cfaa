"""What must be true of every step: of the state before it, what happened, and the state after it.

The numbers are those of the protocol. Each function returns whether its invariant holds; it is
asked only about steps whose verb can break it.
"""

from collections.abc import Callable
from functools import cache

from tests.model.rules import World
from tests.model.state import (
    CHILD,
    CLOSED,
    ENABLED,
    FAILED,
    FIRED,
    PARENT,
    RUNNING,
    SUCCEEDED,
    UNKNOWN,
    Label,
    State,
    Worker,
)

_FOUND = ": finds it done"


def i1_terminal_rows_are_final(_: World, before: State, label: Label, after: State) -> bool:
    """A terminal row is never written again, except by an operator's retry; its header is."""
    if before.rows is after.rows or label.verb == "operator: retry task":
        return True
    return all(
        old is new or old is None or old.is_live or new == old._replace(concluded=True)
        for old, new in zip(before.rows, after.rows, strict=True)
    )


def i1_an_end_is_ones_own(_: World, before: State, label: Label, __: State) -> bool:
    """A worker that takes an end for its own has written that end: one accepted finish a row."""
    if not label.verb.endswith(_FOUND):
        return True
    row = before.row(label.row)
    want = label.verb.removeprefix("E ").removesuffix(_FOUND)
    return want == (row.outcome if row.state == CLOSED else row.state)


def i4_only_the_holder_writes(_: World, before: State, label: Label, after: State) -> bool:
    """Every accepted write of a worker on its row finds its own token on a running row."""
    old = before.rows[label.row]
    if old is None or old is after.rows[label.row]:
        return True
    return old.token == label.token and old.state == RUNNING


def i5_queue_full_is_true(_: World, before: State, label: Label, __: State) -> bool:
    """queue_full is said only if the recorded waiter lives, and is neither holder nor oneself."""
    worker = _worker(before, label)
    waiter = before.row(worker.seen_pending)
    return waiter.is_live and worker.seen_pending not in {worker.seen, worker.row}


def i5_one_waits(_: World, before: State, label: Label, __: State) -> bool:
    """QueueOne: nobody takes the place of another who waits, and whom then nobody would wake."""
    assert before.hot is not None
    waiter = before.rows[before.hot.pending]
    return waiter is None or before.hot.pending == label.row or not waiter.is_live


def i5_only_newer_slots_replace(_: World, before: State, label: Label, __: State) -> bool:
    """Replace: the newest slot is never replaced by an older one."""
    return before.hot is not None and before.hot.active < label.row


def i7_nothing_fires_from_before_a_change(_: World, before: State, label: Label, __: State) -> bool:
    """No slot at or before the last edit or resume passes judgement."""
    return _worker(before, label).checkpoint > 0 or label.row > before.changed_at


def nothing_fires_after_too_many_failures(
    world: World, before: State, label: Label, _: State
) -> bool:
    """A job whose runs have failed too often, and never worked, passes no judgement."""
    ended = [row.state for row in before.rows if row is not None and row.outcome == FIRED]
    is_first = _worker(before, label).checkpoint == 0
    failed = 0 if SUCCEEDED in ended else sum(state in {FAILED, UNKNOWN} for state in ended)
    return not (is_first and world.has_failed_too_often(failed))


def i8_one_call(world: World, before: State, _: Label, after: State) -> bool:
    """A call that is not idempotent is made at most once under its key."""
    return world.configuration.idempotent or len(after.calls) > len(before.calls)


def i9_in_force_is_not_closed(world: World, before: State, label: Label, after: State) -> bool:
    """A slot of the schedule in force, or asked for, is never closed as superseded or paused."""
    hot = before.hot
    if hot is None:
        return True
    if world.has_failed_too_often(hot.failures):
        return True
    is_slot = before.row(label.row).asked or label.row in world.slots(hot.schedule)
    in_force = hot.state == ENABLED and is_slot
    written = before.rows is not after.rows
    return not (written and in_force and label.row > before.changed_at)


def what_is_asked_for_is_one_more(world: World, before: State, label: Label, _: State) -> bool:
    """A firing that an operator asks for does not stand for a slot of the schedule it read."""
    return label.row not in world.slots(_worker(before, label).seen)


def only_failures_cost_attempts(_: World, before: State, label: Label, after: State) -> bool:
    """A claim of what waited in the queue leaves `attempt`: only rescues and failures raise it."""
    return before.row(label.row).attempt == after.row(label.row).attempt


def only_the_last_attempt_is_failed(world: World, before: State, label: Label, _: State) -> bool:
    """The sweep fails no task that has attempts left."""
    refused = label.verb.endswith(": refused")
    return refused or before.row(label.row).attempt >= world.last_attempt


def what_expired_is_not_claimed(_: World, before: State, label: Label, __: State) -> bool:
    """A task that has expired is neither begun nor rescued."""
    return not before.row(label.row).expired


def no_child_of_a_cancelled_parent(_: World, before: State, __: Label, after: State) -> bool:
    """No child is created once its parent is to be cancelled, or is no longer run."""
    if before.rows[CHILD] is after.rows[CHILD]:
        return True
    parent = before.row(PARENT)
    return parent.state == RUNNING and not parent.cancel_requested


def _worker(state: State, label: Label) -> Worker:
    return next(w for w in state.workers if (w.row, w.token) == (label.row, label.token))


type StepInvariant = Callable[[World, State, Label, State], bool]

# Each with the verbs of the steps that can break it; "" is every step.
OF_A_STEP: tuple[tuple[StepInvariant, tuple[str, ...]], ...] = (
    (i1_terminal_rows_are_final, ("",)),
    (i1_an_end_is_ones_own, ("E ",)),
    (i4_only_the_holder_writes, ("S ", "park", "B ", "continue", "E ")),
    (i5_queue_full_is_true, ("H: queue full",)),
    (i5_one_waits, ("W waits",)),
    (i5_only_newer_slots_replace, ("X replaces",)),
    (i7_nothing_fires_from_before_a_change, ("L locks", "X replaces")),
    (nothing_fires_after_too_many_failures, ("L locks", "X replaces")),
    (i8_one_call, ("CALL",)),
    (i9_in_force_is_not_closed, ("E superseded", "E paused")),
    (what_is_asked_for_is_one_more, ("run now",)),
    (only_failures_cost_attempts, ("C claims",)),
    (only_the_last_attempt_is_failed, ("sweep ends: failed",)),
    (what_expired_is_not_claimed, ("C claims", "C rescues")),
    (no_child_of_a_cancelled_parent, ("create child",)),
)


def broken_by(world: World, before: State, label: Label, after: State) -> str:
    """Return the name of an invariant that a step breaks, or nothing."""
    for invariant in _that_may_break(label.verb):
        if not invariant(world, before, label, after):
            return invariant.__name__
    return ""


@cache
def _that_may_break(verb: str) -> tuple[StepInvariant, ...]:
    return tuple(invariant for invariant, verbs in OF_A_STEP if verb.startswith(verbs))
