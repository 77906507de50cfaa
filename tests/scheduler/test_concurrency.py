from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.background.task import Origin, Outcome, State, Task, TaskRef, slot_key
from chalicelib.scheduler.concurrency import Encounter, asks_for_waiter, meet
from chalicelib.scheduler.job import KIND, CronConcurrencyPolicy
from chalicelib.scheduler.judgement import Close, Held
from chalicelib.scheduler.reasons import Reason
from tests.support.tasks import a_task
from tests.support.world import MINUTE, NOON

FORBID, REPLACE, QUEUE_ONE = CronConcurrencyPolicy
POLICIES = st.sampled_from(CronConcurrencyPolicy)
ENDED = st.sampled_from([state for state in State if state.is_terminal])
LIVE = st.sampled_from([state for state in State if not state.is_terminal])
MINUTES = st.integers(-60, 60).filter(bool)


def a_slot(minutes: int, state: State = State.RUNNING) -> Task:
    ref = TaskRef("main#J", slot_key(NOON + minutes * MINUTE))
    return a_task(ref=ref, kind=KIND, state=state, ver=1, token=1)


def held_by(holder: Task, pending: Task | None = None) -> Held:
    return Held(holder.ref.sk, holder.token, pending.ref.sk if pending else "", ver=1)


MINE, OLDER, NEWER = a_slot(0), a_slot(-1), a_slot(1)


@pytest.mark.parametrize(
    ("policy", "holder", "waiter", "expected"),
    [
        (FORBID, OLDER, None, Close(Outcome.SKIPPED, Reason.OVERLAP)),
        (FORBID, NEWER, None, Close(Outcome.SKIPPED, Reason.OVERLAP)),
        (REPLACE, OLDER, None, Encounter.REPLACE),
        (REPLACE, NEWER, None, Close(Outcome.SKIPPED, Reason.NEWER_RUNNING)),
        (QUEUE_ONE, OLDER, None, Encounter.WAIT),
        (QUEUE_ONE, NEWER, None, Encounter.WAIT),
        (QUEUE_ONE, OLDER, NEWER, Close(Outcome.QUEUE_FULL, Reason.ANOTHER_WAITS)),
        (QUEUE_ONE, OLDER, a_slot(1, State.CANCELLED), Encounter.WAIT),
    ],
)
def test_a_live_holder_is_met_by_the_jobs_policy(
    policy: CronConcurrencyPolicy, holder: Task, waiter: Task | None, expected: object
) -> None:
    assert meet(MINE, held_by(holder, waiter), policy, holder, waiter) == expected


@given(POLICIES, ENDED, MINUTES)
def test_a_holder_that_has_ended_is_helped_away_under_any_policy(
    policy: CronConcurrencyPolicy, state: State, minutes: int
) -> None:
    holder = a_slot(minutes, state)

    assert meet(MINE, held_by(holder), policy, holder, None) is Encounter.HELP_AWAY


@given(POLICIES, MINUTES)
def test_a_holder_without_a_row_is_helped_away(policy: CronConcurrencyPolicy, minutes: int) -> None:
    assert meet(MINE, held_by(a_slot(minutes)), policy, None, None) is Encounter.HELP_AWAY


@given(LIVE, MINUTES)
def test_only_a_newer_slot_replaces_a_live_one(state: State, minutes: int) -> None:
    holder = a_slot(minutes, state)

    met = meet(MINE, held_by(holder), REPLACE, holder, None)

    assert (met is Encounter.REPLACE) == (holder.ref.slot < MINE.ref.slot)


@given(LIVE, st.sampled_from(State), MINUTES, MINUTES)
def test_the_queue_is_full_only_while_another_one_waits_and_lives(
    state: State, waits: State, minutes: int, other: int
) -> None:
    holder, waiter = a_slot(minutes, state), a_slot(other, waits)

    met = meet(MINE, held_by(holder, waiter), QUEUE_ONE, holder, waiter)

    assert (met is Encounter.WAIT) == waits.is_terminal


@given(st.sampled_from(Origin), POLICIES, LIVE, MINUTES)
def test_only_a_slot_that_makes_up_for_the_past_stands_by(
    origin: Origin, policy: CronConcurrencyPolicy, state: State, minutes: int
) -> None:
    holder, task = a_slot(minutes, state), replace(MINE, origin=origin)

    met = meet(task, held_by(holder), policy, holder, None)

    assert (met is Encounter.STAND_BY) == origin.is_patient


@pytest.mark.parametrize("policy", CronConcurrencyPolicy)
def test_only_queue_one_reads_the_waiter_and_nobody_reads_oneself(
    policy: CronConcurrencyPolicy,
) -> None:
    seen = [held_by(OLDER), held_by(OLDER, MINE), held_by(OLDER, NEWER)]

    asked = [asks_for_waiter(MINE, held, policy) for held in seen]

    assert asked == [False, False, policy is QUEUE_ONE]


def test_slots_are_compared_by_their_instants_over_all_centuries() -> None:
    late = a_slot(0)
    far = replace(late, ref=TaskRef("main#J", slot_key(NOON + timedelta(days=36_500))))

    assert meet(far, held_by(late), REPLACE, late, None) is Encounter.REPLACE
