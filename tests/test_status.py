from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.status import LONGEST_SINCE_TICK, Signs, complaints

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GRACE = timedelta(seconds=180)
SECOND = timedelta(seconds=1)
WELL = Signs(
    last_tick=NOW - LONGEST_SINCE_TICK,
    oldest_due_slot=NOW - GRACE,
    active_incidents=0,
    failed_jobs=0,
)
ages = st.integers(-1_000, 100_000).map(lambda seconds: NOW - seconds * SECOND)
numbers = st.integers(0, 3)
instants = st.none() | ages
signs = st.builds(Signs, instants, instants, numbers, numbers, instants)


def test_all_is_well_up_to_the_last_moment() -> None:
    assert complaints(WELL, NOW, GRACE) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"last_tick": None}, "no tick has run yet"),
        ({"last_tick": NOW - LONGEST_SINCE_TICK - SECOND}, "the last tick was 151 s ago"),
        (
            {"oldest_due_slot": NOW - GRACE - SECOND},
            "a slot that was due at 2026-11-22T11:56:59Z was not handed over",
        ),
        ({"failed_jobs": 1}, "the last tick could not hand over 1 job"),
        ({"failed_jobs": 2}, "the last tick could not hand over 2 jobs"),
        ({"last_sweep": NOW - LONGEST_SINCE_TICK - SECOND}, "the last sweep was 151 s ago"),
        ({"active_incidents": 1}, "1 incident is active"),
        ({"active_incidents": 2}, "2 incidents are active"),
    ],
)
def test_each_thing_that_is_wrong_is_said_in_words(
    change: dict[str, object], complaint: str
) -> None:
    assert complaints(WELL._replace(**change), NOW, GRACE) == [complaint]  # type: ignore[arg-type]


@given(signs)
def test_nothing_that_is_wrong_hides_another(seen: Signs) -> None:
    alone = [
        complaints(WELL._replace(last_tick=seen.last_tick), NOW, GRACE),
        complaints(WELL._replace(last_sweep=seen.last_sweep), NOW, GRACE),
        complaints(WELL._replace(oldest_due_slot=seen.oldest_due_slot), NOW, GRACE),
        complaints(WELL._replace(failed_jobs=seen.failed_jobs), NOW, GRACE),
        complaints(WELL._replace(active_incidents=seen.active_incidents), NOW, GRACE),
    ]
    assert complaints(seen, NOW, GRACE) == list(chain(*alone))
