from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.scheduler.gap import Gap, gap
from tests.support.world import NOON

HORIZON = timedelta(seconds=150)
instants = st.datetimes(timezones=st.just(NOON.tzinfo))
moments = st.timedeltas(timedelta(days=-400), timedelta(days=400))


def test_before_the_first_tick_there_is_no_gap() -> None:
    assert gap(None, NOON, HORIZON) is None


def test_ticks_that_are_a_horizon_apart_leave_no_gap() -> None:
    assert gap(NOON - HORIZON, NOON, HORIZON) is None


def test_a_gap_is_from_the_horizon_of_the_last_tick_to_this_one() -> None:
    last = NOON - timedelta(hours=1)

    found = gap(last, NOON, HORIZON)

    assert found == Gap(last=last, since=last + HORIZON, until=NOON)
    assert found.seconds == 3600 - 150


def test_a_clock_that_is_behind_the_last_tick_sees_no_gap() -> None:
    assert gap(NOON + timedelta(hours=1), NOON, HORIZON) is None


@given(moments, st.timedeltas(timedelta(seconds=120), timedelta(seconds=840)))
def test_every_instant_is_of_a_horizon_or_of_the_gap(
    since_last: timedelta, horizon: timedelta
) -> None:
    last = NOON - since_last
    found = gap(last, NOON, horizon)

    if found is None:
        assert last + horizon >= NOON
    else:
        assert last < found.since < found.until == NOON
        assert found.since - last == horizon
