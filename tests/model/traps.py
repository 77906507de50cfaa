"""Each rule with what goes wrong without it, in a small world that shows it."""

from typing import NamedTuple

from tests.model.rules import Configuration
from tests.model.state import Budget

_JOB = ("edit", "pause", "resume", "delete")

_TICK = Configuration("", Budget())
_LEDGER = _TICK._replace(workers=0)
_SLOT = Configuration("", Budget(), ledgered=True)
_PLAIN = Configuration("", Budget(), kind="task")
_PARENT = Configuration("", Budget(), kind="family", operator=("cancel task",))


class Trap(NamedTuple):
    """A rule that is left out, and the invariant that is then broken."""

    rule: str
    invariant: str
    configuration: Configuration


TRAPS: tuple[Trap, ...] = (
    Trap(
        "put_before_advance",
        "i2_every_slot_has_a_row",
        _LEDGER._replace(budget=Budget(ticks=1, crashes=1)),
    ),
    Trap(
        "advance_from_row",
        "i2_every_slot_has_a_row",
        _LEDGER._replace(budget=Budget(ticks=1, crashes=1), schedules=((1, 2, 3),), end=4),
    ),
    Trap(
        "advance_version",
        "i2_every_slot_has_a_row",
        _LEDGER._replace(
            budget=Budget(ticks=1, operator=1), operator=_JOB, schedules=((1, 3), (1, 2, 3)), end=3
        ),
    ),
    Trap(
        "schedule_with_version",
        "i2_every_slot_has_a_row",
        _LEDGER._replace(
            budget=Budget(ticks=1, operator=1), operator=_JOB, schedules=((1, 3), (1, 2, 3)), end=3
        ),
    ),
    Trap(
        "edit_ledgers",
        "i2_every_slot_has_a_row",
        _LEDGER._replace(budget=Budget(operator=1), operator=("delete",)),
    ),
    Trap(
        "reword_keeps_since",
        "i9_in_force_is_not_closed",
        _TICK._replace(budget=Budget(ticks=1, operator=1), operator=("reword",)),
    ),
    Trap(
        "ask_if_absent",
        "i4_one_holder_of_a_token",
        _TICK._replace(
            budget=Budget(operator=2), operator=("run now",), schedules=((1, 3),), end=3
        ),
    ),
    Trap(
        "ask_beside_slots",
        "what_is_asked_for_is_one_more",
        _TICK._replace(budget=Budget(operator=1), operator=("run now",)),
    ),
    Trap(
        "asked_beside_schedule",
        "i9_in_force_is_not_closed",
        _TICK._replace(
            budget=Budget(operator=2),
            operator=("run now", "reword"),
            schedules=((1, 3),),
            end=3,
        ),
    ),
    Trap(
        "resume_sets_since",
        "i7_nothing_fires_from_before_a_change",
        _TICK._replace(budget=Budget(ticks=1, operator=2), operator=_JOB),
    ),
    Trap(
        "since",
        "i7_nothing_fires_from_before_a_change",
        _TICK._replace(budget=Budget(ticks=1, operator=2), operator=_JOB),
    ),
    Trap(
        "judge_by_schedule",
        "i9_in_force_is_not_closed",
        _TICK._replace(
            budget=Budget(ticks=1, operator=1), operator=_JOB, schedules=((1, 2), (1, 2))
        ),
    ),
    Trap(
        "wait_for_instant",
        "i9_in_force_is_not_closed",
        _TICK._replace(budget=Budget(ticks=1, operator=2), operator=("pause", "resume"), workers=1),
    ),
    Trap(
        "hot_tombstone",
        "i6_no_ghost_job",
        _SLOT._replace(budget=Budget(leases=1, sweeps=1, operator=1), operator=("delete",)),
    ),
    Trap(
        "fired_not_judged_again",
        "i2_who_called_has_fired",
        _SLOT._replace(
            budget=Budget(leases=1, sweeps=1, operator=1),
            schedules=((1,),),
            program="call",
            operator=("pause",),
        ),
    ),
    Trap(
        "active_token",
        "i5_one_fired_row_holds_the_lock",
        _SLOT._replace(
            budget=Budget(leases=1, sweeps=1, operator=1), operator=("retry task",), max_attempts=1
        ),
    ),
    Trap(
        "newer_only",
        "i5_only_newer_slots_replace",
        _SLOT._replace(budget=Budget(), policies=("replace",)),
    ),
    Trap(
        "lock_leaves_a_run",
        "no_more_runs_than_allowed",
        _SLOT._replace(max_runs=1),
    ),
    Trap(
        "lock_after_failures",
        "nothing_fires_after_too_many_failures",
        _SLOT._replace(budget=Budget(failures=1), max_attempts=1, pause_after=1),
    ),
    Trap(
        "replace_spares_last",
        "no_more_runs_than_allowed",
        _SLOT._replace(policies=("replace",), max_runs=1),
    ),
    Trap(
        "replace_as_fired",
        "no_more_runs_than_allowed",
        _SLOT._replace(policies=("replace",), max_runs=1),
    ),
    Trap(
        "replace_raises_token",
        "i1_an_end_is_ones_own",
        _SLOT._replace(budget=Budget(), policies=("replace",)),
    ),
    Trap(
        "pending_or_me",
        "i5_queue_full_is_true",
        _SLOT._replace(budget=Budget(sweeps=1), policies=("queue_one",)),
    ),
    Trap(
        "waiter_seen_holder",
        "i6_a_waiter_waits_for_a_holder",
        _SLOT._replace(budget=Budget(), policies=("queue_one",)),
    ),
    Trap(
        "waiter_seen_waiter",
        "i5_one_waits",
        _SLOT._replace(schedules=((1, 2, 3),), end=3, policies=("queue_one",), workers=3),
    ),
    Trap(
        "release_clears_pending",
        "i6_a_waiter_waits_for_a_holder",
        _SLOT._replace(policies=("queue_one",)),
    ),
    Trap(
        "replace_ends_wait",
        "i6_nobody_waits_for_itself",
        _SLOT._replace(
            budget=Budget(operator=1, sweeps=1),
            operator=("repolicy",),
            policies=("queue_one", "replace"),
        ),
    ),
    Trap(
        "hand_over_again",
        "who_inherits_is_told",
        _SLOT._replace(budget=Budget(lost=1), policies=("queue_one",)),
    ),
    Trap(
        "look_after_park",
        "who_inherits_is_told",
        _SLOT._replace(budget=Budget(), policies=("queue_one",)),
    ),
    Trap(
        "fenced_unlock",
        "i5_one_fired_row_holds_the_lock",
        _SLOT._replace(budget=Budget(leases=1, sweeps=1)),
    ),
    Trap(
        "rearm_keeps_lock",
        "i5_one_fired_row_holds_the_lock",
        _SLOT._replace(budget=Budget(failures=1)),
    ),
    Trap("claim_random_id", "i4_one_holder_of_a_token", _PLAIN._replace(budget=Budget(doubled=1))),
    Trap(
        "claim_tests_running",
        "i1_terminal_rows_are_final",
        _PLAIN._replace(budget=Budget(doubled=1)),
    ),
    Trap(
        "claim_refuses_expired",
        "what_expired_is_not_claimed",
        _PLAIN._replace(budget=Budget(expiries=1)),
    ),
    Trap(
        "claim_pulls_wake",
        "dead_work_is_found_at_its_leases_end",
        _PLAIN._replace(budget=Budget(sweeps=1, oversleeps=1)),
    ),
    Trap(
        "rescue_counts_attempts", "i3_every_row_ends", _PLAIN._replace(budget=Budget(), poison=True)
    ),
    Trap("fence", "i4_only_the_holder_writes", _PLAIN._replace(budget=Budget(leases=1, sweeps=1))),
    Trap(
        "fence_running",
        "i1_terminal_rows_are_final",
        _PLAIN._replace(budget=Budget(failures=1, lost=1)),
    ),
    Trap(
        "intent_rule",
        "i8_one_call",
        _PLAIN._replace(budget=Budget(leases=1, sweeps=1), program="call"),
    ),
    Trap(
        "follow_up_first",
        "i10_a_success_has_its_follow_up",
        _PLAIN._replace(budget=Budget(), program="call"),
    ),
    Trap(
        "requeue_tests_cancel",
        "a_request_to_cancel_is_not_put_off",
        _PLAIN._replace(budget=Budget(operator=1, continuations=1), operator=("cancel task",)),
    ),
    Trap(
        "continue_frees_hold",
        "only_failures_cost_attempts",
        _PLAIN._replace(budget=Budget(continuations=1)),
    ),
    Trap(
        "sweep_as_seen",
        "only_the_last_attempt_is_failed",
        _PLAIN._replace(
            budget=Budget(leases=2, sweeps=1, failures=2, operator=1), operator=("retry task",)
        ),
    ),
    Trap(
        "sweep_raises_token",
        "i1_an_end_is_ones_own",
        _PLAIN._replace(budget=Budget(leases=1, sweeps=1), max_attempts=1),
    ),
    Trap(
        "cancel_raises_token",
        "i1_an_end_is_ones_own",
        _PLAIN._replace(budget=Budget(sweeps=1, operator=1), operator=("cancel task",)),
    ),
    Trap(
        "expire_raises_token",
        "i1_an_end_is_ones_own",
        _PLAIN._replace(budget=Budget(leases=1, sweeps=1, expiries=1)),
    ),
    Trap(
        "expire_ends_dead_work",
        "i3_every_row_ends",
        _PLAIN._replace(budget=Budget(expiries=1, crashes=1)),
    ),
    Trap(
        "cancel_marks_first",
        "children_end_with_their_parent",
        _PARENT._replace(budget=Budget(operator=1, continuations=1)),
    ),
    Trap(
        "children_first",
        "children_end_with_their_parent",
        _PARENT._replace(budget=Budget(operator=1, continuations=1)),
    ),
    Trap(
        "child_needs_parent",
        "no_child_of_a_cancelled_parent",
        _PARENT._replace(budget=Budget(operator=1)),
    ),
)
