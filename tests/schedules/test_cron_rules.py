"""What holds for every expression, in every time zone: equal to the rules followed by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chalicelib.schedules import (
    Cron,
    InvalidSchedule,
    normalize_schedule,
    read_schedule,
    timezone,
)
from chalicelib.schedules.clocks import STRIDE, clocks_in
from tests.schedules import oracle
from tests.schedules.expressions import DENSE, EXPRESSIONS
from tests.schedules.zones import NAMES, changes, places, zone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
rule: Callable[..., Callable[..., None]] = settings(deadline=None)
Place = tuple[str, datetime]


def cron(expression: str, name: str = "utc") -> Cron:
    try:
        zone_name = timezone.known(name)
        return Cron.parse(expression, zone=zone_name, now=datetime(1969, 1, 1, tzinfo=UTC))
    except InvalidSchedule:
        assume(condition=False)  # It never fires.
        raise


@settings(deadline=None, max_examples=200)
@given(EXPRESSIONS | DENSE, places())
@example("30 2 * * *", ("Europe/Prague", datetime(2026, 10, 25, 1, 10, tzinfo=UTC)))
@example("* * * * *", ("Pacific/Apia", datetime(2011, 12, 30, 9, 59, 59, tzinfo=UTC)))
@example("0 0 30 12 *", ("Pacific/Apia", datetime(2011, 12, 30, 9, tzinfo=UTC)))
@example("45 1 * * *", ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 10, tzinfo=UTC)))
@example("*/20 0 * * *", ("Africa/Monrovia", datetime(1972, 1, 7, tzinfo=UTC)))
def test_slots_are_those_of_the_rules(expression: str, place: Place) -> None:
    name, at = place
    schedule, span = cron(expression, name), timedelta(days=1)

    slots = oracle.slots(expression, zone(name), at - span, at + span)

    later = [slot for slot in slots if slot > at]
    following, latest = schedule.next_after(at), schedule.latest_until(at)
    assert later[:1] == [following] if later else following is None or following > at + span
    earlier = [slot for slot in slots if slot <= at]
    assert earlier[-1:] == [latest] if earlier else latest is None or latest < at - span


@settings(deadline=None, max_examples=40)
@given(DENSE, places())
def test_one_slot_after_the_other_none_of_the_rules_is_left_out(
    expression: str, place: Place
) -> None:
    name, at = place
    until = at + timedelta(hours=30)
    schedule, slots = cron(expression, name), []

    slot = schedule.next_after(at)
    while slot is not None and slot <= until:
        slots.append(slot)
        slot = schedule.next_after(slot)

    assert slots == oracle.slots(expression, zone(name), at + SECOND, until)


@settings(deadline=None, max_examples=40)
@given(EXPRESSIONS, st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_next_day_is_the_next_one_of_the_calendar(expression: str, naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    slot = cron(expression).next_after(at)
    assert slot is not None
    day = at.date() + oracle.DAY
    while day < slot.date():
        assert not oracle.day_is_named(expression, day)
        day += oracle.DAY
    assert oracle.day_is_named(expression, slot.date())
    assert oracle.time_is_named(expression, slot)


@rule
@given(EXPRESSIONS | DENSE, places())
def test_a_slot_is_strictly_later_and_in_whole_seconds(expression: str, place: Place) -> None:
    name, at = place
    slot = cron(expression, name).next_after(at)
    assert slot is not None
    assert slot > at
    assert (slot.tzinfo, slot.microsecond) == (UTC, 0)


@rule
@given(EXPRESSIONS | DENSE, places(), st.integers(0, 10**7))
def test_a_later_instant_never_has_an_earlier_slot(
    expression: str, place: Place, seconds: int
) -> None:
    name, at = place
    schedule, later = cron(expression, name), at + seconds * SECOND
    one, other = schedule.next_after(at), schedule.next_after(later)
    assert one is not None
    assert other is not None
    assert one <= other
    assert one == other or one <= later


@rule
@given(EXPRESSIONS | DENSE, places())
def test_the_latest_slot_is_the_inverse_of_the_next(expression: str, place: Place) -> None:
    name, at = place
    schedule = cron(expression, name)
    slot = schedule.next_after(at)
    assert slot is not None
    assert schedule.latest_until(slot) == slot
    before = schedule.latest_until(slot - SECOND)
    assert before is not None
    assert before <= at
    assert schedule.next_after(before) == slot
    assert slot in schedule
    assert slot - timedelta(microseconds=1) not in schedule


@rule
@given(EXPRESSIONS, st.sampled_from(NAMES))
def test_what_is_stored_reads_back_as_the_same_schedule(expression: str, name: str) -> None:
    schedule = cron(expression, name)
    again = read_schedule(schedule.text())
    assert again == schedule
    assert again.text() == schedule.text()
    assert normalize_schedule({**schedule.spec()}, now=NOW) == schedule


@rule
@given(EXPRESSIONS)
def test_normalising_changes_no_slot(expression: str) -> None:
    shown = cron(expression).spec()["cron"]
    at = NOW
    for _ in range(3):
        day, following = at.date(), cron(shown).next_after(at)
        assert following is not None
        assert oracle.day_is_named(expression, following.date())
        assert oracle.time_is_named(expression, following)
        assert day <= following.date()
        at = following
    assert cron(shown).spec()["cron"] == shown


@rule
@given(EXPRESSIONS, st.datetimes(timezones=st.just(UTC)), st.sampled_from(NAMES))
def test_no_instant_of_the_calendar_breaks_it(expression: str, at: datetime, name: str) -> None:
    schedule = cron(expression, name)
    slot, latest = schedule.next_after(at), schedule.latest_until(at)
    assert slot is None or slot > at
    assert latest is None or latest <= at
    assert slot is not None or at.year >= 8_900
    assert latest is not None or at.year <= 1_950


@rule
@given(EXPRESSIONS, places())
def test_every_schedule_explains_itself(expression: str, place: Place) -> None:
    words = cron(expression, place[0]).explain()
    assert words.startswith(("every ", "at "))
    assert "  " not in words


@pytest.mark.parametrize("name", NAMES)
def test_clocks_change_when_the_zone_says_so(name: str) -> None:
    for at, before, after in changes(name):
        if at > -2_208_988_800 + 10 * STRIDE:
            clocks = clocks_in(name, at // STRIDE)
            assert (clocks.change, clocks.before, clocks.after) == (at, before, after)


@pytest.mark.parametrize("name", NAMES)
def test_no_zone_changes_its_clocks_twice_in_six_days(name: str) -> None:
    instants = [change.at for change in changes(name)]
    # The rule of the years after the list is two changes a year: 2099 stands for them.
    start = datetime(2099, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(366)]
    offsets = [(day, day.astimezone(zone(name)).utcoffset()) for day in days]
    instants += [int(b[0].timestamp()) for a, b in pairwise(offsets) if a[1] != b[1]]
    assert all(b - a > 3 * STRIDE for a, b in pairwise(instants))
