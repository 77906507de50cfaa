from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.clock import rfc3339
from chalicelib.schedules import At, InvalidSchedule, normalize_schedule, read_schedule

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE = "2026-11-22T13:00:00Z"


def normalized(spec: dict[str, object], default_timezone: str = "utc") -> Any:
    return normalize_schedule(spec, now=NOON, default_timezone=default_timezone)


def fault(spec: dict[str, object]) -> tuple[str, str]:
    """Return the field and the fix with which a specification is refused."""
    with pytest.raises(InvalidSchedule) as caught:
        normalized(spec)
    (only,) = caught.value.faults
    return only.field, only.fix


zones = st.sampled_from(["utc", "Asia/Tokyo", "Europe/Berlin", "America/Argentina/ComodRivadavia"])
seconds = st.datetimes(NOON.replace(tzinfo=None), datetime(9000, 1, 1)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=0, tzinfo=UTC)
)
instants = st.datetimes(timezones=st.just(UTC))
schedules = st.builds(At, seconds, zones, st.booleans())
rule = settings(deadline=None)


class TestSlots:
    @rule
    @given(schedules, instants)
    def test_the_slot_comes_next_until_it_has_come(self, at: At, instant: datetime) -> None:
        following = at.next_after(instant)
        assert following == (at.instant if instant < at.instant else None)

    @rule
    @given(schedules, instants)
    def test_each_instant_has_the_slot_before_or_after_it(self, at: At, instant: datetime) -> None:
        around = {at.next_after(instant), at.latest_until(instant)}
        assert around == {at.instant, None}

    @rule
    @given(schedules, instants)
    def test_an_instant_is_a_slot_if_it_is_the_latest_until_itself(
        self, at: At, instant: datetime
    ) -> None:
        assert (instant in at) == (at.latest_until(instant) == instant)
        assert at.instant in at

    def test_what_is_no_instant_is_no_slot(self) -> None:
        assert ONE not in At(NOON)

    @rule
    @given(schedules)
    def test_the_boundary_belongs_to_the_past(self, at: At) -> None:
        assert at.next_after(at.instant) is None
        assert at.next_after(at.instant - SECOND) == at.instant
        assert at.latest_until(at.instant) == at.instant
        assert at.latest_until(at.instant - SECOND) is None


class TestText:
    @rule
    @given(schedules)
    def test_the_stored_form_reads_as_the_same_schedule(self, at: At) -> None:
        assert read_schedule(at.text()) == at

    @pytest.mark.parametrize(
        ("stored", "at"),
        [
            ("at/1 1795352400", At(NOON + 3600 * SECOND)),
            (
                "at/1 1795352400 in Europe/Berlin",
                At(NOON + 3600 * SECOND, "Europe/Berlin", names_zone=True),
            ),
            ("at/1 1795352400 in utc", At(NOON + 3600 * SECOND, "utc", names_zone=True)),
            ("at/1 1795352400 shown in Asia/Tokyo", At(NOON + 3600 * SECOND, "Asia/Tokyo")),
        ],
    )
    def test_the_stored_form_keeps_its_meaning(self, stored: str, at: At) -> None:
        assert read_schedule(stored) == at
        assert read_schedule(stored).text() == stored

    def test_a_time_zone_that_is_gone_moves_no_slot(self) -> None:
        schedule = read_schedule("at/1 1795352400 in Mars/Olympus")
        assert schedule.next_after(NOON) == NOON + 3600 * SECOND
        assert schedule.explain() == "once at 2026-11-22 13:00:00 UTC"

    @pytest.mark.parametrize(
        "text",
        [
            "at/1",
            "at/1 ",
            "at/2 1795352400",
            "at/1 -1",
            "at/1 01795352400",
            "at/1 999999999999",
            "at/1 1795352400 in ",
            "at/1 1795352400 on Europe/Berlin",
            "at/1 1795352400 in Europe/ Berlin",
            "at/1 1795352400 ",
        ],
    )
    def test_a_stored_form_that_nobody_wrote_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidSchedule, match="cannot be read"):
            read_schedule(text)


