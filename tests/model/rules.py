"""The rules of the protocol that can be left out, and the world that they are tried in."""

from typing import NamedTuple

from tests.model.state import NEVER, Budget

HORIZON = 1
GRACE = 1


class Rules(NamedTuple):
    """One switch for each fix; a trap is the protocol with one of them left out.

    Attributes:
        put_before_advance: a tick writes the ledger row before it moves the job on (T1 before T2).
        advance_from_row: a job moves on behind the existing row's last slot, not the tick's own.
        advance_version: a tick moves a job on only if it is still of the version that was read.
        schedule_with_version: the schedule is read from the hot row, together with its version.
        edit_ledgers: edit, resume and delete ledger the passed slots in their transaction.
        reword_keeps_since: an edit that leaves the schedule as it is lets no slot go.
        ask_if_absent: the row of a firing that an operator asks for is put only where none is.
        ask_beside_slots: its slot is none of the schedule's, so that it is one firing more.
        asked_beside_schedule: and it is not judged by the schedule, which does not have it.
        resume_sets_since: no slot at or before a resume fires.
        hot_tombstone: a deleted job's hot row stays, so that an update cannot create a ghost.
        wait_for_instant: a message that comes before its slot's instant is sent again, unclaimed.
        claim_random_id: a claim whose reply was lost is known by its random id, not by a token.
        claim_tests_running: only a running row is rescued; a finished row's lease is over as well.
        claim_refuses_expired: a claim has the condition that the task has not expired.
        claim_pulls_wake: a claim pulls back a `wake_at` that lies beyond its lease.
        rescue_counts_attempts: a claim that rescues raises `attempt` (by `held`).
        judge_by_schedule: a slot of an older version is judged by the schedule of today.
        since: the lock's condition has `since < slot`.
        fired_not_judged_again: a rescuer takes the lock for a fired row without judgement.
        active_token: the lock names the token that took it, and is let go of under it.
        newer_only: Replace cancels only older slots.
        lock_leaves_a_run: the lock's condition has `runs < max_runs`.
        lock_after_failures: and `failures < pause_after`.
        replace_spares_last: the run that is the last one allowed is not replaced.
        replace_as_fired: Replace ends a holder only if it has not fired since it was read.
        replace_raises_token: Replace takes the holder's row away with token + 1.
        pending_or_me: a waiter that finds its own name in `pending` goes on waiting.
        waiter_seen_holder: `pending` is written only if the holder seen still has the lock.
        waiter_seen_waiter: and only over the waiter that was seen, which does not wait any more.
        release_clears_pending: a release hands the lock to the waiter in the write that frees it.
        replace_ends_wait: who replaces the holder that it has waited for waits no more.
        hand_over_again: a hand-over that is refused by its own effect sends the waiter's message.
        look_after_park: a waiter that is parked looks whether it has the lock by now.
        fence: a worker's write on its row has the condition `token = :mine` (R1).
        fence_running: and the condition `state = running` (R1).
        fenced_unlock: a worker that was refused once does not unlock either (R3).
        intent_rule: a call with an intent but no result is not made again, unless idempotent.
        follow_up_first: follow-ups exist before their task ends.
        rearm_keeps_lock: the lock is kept while a failed attempt waits for the next.
        requeue_tests_cancel: a task that is to be cancelled is not put back into the queue.
        continue_frees_hold: a continuation sets `held = 0`, so that it costs no attempt.
        sweep_as_seen: the sweep ends a task only under the token that it has read.
        sweep_raises_token: the sweep fails a task with token + 1 (R2).
        cancel_raises_token: a cancellation takes a task away with token + 1 (R2).
        expire_raises_token: an expiry takes a task away with token + 1 (R2).
        expire_ends_dead_work: the sweep also expires a running task whose lease is over.
        cancel_marks_first: a task with children is marked before they are cancelled, queued or not.
        children_first: children are cancelled before their parent ends cancelled.
        child_needs_parent: a child is created in a transaction that checks its parent.
    """

    put_before_advance: bool = True
    advance_from_row: bool = True
    advance_version: bool = True
    schedule_with_version: bool = True
    edit_ledgers: bool = True
    reword_keeps_since: bool = True
    ask_if_absent: bool = True
    ask_beside_slots: bool = True
    asked_beside_schedule: bool = True
    resume_sets_since: bool = True
    hot_tombstone: bool = True
    wait_for_instant: bool = True
    claim_random_id: bool = True
    claim_tests_running: bool = True
    claim_refuses_expired: bool = True
    claim_pulls_wake: bool = True
    rescue_counts_attempts: bool = True
    judge_by_schedule: bool = True
    since: bool = True
    fired_not_judged_again: bool = True
    active_token: bool = True
    newer_only: bool = True
    lock_leaves_a_run: bool = True
    lock_after_failures: bool = True
    replace_spares_last: bool = True
    replace_as_fired: bool = True
    replace_raises_token: bool = True
    pending_or_me: bool = True
    waiter_seen_holder: bool = True
    waiter_seen_waiter: bool = True
    release_clears_pending: bool = True
    replace_ends_wait: bool = True
    hand_over_again: bool = True
    look_after_park: bool = True
    fence: bool = True
    fence_running: bool = True
    fenced_unlock: bool = True
    intent_rule: bool = True
    follow_up_first: bool = True
    rearm_keeps_lock: bool = True
    requeue_tests_cancel: bool = True
    continue_frees_hold: bool = True
    sweep_as_seen: bool = True
    sweep_raises_token: bool = True
    cancel_raises_token: bool = True
    expire_raises_token: bool = True
    expire_ends_dead_work: bool = True
    cancel_marks_first: bool = True
    children_first: bool = True
    child_needs_parent: bool = True


