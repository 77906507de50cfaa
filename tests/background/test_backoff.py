from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.background.backoff import CAP, Backoff, share

SECOND = timedelta(seconds=1)
backoffs = st.builds(
    Backoff,
    st.integers(1, 3_600).map(lambda number: number * SECOND),
    st.integers(1, 86_400).map(lambda number: number * SECOND),
    st.integers(0, 100),
)


def test_attempts_back_off_twice_as_long_each_time_up_to_an_hour() -> None:
    pauses = [Backoff(10 * SECOND).after(attempt) // SECOND for attempt in (0, 1, 2, 8, 9, 99)]

    assert pauses == [10, 20, 40, 2560, 3600, 3600]
    assert timedelta(hours=1) == CAP


def test_a_job_has_its_own_cap() -> None:
    backoff = Backoff(10 * SECOND, 35 * SECOND)

    assert [backoff.after(attempt) // SECOND for attempt in range(4)] == [10, 20, 35, 35]


@given(backoffs, st.integers(0, 40), st.text())
def test_jitter_makes_a_pause_shorter_by_its_percentage_at_most(
    backoff: Backoff, attempt: int, name: str
) -> None:
    plain = backoff._replace(jitter_percent=0).after(attempt)
    pause = backoff.after(attempt, name)

    assert plain * (100 - backoff.jitter_percent) / 100 <= pause <= plain
    assert pause == backoff.after(attempt, name)


def test_jitter_spreads_the_tasks_of_one_moment() -> None:
    backoff = Backoff(600 * SECOND, jitter_percent=25)

    pauses = [backoff.after(0, f"J{number}-000000000000") for number in range(200)]

    assert len(set(pauses)) > 100
    assert max(pauses) - min(pauses) > 140 * SECOND


@given(st.integers(0, 10**6), st.text())
def test_a_share_is_in_whole_seconds_and_no_more_than_the_whole(seconds: int, name: str) -> None:
    part = share(seconds * SECOND, name)

    assert timedelta() <= part <= seconds * SECOND
    assert part % SECOND == timedelta()