class TestNormalize:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-11-22T13:00:00Z",
            "2026-11-22t13:00:00z",
            "2026-11-22T14:00:00+01:00",
            "2026-11-22T08:00:00.000-05:00",
        ],
    )
    def test_an_instant_is_the_same_however_it_is_written(self, value: str) -> None:
        assert normalized({"at": value}) == At(NOON + 3600 * SECOND)

    @rule
    @given(schedules)
    def test_what_it_shows_can_be_written_again(self, at: At) -> None:
        shown: dict[str, object] = {**at.spec()}
        default = "utc" if at.names_zone else at.zone
        if at.instant > NOON:
            assert normalized(shown, default).spec() == shown

    @pytest.mark.parametrize(
        "value", ["2026-11-22T12:00:00Z", "2026-11-22T11:59:59Z", "2026-11-22T12:30:00+01:00"]
    )
    def test_an_instant_that_is_not_to_come_is_refused(self, value: str) -> None:
        assert fault({"at": value}) == (
            "schedule.at",
            "choose an instant later than 2026-11-22T12:00:00Z",
        )

    @pytest.mark.parametrize(
        ("value", "fix"),
        [
            ("2026-11-22T13:00:00", "append Z, or an offset as +01:00"),
            ("2026-11-22 13:00:00Z", "send one as 2026-11-22T12:00:00Z"),
            ("2026-11-22", "send one as 2026-11-22T12:00:00Z"),
            ("2026-11-31T13:00:00Z", "send one as 2026-11-22T12:00:00Z"),
            ("2026-11-22T24:00:01Z", "send one as 2026-11-22T12:00:00Z"),
            ("tomorrow", "send one as 2026-11-22T12:00:00Z"),
            ("", "send one as 2026-11-22T12:00:00Z"),
            (1_795_352_400, "send one as 2026-11-22T12:00:00Z"),
            (None, "send one as 2026-11-22T12:00:00Z"),
            (True, "send one as 2026-11-22T12:00:00Z"),
            ("9001-01-01T00:00:00Z", "use a year up to 9000"),
            ("9999-12-31T23:59:59-10:00", "send one as 2026-11-22T12:00:00Z"),
            ("2026-11-22T13:00:00.5Z", "use whole seconds"),
            ("2026-11-22T13:00:00.000001Z", "use whole seconds"),
            ("2026-11-22T13:00:00\ud800Z", "send one as 2026-11-22T12:00:00Z"),
        ],
    )
    def test_what_is_no_whole_second_is_refused(self, value: object, fix: str) -> None:
        assert fault({"at": value}) == ("schedule.at", fix)

    @rule
    @given(st.text() | st.integers() | st.none() | st.lists(st.integers(), max_size=2))
    def test_no_value_breaks_it(self, value: object) -> None:
        assert fault({"at": value})[0] == "schedule.at"

    def test_one_is_either_an_instant_or_an_interval(self) -> None:
        assert fault({"at": ONE, "every": "60s"}) == ("schedule", "leave one out")

    def test_an_unknown_field_is_refused_by_name(self) -> None:
        with pytest.raises(InvalidSchedule, match="'when'"):
            normalized({"at": ONE, "when": "soon"})


class TestTimezone:
    def test_it_is_shown_as_it_was_given(self) -> None:
        schedule = normalized({"at": ONE, "timezone": "Europe/Berlin"})
        assert schedule.spec() == {"at": ONE, "timezone": "Europe/Berlin"}
        assert schedule.explain() == "once at 2026-11-22 14:00:00 Europe/Berlin (UTC+01:00)"

    def test_without_one_the_setting_explains_it(self) -> None:
        schedule = normalized({"at": ONE}, "Asia/Kathmandu")
        assert schedule.spec() == {"at": ONE}
        assert schedule.explain() == "once at 2026-11-22 18:45:00 Asia/Kathmandu (UTC+05:45)"

    def test_the_one_that_was_given_wins_over_the_setting(self) -> None:
        schedule = normalized({"at": ONE, "timezone": "UTC"}, "Asia/Tokyo")
        assert schedule.explain() == "once at 2026-11-22 13:00:00 UTC"
        assert schedule.spec()["timezone"] == "utc"

    def test_local_is_the_setting(self) -> None:
        schedule = normalized({"at": ONE, "timezone": "Local"}, "Asia/Kathmandu")
        assert schedule.spec() == {"at": ONE, "timezone": "Asia/Kathmandu"}
        assert schedule.explain() == "once at 2026-11-22 18:45:00 Asia/Kathmandu (UTC+05:45)"

    def test_a_stored_local_is_utc_whatever_the_machine_believes(self) -> None:
        schedule = read_schedule("at/1 1795352400 in local")
        assert schedule.explain() == "once at 2026-11-22 13:00:00 UTC"

    def test_it_moves_no_slot(self) -> None:
        given_one = normalized({"at": ONE, "timezone": "Pacific/Auckland"})
        assert given_one.instant == NOON + 3600 * SECOND
        assert rfc3339(given_one.instant) == ONE

    @pytest.mark.parametrize(
        "name",
        ["Europe", "Mars/Olympus", "", "../etc/passwd", "Europe/Berlin\0", "+01:00", 1, None],
    )
    def test_an_unknown_one_is_refused(self, name: object) -> None:
        field, fix = fault({"at": ONE, "timezone": name})
        assert field == "schedule.timezone"
        assert "Europe/Berlin" in fix

    def test_one_in_other_letters_is_named(self) -> None:
        assert fault({"at": ONE, "timezone": "america/new_york"}) == (
            "schedule.timezone",
            'use "America/New_York"',
        )

    def test_an_interval_has_none(self) -> None:
        assert fault({"every": "60s", "timezone": "utc"}) == ("schedule.timezone", "leave it out")

    def test_one_alone_is_no_schedule(self) -> None:
        assert fault({"timezone": "utc"})[0] == "schedule"
