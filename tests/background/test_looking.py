"""When the sweep looks at a task, and what it does then."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.background.looking import (
    NEVER,
    SweepAction,
    first_look,
    next_look,
    resend_look,
    resend_pause,
    sends_into_backlog,
    sweep_action,
    unbegun,
)
from chalicelib.background.task import (
    CancelRequest,
    Membership,
    Origin,
    State,
    Task,
    TaskRef,
    slot_key,
)
from tests.support.tasks import PACE, SECOND, a_task
from tests.support.world import MINUTE, NOON

HELD = {"state": State.RUNNING, "token": 1, "lease_until": NOON + SECOND}
ABANDONED = HELD | {"lease_until": NOON - SECOND}
PAUSED = {"state": State.PAUSED}
JUST_ASKED = {"cancel": CancelRequest(NOON, "no")}
LONG_ASKED = {"cancel": CancelRequest(NOON - PACE.grace, "no")}
CHILD = {"membership": Membership("g", serial=False)}
IN_TIME = CHILD | {"started_at": NOON - PACE.child_timeout + SECOND}
TOO_LONG = CHILD | {"started_at": NOON - PACE.child_timeout}

INSTANTS = st.integers(-10_000, 10_000).map(lambda seconds: NOON + seconds * SECOND)
MAYBE = st.none() | INSTANTS
AHEAD = st.integers(1, 10_000).map(lambda seconds: NOON + seconds * SECOND)
FIELDS = {
    "wake_at": INSTANTS,
    "expires_at": MAYBE,
    "started_at": MAYBE,
    "cancel": st.none() | st.builds(CancelRequest, INSTANTS, st.just("no")),
    "attempt": st.integers(0, 2),
    "membership": st.sampled_from([None, Membership("g", serial=False)]),
}


def tasks(state: State, leases: st.SearchStrategy[datetime | None], **fields: Any) -> Any:
    """Return tasks of a state, with whatever else may be known of them."""
    return st.builds(a_task, state=st.just(state), lease_until=leases, **FIELDS | fields)


LIVING = tasks(State.RUNNING, AHEAD)
NONE = st.none()
TASKS = tasks(State.RUNNING, INSTANTS) | tasks(State.QUEUED, NONE) | tasks(State.PAUSED, NONE)
WAITING = {"wake_at": st.just(NOON), "expires_at": NONE | AHEAD}
HEALTHY = tasks(State.PAUSED, NONE, **WAITING, cancel=NONE) | tasks(
    State.RUNNING,
    AHEAD,
    **WAITING,
    started_at=NONE | AHEAD.map(lambda ahead: ahead - PACE.child_timeout),
    cancel=NONE
    | st.builds(CancelRequest, AHEAD.map(lambda ahead: ahead - PACE.grace), st.just("no")),
)


class TestSweepAction:
    @pytest.mark.parametrize(
        ("fields", "action"),
        [
            ({}, SweepAction.SEND),
            ({"wake_at": NOON + SECOND}, SweepAction.NOTHING),
            ({"wake_at": None}, SweepAction.NOTHING),
            ({"state": State.SUCCEEDED, "wake_at": None}, SweepAction.NOTHING),
            ({"state": State.FAILED}, SweepAction.CONCLUDE),
            ({"state": State.FAILED, "expires_at": NOON}, SweepAction.CONCLUDE),
            (HELD, SweepAction.WAIT),
            (HELD | {"attempt": 2}, SweepAction.WAIT),
            (HELD | {"lease_until": NOON}, SweepAction.WAIT),
            (ABANDONED, SweepAction.SEND),
            (ABANDONED | {"attempt": 2}, SweepAction.FAIL),
            (PAUSED, SweepAction.WAIT),
            (PAUSED | TOO_LONG, SweepAction.WAIT),
            ({"expires_at": NOON}, SweepAction.EXPIRE),
            ({"expires_at": NOON + SECOND}, SweepAction.SEND),
            (HELD | {"expires_at": NOON}, SweepAction.EXPIRE),
            (PAUSED | {"expires_at": NOON}, SweepAction.EXPIRE),
            (ABANDONED | {"attempt": 2, "expires_at": NOON}, SweepAction.EXPIRE),
            (JUST_ASKED, SweepAction.CANCEL),
            (PAUSED | JUST_ASKED, SweepAction.CANCEL),
            (HELD | JUST_ASKED, SweepAction.WAIT),
            (HELD | LONG_ASKED, SweepAction.CANCEL),
            (ABANDONED | JUST_ASKED, SweepAction.CANCEL),
            (ABANDONED | JUST_ASKED | {"attempt": 2}, SweepAction.CANCEL),
            (HELD | IN_TIME, SweepAction.WAIT),
            (HELD | TOO_LONG, SweepAction.STOP),
            (ABANDONED | TOO_LONG, SweepAction.STOP),
            (TOO_LONG, SweepAction.STOP),
            (HELD | TOO_LONG | JUST_ASKED, SweepAction.WAIT),
            (HELD | TOO_LONG | {"membership": None}, SweepAction.WAIT),
        ],
    )
    def test_is_found_by_state_lease_attempts_and_requests(
        self, fields: dict[str, object], action: SweepAction
    ) -> None:
        assert sweep_action(a_task(**fields), NOON, PACE) is action

    @given(LIVING)
    def test_living_work_is_never_taken_away_without_a_reason(self, task: Task) -> None:
        taken = {SweepAction.CANCEL, SweepAction.EXPIRE, SweepAction.FAIL, SweepAction.SEND}

        if sweep_action(task, NOON, PACE) in taken:
            is_expired = task.expires_at is not None and task.expires_at <= NOON
            assert is_expired or task.cancel is not None

    @given(TASKS)
    def test_no_open_task_whose_time_has_come_is_passed_over(self, task: Task) -> None:
        assume(task.wake_at is not None and task.wake_at <= NOON)

        assert sweep_action(task, NOON, PACE) is not SweepAction.NOTHING


class TestNextLook:
    @given(HEALTHY)
    def test_is_in_the_future(self, task: Task) -> None:
        assert next_look(task, NOON, PACE) > NOON

    @given(HEALTHY)
    def test_is_no_later_than_anything_that_ends_its_health(self, task: Task) -> None:
        ends: list[datetime | None] = [task.lease_until, task.expires_at]
        if task.cancel:
            ends.append(task.cancel.at + PACE.grace)
        elif task.membership and task.started_at and task.state is State.RUNNING:
            ends.append(task.started_at + PACE.child_timeout)
        look = next_look(task, NOON, PACE)

        assert all(look <= end for end in ends if end is not None)

    @given(HEALTHY)
    def test_finds_the_task_as_well_as_it_was_until_then(self, task: Task) -> None:
        look = next_look(task, NOON, PACE)

        assert sweep_action(task, look - SECOND / 1000, PACE) in {
            SweepAction.WAIT,
            SweepAction.NOTHING,
        }

    def test_of_a_lease_that_ends_now_is_the_next_sweep(self) -> None:
        task = a_task(**HELD | {"lease_until": NOON})

        assert next_look(task, NOON, PACE) == NOON

    @pytest.mark.parametrize("expires_at", [None, NOON + MINUTE])
    def test_of_a_paused_task_is_its_expiry_or_never(self, expires_at: datetime | None) -> None:
        assert next_look(a_task(**PAUSED, expires_at=expires_at), NOON, PACE) == (
            expires_at or NEVER
        )


class TestFirstLook:
    @given(MAYBE, MAYBE)
    def test_is_not_before_the_message_may_be_sent(
        self, due: datetime | None, expires_at: datetime | None
    ) -> None:
        assume(expires_at is None or expires_at > NOON)
        look = first_look(due, expires_at, NOON, PACE)

        assert look >= min(expires_at or NEVER, max(due or NOON, NOON) - PACE.horizon)
        assert look > NOON or (due or NOON) <= NOON + PACE.horizon

    @given(INSTANTS)
    def test_comes_a_lease_after_a_message_that_is_sent_now(self, due: datetime) -> None:
        assume(due <= NOON + PACE.horizon)

        assert first_look(due, None, NOON, PACE) == max(due, NOON) + PACE.lease

    @given(INSTANTS)
    def test_comes_when_the_message_of_a_later_task_is_to_be_sent(self, due: datetime) -> None:
        assume(due > NOON + PACE.horizon)
        look = first_look(due, None, NOON, PACE)

        assert look == due - PACE.horizon
        assert look > NOON

    def test_is_not_later_than_the_expiry(self) -> None:
        assert first_look(None, NOON + SECOND, NOON, PACE) == NOON + SECOND


def test_messages_are_sent_again_after_1_2_4_up_to_60_minutes() -> None:
    minutes = [resend_pause(resends) // timedelta(minutes=1) for resends in range(9)]

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("has_backlog", "minutes"), [(False, [0, 1, 3, 7, 15]), (True, [0, 1, 3, 5, 13])]
)
def test_what_waits_among_many_is_looked_at_when_its_lane_becomes_slow(
    has_backlog: bool,  # noqa: FBT001 - a case
    minutes: list[int],
) -> None:
    now, looks = NOON, list[int]()
    for resends in range(len(minutes)):
        looks.append((now - NOON) // MINUTE)
        task = a_task(resends=resends, not_before=NOON)
        now = resend_look(task, now, has_backlog=has_backlog)

    assert looks == minutes


def test_a_message_goes_into_a_backlog_once_and_then_only_after_an_hour() -> None:
    sent = [resends for resends in range(9) if sends_into_backlog(a_task(resends=resends))]

    assert sent == [0, 6, 7, 8]


def a_slot(**fields: Any) -> Task:
    return a_task(ref=TaskRef("main#J", slot_key(NOON)), **fields)


def test_a_slot_is_unbegun_since_it_may_begin() -> None:
    now = NOON + 10 * MINUTE
    assert unbegun(a_slot(), now) == 10 * MINUTE
    assert unbegun(a_slot(not_before=NOON + 4 * MINUTE), now) == 6 * MINUTE
    assert unbegun(a_slot(), NOON - MINUTE) == timedelta()


@pytest.mark.parametrize(
    "fields",
    [
        {"state": State.RUNNING},
        {"state": State.PAUSED},
        {"claimed_at": NOON + MINUTE},
        {"origin": Origin.CATCH_UP},
        {"origin": Origin.REPLAY},
        {"origin": Origin.BACKFILL},
    ],
)
def test_a_slot_that_was_taken_or_may_wait_is_not_unbegun(fields: dict[str, Any]) -> None:
    assert unbegun(a_slot(**fields), NOON + 10 * MINUTE) == timedelta()


def test_what_is_no_slot_is_not_unbegun() -> None:
    assert unbegun(a_task(not_before=NOON), NOON + 10 * MINUTE) == timedelta()
