"""1.3 and 1.5 The job's lock: taken and judged in one write (L), waited for (H, W), replaced (X),
let go of or handed over (release).

Each function is one place in a worker's program and returns the one step that it can make there.
"""

from tests.model.fence import holds, refused
from tests.model.rules import World
from tests.model.state import (
    ABSENT,
    CANCELLED,
    CLOSED,
    ENABLED,
    FAILED,
    FIRED,
    PAUSED,
    QUEUE_FULL,
    QUEUED,
    SKIPPED,
    SUCCEEDED,
    SUPERSEDED,
    UNKNOWN,
    Hot,
    Move,
    Row,
    State,
    Worker,
)


def lock(world: World, state: State, worker: Worker) -> Move:
    """L: SET active = :row, active_token = :mine IF the lock is free or mine AND J."""
    hot = state.hot
    if hot is None:
        return _lock_of_a_deleted_job(world, state, worker)
    if not _is_judged(world, worker) and (verdict := _verdict(world, state, hot, worker)):
        return Move(f"L judged: {verdict}", state, worker._replace(at="end", want=verdict))
    if not _is_judged(world, worker) and hot.ver != worker.ver:
        return Move("L: try the version", state, worker._replace(ver=hot.ver))
    if hot.active not in {ABSENT, worker.row}:
        return Move("L: held", state, _meet(world, worker, hot))
    if hot.active and world.rules.active_token and hot.active_token > worker.token:
        return Move("L: zombie", state, None)
    state = state._replace(hot=hot._replace(active=worker.row, active_token=worker.token))
    fired = _is_judged(world, worker)
    return Move("L locks again" if fired else "L locks", state, worker._replace(at="begin"))


def _is_judged(world: World, worker: Worker) -> bool:
    """Return whether the row has fired: its first step was accepted when it was claimed."""
    return worker.checkpoint > 0 and world.rules.fired_not_judged_again


def _verdict(world: World, state: State, hot: Hot, worker: Worker) -> str:
    """J: return why the slot does not run, or nothing."""
    if hot.state == PAUSED:
        return PAUSED
    if counted := _counted_out(world, hot):
        return counted
    if hot.state != ENABLED or (world.rules.since and worker.row <= hot.since):
        return SUPERSEDED
    if state.row(worker.row).asked and world.rules.asked_beside_schedule:
        return ""
    of_another_version = hot.ver != worker.ver
    in_schedule = worker.row in world.slots(hot.schedule)
    if of_another_version and not (in_schedule and world.rules.judge_by_schedule):
        return SUPERSEDED
    return ""


def _counted_out(world: World, hot: Hot) -> str:
    """J, of a job that is limited: return why no slot runs any more, or nothing."""
    if world.is_exhausted(hot.runs) and world.rules.lock_leaves_a_run:
        return SKIPPED
    if world.has_failed_too_often(hot.failures) and world.rules.lock_after_failures:
        return PAUSED
    return ""


def _lock_of_a_deleted_job(world: World, state: State, worker: Worker) -> Move:
    """Only without a tombstone: an update without J creates the row that it does not find."""
    if not _is_judged(world, worker):
        return Move("L: no job", state, worker._replace(at="end", want=SUPERSEDED))
    ghost = Hot(next=ABSENT, ver=0, active=worker.row, active_token=worker.token)
    return Move("L locks a ghost", state._replace(hot=ghost), worker._replace(at="begin"))


def _meet(world: World, worker: Worker, hot: Hot) -> Worker:
    return worker._replace(
        at="holder",
        seen=hot.active,
        seen_token=hot.active_token,
        seen_pending=hot.pending,
        seen_last=world.is_exhausted(hot.runs + 1),
    )


def holder(world: World, state: State, worker: Worker) -> Move:
    """H: strong read of the holder's row, and what the policy says about it."""
    row = state.rows[worker.seen]
    if row is None or not row.is_live:
        return Move("H: ended, help it away", state, worker._replace(at="release"))
    policy = _policy(world, state)
    if policy == "queue_one":
        return _queue(world, state, worker)
    if policy == "replace" and _may_replace(world, worker, row):
        seen = worker._replace(
            at="replace", seen_token=row.token, seen_fired=_counts(world) and row.outcome == FIRED
        )
        return Move("H: live, replace it", state, seen)
    return Move("H: live, skip", state, _forget(worker, "end", SKIPPED))


