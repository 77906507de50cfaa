from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.scheduler.jitter import begins_at
from tests.support.world import NOON

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
seconds = st.integers(0, 3_600).map(lambda number: number * SECOND)


@given(st.text(), seconds, seconds, st.integers(1, 100_000))
def test_a_slot_begins_no_later_than_its_jitter_or_halfway_to_the_next(
    job: str, off: timedelta, most: timedelta, interval: int
) -> None:
    slot = NOON + off
    following = slot + interval * SECOND

    late = (begins_at(job, slot, following, most) or slot) - slot

    assert timedelta() <= late <= min(most, (following - slot) / 2)
    assert begins_at(job, slot, following, most) == begins_at(job, slot, following, most)


def test_jobs_of_one_instant_begin_at_different_ones() -> None:
    begun = {begins_at(f"main#{number}", NOON, None, HOUR) for number in range(100)}

    assert len(begun) > 90


def test_the_slots_of_one_job_are_late_by_different_times() -> None:
    late = set()
    for number in range(100):
        slot = NOON + number * HOUR
        late.add((begins_at("main#J", slot, slot + HOUR, HOUR) or slot) - slot)

    assert len(late) > 80


def test_without_jitter_a_slot_begins_at_its_instant() -> None:
    assert begins_at("main#J", NOON, NOON + HOUR, timedelta()) is None
