from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.schedules import Every, InvalidSchedule, read_schedule

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


def every(value: object, anchor: datetime = NOON) -> Every:
    return Every.parse(value, now=anchor)


anchors = st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
schedules = st.builds(every, st.integers(10, 366 * 86_400), anchors)
instants = st.datetimes(timezones=st.just(UTC))
rule = settings(deadline=None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5_400),
        ("1d", 86_400),
        ("1d2h3m4s", 93_784),
        ("90s", 90),
        ("0010s", 10),
        ("366d", 366 * 86_400),
        (10, 10),
        (31_622_400, 366 * 86_400),
    ],
)
def test_a_duration_is_text_with_units_or_a_number_of_seconds(value: object, seconds: int) -> None:
    assert every(value).interval == seconds * SECOND


@pytest.mark.parametrize(
    "value",
    ["9s", "0s", "367d", "366d1s", 9, 0, -60, 31_622_401, 10**20, 10**4_000, "999999999d"],
)
def test_an_interval_outside_ten_seconds_to_366_days_is_refused(value: object) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        every(value)
    (fault,) = caught.value.faults
    assert (fault.field, fault.fix) == ("schedule.every", "use an interval from 10s to 366d")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "-5s",
        "60",
        "60 s",
        " 60s",
        "60s\n",
        "5M",
        "1.5h",
        "30m1h",
        "1m1m",
        "٣٠s",  # noqa: RUF001 - Arabic digits
        "６０s",  # noqa: RUF001 - full-width digits
        "9" * 5_000 + "s",
        "\ud800",
        True,
        None,
        1e3,
        60.0,
        float("nan"),
        float("inf"),
        [],
        {"every": "60s"},
        [[["60s"]]],
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        every(value)
    (fault,) = caught.value.faults
    assert fault.field == "schedule.every"
    assert '"1h30m"' in fault.fix


def test_a_refusal_quotes_only_the_beginning_of_a_long_value() -> None:
    with pytest.raises(InvalidSchedule) as caught:
        every("9" * 300_000)
    assert len(caught.value.detail) < 120


def test_a_schedule_is_anchored_to_the_whole_second_it_was_made_in() -> None:
    made = NOON.replace(microsecond=999_999)
    assert every("60s", made).next_after(made) == NOON + 60 * SECOND


def test_an_anchor_in_another_zone_is_the_same_instant() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert every("60s", east) == every("60s", NOON)


def test_the_anchor_is_no_slot() -> None:
    assert NOON not in every("60s")
    assert every("60s").next_after(NOON - SECOND) == NOON + 60 * SECOND


@pytest.mark.parametrize(
    "earlier", [NOON - timedelta(days=9_999), datetime.min.replace(tzinfo=UTC)]
)
def test_before_the_anchor_the_first_slot_is_the_next(earlier: datetime) -> None:
    assert every("60s").next_after(earlier) == NOON + 60 * SECOND


def test_before_the_first_slot_there_is_no_latest_one() -> None:
    assert every("60s").latest_until(NOON + 59 * SECOND) is None


def test_at_a_slot_the_latest_is_that_slot() -> None:
    assert every("60s").latest_until(NOON + 120 * SECOND) == NOON + 120 * SECOND


def test_a_late_look_does_not_move_later_slots() -> None:
    late = NOON + timedelta(seconds=60 * 1_000 + 59, microseconds=1)
    assert every("60s").next_after(late) == NOON + 60 * 1_001 * SECOND


def test_after_the_last_slot_of_the_calendar_there_is_none() -> None:
    assert every("60s").next_after(LAST_INSTANT) is None


@rule
@given(schedules, instants)
def test_a_slot_is_strictly_later_than_the_instant_asked_for(every: Every, at: datetime) -> None:
    slot = every.next_after(at)
    assert slot is None or slot > at


@rule
@given(schedules, instants)
def test_only_the_end_of_the_calendar_has_no_next_slot(every: Every, at: datetime) -> None:
    is_last = at > LAST_INSTANT - every.interval
    assert is_last or every.next_after(at) is not None


@rule
@given(schedules, instants)
def test_every_slot_is_a_whole_number_of_intervals_after_the_anchor(
    every: Every, at: datetime
) -> None:
    slot = every.next_after(at)
    assert slot is None or (slot - every.anchor) % every.interval == timedelta()


@rule
@given(schedules, instants)
def test_no_slot_lies_between_an_instant_and_the_next_slot(every: Every, at: datetime) -> None:
    slot = every.next_after(at)
    first = every.anchor + every.interval
    assert slot is None or slot == first or slot - every.interval <= at


@rule
@given(schedules, instants, instants)
def test_a_later_instant_never_has_an_earlier_next_slot(
    every: Every, one: datetime, other: datetime
) -> None:
    earlier, later = sorted([one, other])
    assert (every.next_after(earlier) or LAST_INSTANT) <= (every.next_after(later) or LAST_INSTANT)


@rule
@given(schedules, instants)
def test_the_latest_slot_is_the_one_before_the_next(every: Every, at: datetime) -> None:
    latest, following = every.latest_until(at), every.next_after(at)
    if latest is not None and following is not None:
        assert latest <= at
        assert latest + every.interval == following


@rule
@given(schedules, instants)
def test_a_schedule_contains_its_slots_and_no_instant_beside_them(
    every: Every, at: datetime
) -> None:
    slot = every.next_after(at)
    if slot is not None:
        assert slot in every
        assert slot - SECOND not in every


def test_what_is_no_instant_is_in_no_schedule() -> None:
    assert "2026-11-22T12:01:00Z" not in every("60s")


@rule
@given(schedules)
def test_the_stored_form_reads_back_as_the_same_schedule(every: Every) -> None:
    assert read_schedule(every.text()) == every


@rule
@given(schedules)
def test_the_written_form_reads_back_as_the_same_interval(every: Every) -> None:
    assert Every.parse(every.spec()["every"], now=every.anchor) == every


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("60s", "every minute"),
        ("90s", "every 1 minute 30 seconds"),
        ("5m", "every 5 minutes"),
        ("1h", "every hour"),
        ("25h", "every 1 day 1 hour"),
        ("366d", "every 366 days"),
    ],
)
def test_a_schedule_explains_itself_in_words(value: str, words: str) -> None:
    assert every(value).explain() == words