def _may_replace(world: World, worker: Worker, holder: Row) -> bool:
    """Only a newer slot replaces, and none the last run that the job may make."""
    if world.rules.newer_only and worker.seen > worker.row:
        return False
    is_last = worker.seen_last and holder.outcome == FIRED
    return not (is_last and world.rules.replace_spares_last)


def _policy(world: World, state: State) -> str:
    """Read the definition: an operator may have changed it since the slot was handed over."""
    return world.configuration.policies[state.hot.policy if state.hot else 0]


def _queue(world: World, state: State, worker: Worker) -> Move:
    """QueueOne: wait if nobody does; whether somebody does is one more read."""
    waiter = worker.seen_pending
    if waiter == ABSENT or (waiter == worker.row and world.rules.pending_or_me):
        return Move("H: live, wait", state, worker._replace(at="wait"))
    return Move("H: live, another waits", state, worker._replace(at="waiter"))


def waiter(_: World, state: State, worker: Worker) -> Move:
    """H: strong read of the waiter's row."""
    row = state.rows[worker.seen_pending]
    if row is None or not row.is_live:
        return Move("H: the waiter has ended, wait", state, worker._replace(at="wait"))
    return Move("H: queue full", state, _forget(worker, "end", QUEUE_FULL))


def wait(world: World, state: State, worker: Worker) -> Move:
    """W: SET pending = :row IF the holder and the waiter are those seen."""
    hot = state.hot
    if hot is None:
        return Move("W: refused", state, _forget(worker, "lock"))
    same_holder = (hot.active, hot.active_token) == (worker.seen, worker.seen_token)
    same_waiter = hot.pending in {ABSENT, worker.seen_pending}
    rules = world.rules
    if (rules.waiter_seen_holder and not same_holder) or (
        rules.waiter_seen_waiter and not same_waiter
    ):
        return Move("W: refused", state, _forget(worker, "lock"))
    state = state._replace(hot=hot._replace(pending=worker.row))
    return Move("W waits", state, _forget(worker, "park"))


def park(world: World, state: State, worker: Worker) -> Move:
    """Park: SET state = queued, held = 0 under the fence; it costs no attempt, no message."""
    row = state.row(worker.row)
    then = worker._replace(at="look") if world.rules.look_after_park else None
    if not holds(world, row, worker):
        if row.token == worker.token and row.state == QUEUED:
            return Move("park: finds it done", state, then)
        return refused(world, "park: refused", state, worker)
    if row.cancel_requested and world.rules.requeue_tests_cancel:
        return Move("park: to be cancelled", state, worker._replace(at="cancel"))
    parked = row.requeued(resting=False)
    return Move("park", state.with_row(worker.row, parked), then)


def look(_: World, state: State, worker: Worker) -> Move:
    """Strong read of the hot row: SEND the message if the lock came while nobody could see it wait.

    Whoever handed it over has sent one, too; it was dropped if it came before the park.
    """
    if state.hot is not None and state.hot.active == worker.row:
        return Move("look: inherited, send", state.with_message(worker.row), None)
    return Move("look: waits", state, None)


def replace(world: World, state: State, worker: Worker) -> Move:
    """X: one transaction over the holder's row, the hot row and my own row."""
    mine, theirs, hot = state.row(worker.row), state.row(worker.seen), state.hot
    if not holds(world, mine, worker):
        return refused(world, "X: refused", state, worker)
    seen = theirs.is_live and theirs.token == worker.seen_token
    if world.rules.replace_as_fired and _counts(world):
        seen = seen and (theirs.outcome == FIRED) == worker.seen_fired
    if hot is None or not seen or not _may_take_over(world, state, hot, worker):
        return Move("X: cancelled", state, _forget(worker, "lock"))
    replaced = theirs.ended(CANCELLED, raised=world.rules.replace_raises_token)
    state = state.with_row(worker.seen, replaced)
    waits = hot.pending == worker.row and world.rules.replace_ends_wait
    pending = ABSENT if waits else hot.pending
    hot = _tallied(world, hot, replaced, has_fired=worker.seen_fired)
    taken = hot._replace(active=worker.row, active_token=worker.token, pending=pending)
    state = state._replace(hot=taken)
    return Move("X replaces", state, worker._replace(at="record"))


