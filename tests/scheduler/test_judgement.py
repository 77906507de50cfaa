from dataclasses import replace
from datetime import timedelta

from chalicelib.background.task import Outcome, State, TaskRef, slot_key
from chalicelib.scheduler.job import KIND, Hot, JobState
from chalicelib.scheduler.judgement import Close, Held, Stop, TryVersion, judge
from chalicelib.scheduler.reasons import Reason
from tests.support.tasks import a_task
from tests.support.world import MINUTE, NOON

TASK = a_task(ref=TaskRef("main#J", slot_key(NOON)), kind=KIND, state=State.RUNNING, ver=1, token=3)
SECOND = timedelta(seconds=1)
FIRED = replace(TASK, outcome=Outcome.FIRED)
SLOT = TASK.ref.sk
HOT = Hot(
    state=JobState.ENABLED,
    ver=1,
    since=NOON - MINUTE,
    schedule=f"every/1 60s from {int((NOON - MINUTE).timestamp())}",
    next=NOON + MINUTE,
    lane="normal",
    max_attempts=3,
    active="",
    active_token=0,
)


def test_a_slot_of_a_paused_job_is_paused() -> None:
    closed = judge(TASK, 1, replace(HOT, state=JobState.PAUSED))

    assert closed == Close(Outcome.PAUSED, Reason.PAUSED)


def test_a_slot_of_a_deleted_job_is_superseded() -> None:
    closed = judge(TASK, 1, replace(HOT, state=JobState.DELETED))

    assert closed == Close(Outcome.SUPERSEDED, Reason.DELETED)


def test_a_slot_of_a_job_that_is_gone_is_superseded() -> None:
    assert judge(TASK, 1, None) == Close(Outcome.SUPERSEDED, Reason.GONE)


def test_a_slot_at_the_instant_of_an_edit_is_superseded() -> None:
    closed = judge(TASK, 1, replace(HOT, since=NOON, ver=2))

    assert isinstance(closed, Close)
    assert closed.reason == Reason.CHANGED


def test_an_edited_schedule_that_still_has_the_slot_is_tried_under_its_version() -> None:
    assert judge(TASK, 1, replace(HOT, ver=2)) == TryVersion(2)


def test_an_edited_schedule_that_lost_the_slot_supersedes_it() -> None:
    closed = judge(
        TASK, 1, replace(HOT, ver=2, schedule=f"every/1 60s from {int(NOON.timestamp()) + 1}")
    )

    assert isinstance(closed, Close)
    assert closed.reason == Reason.NO_SLOT


def test_a_closed_slot_that_held_the_lock_must_let_it_go() -> None:
    closed = judge(TASK, 1, replace(HOT, state=JobState.PAUSED, active=SLOT, active_token=2))

    assert isinstance(closed, Close)
    assert closed.holds_lock


def test_a_later_claim_of_the_same_slot_makes_this_one_a_zombie() -> None:
    assert judge(TASK, 1, replace(HOT, active=SLOT, active_token=4)) is Stop.ZOMBIE


def test_a_lock_held_by_another_slot_is_shown_as_it_was_seen() -> None:
    other = slot_key(NOON - MINUTE)

    assert judge(TASK, 1, replace(HOT, active=other, active_token=7)) == Held(other, 7, "", ver=1)


def test_a_fired_slot_is_not_judged_again() -> None:
    paused = replace(HOT, state=JobState.PAUSED, ver=2, since=NOON + MINUTE)
    other = slot_key(NOON - MINUTE)

    assert judge(FIRED, 1, replace(paused, active=other, active_token=7)) == Held(
        other, 7, "", ver=2
    )


def test_a_firing_that_was_asked_for_needs_no_slot_of_the_schedule() -> None:
    asked_for = replace(TASK, ref=TaskRef("main#J", slot_key(NOON + SECOND)), requested_by="me")

    assert judge(asked_for, 1, replace(HOT, ver=2)) == TryVersion(2)


def test_a_firing_that_was_asked_for_before_a_resume_is_superseded() -> None:
    closed = judge(replace(TASK, requested_by="me"), 1, replace(HOT, ver=2, since=NOON))

    assert isinstance(closed, Close)
    assert closed.outcome is Outcome.SUPERSEDED
