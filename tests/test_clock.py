from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.clock import EPOCH, SystemClock, from_ms, rfc3339, to_ms

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_clock_of_the_machine_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_milliseconds_count_from_1970() -> None:
    assert to_ms(EPOCH) == 0
    assert to_ms(NOON) == 1_795_348_800_000


def test_milliseconds_are_rounded_down() -> None:
    assert to_ms(NOON + timedelta(microseconds=1_999)) == to_ms(NOON) + 1


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_lead_back_to_their_instant(instant: datetime) -> None:
    assert timedelta() <= instant - from_ms(to_ms(instant)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-11-22T12:00:00Z"),
        (NOON.replace(microsecond=7_000), "2026-11-22T12:00:00.007Z"),
        (NOON.replace(microsecond=999), "2026-11-22T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=-7))), "2026-11-22T12:00:00Z"),
        (EPOCH, "1970-01-01T00:00:00Z"),
    ],
)
def test_rfc_3339_is_in_utc_with_milliseconds_only_where_there_are_some(
    instant: datetime, text: str
) -> None:
    assert rfc3339(instant) == text