def record(world: World, state: State, worker: Worker) -> Move:
    """The end of the replaced row's run, by who replaced it: its own worker writes nothing more."""
    row, then = state.row(worker.seen), _forget(worker, "begin")
    if row.is_live or row.token != worker.seen_token + world.rules.replace_raises_token:
        return Move("record: of an earlier life", state, then)
    return Move("record", state.with_row(worker.seen, row._replace(concluded=True)), then)


def _may_take_over(world: World, state: State, hot: Hot, worker: Worker) -> bool:
    if hot.active != worker.seen:
        return False
    if _is_judged(world, worker):
        return True
    return hot.ver == worker.ver and not _verdict(world, state, hot, worker)


def _counts(world: World) -> bool:
    return bool(world.configuration.max_runs or world.configuration.pause_after)


def _tallied(world: World, hot: Hot, ended: Row | None, *, has_fired: bool) -> Hot:
    """Return the hot row with the end of its lock's holder counted, where anybody asks."""
    if not has_fired or ended is None or not _counts(world):
        return hot
    failures = hot.failures + (ended.state in {FAILED, UNKNOWN})
    return hot._replace(runs=hot.runs + 1, failures=0 if ended.state == SUCCEEDED else failures)


def _let_go(world: World, state: State, hot: Hot) -> Hot:
    """Return the hot row when its holder is let go of: counted by the write that does so."""
    row = state.rows[hot.active]
    return _tallied(world, hot, row, has_fired=row is not None and row.outcome == FIRED)


def _forget(worker: Worker, at: str, want: str = "") -> Worker:
    """Return the worker at another place, without the holder that it met."""
    return worker._replace(
        at=at,
        seen=ABSENT,
        seen_token=0,
        seen_pending=ABSENT,
        seen_last=False,
        seen_fired=False,
        want=want,
    )


def release(world: World, state: State, worker: Worker) -> Move:
    """REMOVE active IF it is the one to be let go of AND nobody waits.

    The finisher lets go of what it or an earlier token of its row took; a helper of exactly what
    it has seen. A lock that is another's by now was let go of by somebody else: done.
    """
    hot = state.hot
    if hot is None or not _is_to_release(world, hot, worker):
        return _released(state, worker, "release: done by another")
    if hot.pending != ABSENT and world.rules.release_clears_pending:
        return Move(
            "release: one waits", state, worker._replace(at="hand_over", seen_pending=hot.pending)
        )
    hot = _let_go(world, state, hot)
    state = state._replace(hot=hot._replace(active=ABSENT, active_token=0))
    return _released(state, worker, "release")


def hand_over(world: World, state: State, worker: Worker) -> Move:
    """SET active = P, active_token = 0, REMOVE pending IF the lock is as seen AND pending = P."""
    hot, heir = state.hot, worker.seen_pending
    if hot is None or hot.pending != heir or not _is_to_release(world, hot, worker):
        if hot is not None and hot.active == heir and world.rules.hand_over_again:
            return Move("hand over: finds it done", state, worker._replace(at="wake"))
        return Move("hand over: refused", state, worker._replace(at="release"))
    hot = _let_go(world, state, hot)
    state = state._replace(hot=hot._replace(active=heir, active_token=0, pending=ABSENT))
    return Move("hand over", state, worker._replace(at="wake"))


def wake(_: World, state: State, worker: Worker) -> Move:
    """SEND the message of the waiter that has inherited the lock."""
    return _released(state.with_message(worker.seen_pending), worker, "wake the waiter")


def _is_to_release(world: World, hot: Hot, worker: Worker) -> bool:
    is_helper = worker.seen != ABSENT
    if hot.active != (worker.seen if is_helper else worker.row):
        return False
    if not world.rules.active_token:
        return True
    if is_helper:
        return hot.active_token == worker.seen_token
    return hot.active_token <= worker.token


def _released(state: State, worker: Worker, verb: str) -> Move:
    if worker.seen != ABSENT:
        return Move(verb, state, _forget(worker, "lock"))
    if state.row(worker.row).state == CLOSED:
        return Move(verb, state, None)
    return Move(verb, state, _forget(worker, "conclude"))
