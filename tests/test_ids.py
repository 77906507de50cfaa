from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.ids import Ids

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def all_ones(count: int) -> bytes:
    return b"\xff" * count


def all_zeros(count: int) -> bytes:
    return bytes(count)


def test_a_ulid_has_26_characters_that_our_paths_accept() -> None:
    ulid = Ids().ulid(NOON)
    assert len(ulid) == 26
    assert set(ulid) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_the_same_instant_and_randomness_make_the_same_ulid() -> None:
    assert Ids(all_zeros).ulid(NOON) == "01M81J18G0" + "0" * 16


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_ulids_sort_by_the_millisecond_of_their_making(now: datetime) -> None:
    a_millisecond_later = now + timedelta(milliseconds=1)
    assert Ids(all_ones).ulid(now) < Ids(all_zeros).ulid(a_millisecond_later)


def test_ulids_of_one_millisecond_differ() -> None:
    assert len({Ids().ulid(NOON) for _ in range(100)}) == 100
