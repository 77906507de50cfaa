from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.clock import (
    EPOCH,
    NotAnInstant,
    SystemClock,
    from_ms,
    read_rfc3339,
    rfc3339,
    to_ms,
)

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


@settings(deadline=None)
@given(st.datetimes(datetime(1, 1, 2), datetime(9000, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_an_instant_is_read_as_it_was_written(instant: datetime) -> None:
    utc = instant.astimezone(UTC)
    assert read_rfc3339(utc.isoformat()) == utc


@settings(deadline=None)
@given(st.text() | st.integers() | st.none())
def test_what_is_no_instant_is_refused_with_what_to_send(value: object) -> None:
    with pytest.raises(NotAnInstant) as caught:
        read_rfc3339(value)
    assert caught.value.fix == "send one as 2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("2026-11-22T12:00:00", "it does not say its offset from UTC"),
        ("0001-01-01T00:00:00+01:00", "there is no such instant"),
        ("2026-11-22T12:00:60Z", "there is no such instant"),
        ("9001-01-01T00:00:00Z", "it is too far away"),
    ],
)
def test_an_instant_that_cannot_be_used_is_refused(text: str, detail: str) -> None:
    with pytest.raises(NotAnInstant, match=detail):
        read_rfc3339(text)
