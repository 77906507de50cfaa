from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.background.heartbeats.record import (
    SUMMARY_CHARACTERS,
    WorkHeartbeatKind,
    WorkHeartbeatUpdate,
    beat,
    is_stale,
)
from tests.support.world import NOON

MS = timedelta(milliseconds=1)
AFTER = timedelta(minutes=2)


def update(summary: str = "step 3") -> WorkHeartbeatUpdate:
    return WorkHeartbeatUpdate(
        owner="main", kind=WorkHeartbeatKind.RUN, object_id="R", summary=summary, token=2
    )


def test_a_heartbeat_is_of_a_kind_and_an_object() -> None:
    assert beat(update(), NOON).heartbeat_key == "run:R"


def test_it_says_who_works_on_what_and_since_when() -> None:
    record = beat(update(), NOON)

    assert (record.owner, record.summary, record.updated_at, record.token) == (
        "main",
        "step 3",
        NOON,
        2,
    )


@pytest.mark.parametrize(
    ("silence", "stale"), [(-AFTER, False), (0 * AFTER, False), (AFTER, False), (AFTER + MS, True)]
)
def test_work_is_stale_when_it_was_silent_for_longer(silence: timedelta, *, stale: bool) -> None:
    assert is_stale(beat(update(), NOON), NOON + silence, AFTER) is stale


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=300))
def test_a_summary_of_any_size_is_cut_to_what_a_table_holds(summary: str) -> None:
    assert len(beat(update(summary), NOON).summary.encode()) <= 4 * SUMMARY_CHARACTERS
    assert len(beat(update(summary), NOON).summary) <= SUMMARY_CHARACTERS


def test_a_summary_that_fits_is_left_as_it_is_and_one_that_was_cut_shows_it() -> None:
    assert beat(update("x" * 200), NOON).summary == "x" * 200
    assert beat(update("x" * 201), NOON).summary == "x" * 199 + "…"