class Configuration(NamedTuple):
    """A bounded world: what is in it, and how much may go wrong.

    Attributes:
        kind: `job` (slots of one job), `task` (one task of no job) or `family` (a parent, number 1,
            that creates a child, number 2).
        policies: `forbid`, `queue_one` or `replace`; what the job is changed to, one after another.
        schedules: what the job is edited to, one after the other; each a tuple of slots.
        ledgered: the slots' rows and messages exist from the start, so that no tick is needed.
        program: `step` (one step) or `call` (intent, outside call, result, follow-up).
        max_runs: after how many runs the job fires no more; 0 for never.
        pause_after: after how many failed runs in a row it fires no more; 0 for never.
        early: clocks are skewed: a worker may claim a slot before its instant.
        poison: in a fault-free completion, too, every worker dies of the task it has begun.
        operator: what the operator may do.
        end: the last instant.
        quick: `make test` explores it.
    """

    name: str
    budget: Budget
    kind: str = "job"
    policies: tuple[str, ...] = ("forbid",)
    schedules: tuple[tuple[int, ...], ...] = ((1, 2),)
    ledgered: bool = False
    program: str = "step"
    idempotent: bool = False
    workers: int = 2
    max_attempts: int = 2
    max_runs: int = 0
    pause_after: int = 0
    early: bool = False
    poison: bool = False
    operator: tuple[str, ...] = ()
    end: int = 2
    quick: bool = False


class World(NamedTuple):
    """A configuration, and the rules that are in force in it."""

    configuration: Configuration
    rules: Rules = Rules()

    @property
    def is_job(self) -> bool:
        """Return whether the rows are slots of a job."""
        return self.configuration.kind == "job"

    @property
    def is_family(self) -> bool:
        """Return whether task 1 creates task 2."""
        return self.configuration.kind == "family"

    @property
    def last_attempt(self) -> int:
        """Return the number of the last attempt, counted from 0."""
        return self.configuration.max_attempts - 1

    def is_exhausted(self, runs: int) -> bool:
        """Return whether a job has made all its runs."""
        return 0 < self.configuration.max_runs <= runs

    def has_failed_too_often(self, failures: int) -> bool:
        """Return whether so many failed runs in a row pause a job."""
        return 0 < self.configuration.pause_after <= failures

    def slots(self, schedule: int) -> tuple[int, ...]:
        """Return the slots of a schedule."""
        return self.configuration.schedules[schedule]

    def next_after(self, schedule: int, instant: int) -> int:
        """Return a schedule's first slot later than an instant, or NEVER."""
        return next((slot for slot in self.slots(schedule) if slot > instant), NEVER)
