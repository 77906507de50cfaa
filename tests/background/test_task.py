from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.background.task import (
    Outcome,
    State,
    SweepAction,
    Task,
    TaskRef,
    resend_pause,
    retry_pause,
    slot_instant,
    slot_key,
    sweep_action,
)
from tests.support.world import NOON

SECOND = timedelta(seconds=1)
QUEUED = Task(
    ref=TaskRef("main#J", slot_key(NOON)),
    kind="firing",
    state=State.QUEUED,
    outcome=Outcome.HANDED,
    reason="",
    lane="normal",
    shard=0,
    token=0,
    claim="",
    attempt=0,
    last_attempt=2,
    ver=1,
    last=slot_key(NOON),
    resends=0,
    wake_at=NOON,
    lease_until=None,
    not_before=None,
    checkpoint=None,
    head="",
    finished_at=None,
)
HELD = replace(QUEUED, state=State.RUNNING, token=1, lease_until=NOON + SECOND)
ABANDONED = replace(HELD, lease_until=NOON - SECOND)


@pytest.mark.parametrize(
    ("task", "action"),
    [
        (replace(QUEUED, wake_at=NOON + SECOND), SweepAction.NOTHING),
        (QUEUED, SweepAction.SEND),
        (HELD, SweepAction.WAIT),
        (ABANDONED, SweepAction.SEND),
        (replace(ABANDONED, attempt=2), SweepAction.FAIL),
        (replace(HELD, attempt=2), SweepAction.WAIT),
        (replace(QUEUED, state=State.SUCCEEDED, wake_at=None), SweepAction.NOTHING),
    ],
)
def test_the_sweep_acts_by_state_lease_and_attempts(task: Task, action: SweepAction) -> None:
    assert sweep_action(task, NOON) is action


def test_a_lease_that_ends_now_is_not_over() -> None:
    assert not replace(HELD, lease_until=NOON).lease_is_over(NOON)


def test_messages_are_sent_again_after_1_2_4_up_to_60_minutes() -> None:
    minutes = [resend_pause(resends) // timedelta(minutes=1) for resends in range(9)]

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_attempts_back_off_twice_as_long_each_time_up_to_an_hour() -> None:
    pauses = [retry_pause(attempt, 10 * SECOND) // SECOND for attempt in (0, 1, 2, 8, 9, 99)]

    assert pauses == [10, 20, 40, 2560, 3600, 3600]


def test_slot_keys_sort_as_their_slots_do() -> None:
    slots = [NOON + timedelta(days=days) for days in (-20_000, -1, 0, 1, 200_000)]

    assert sorted(map(slot_key, slots)) == [slot_key(slot) for slot in slots]


def test_a_slot_key_leads_back_to_its_slot() -> None:
    assert slot_instant(slot_key(NOON)) == NOON


def test_a_runs_id_is_derived_from_job_and_slot() -> None:
    assert QUEUED.ref.run_id == "J-001795348800"
