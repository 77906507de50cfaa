from datetime import UTC, datetime
from time import perf_counter

import pytest

from chalicelib.schedules import Cron, InvalidSchedule, normalize_schedule, read_schedule, timezone

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def cron(text: object, **more: object) -> Cron:
    schedule = normalize_schedule({"cron": text, **more}, now=NOON)
    assert isinstance(schedule, Cron)
    return schedule


def fault(text: object, zone: str = "utc") -> tuple[str, str]:
    """Return what an expression is refused with."""
    with pytest.raises(InvalidSchedule) as caught:
        cron(text, timezone=zone)
    (only,) = caught.value.faults
    assert only.field == "schedule.cron"
    return only.detail, only.fix


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "normal"),
        [
            ("*/5 * * * *", "*/5 * * * *"),
            ("  0\t0   1 1  * \n", "0 0 1 1 *"),
            ("05 007 * * *", "5 7 * * *"),
            ("5/15 * * * *", "5-59/15 * * * *"),
            ("0 2/6 * * *", "0 2-23/6 * * *"),
            ("0 0 3/10 * *", "0 0 3-31/10 * *"),
            ("0 0 1 2/3 *", "0 0 1 2-12/3 *"),
            ("0 0 * * 2/2", "0 0 * * 2-7/2"),
            ("5-5/15 * * * *", "5-5/15 * * * *"),
            ("*/100 * * * *", "*/100 * * * *"),
            ("1,2,5-9/2,*/30 * * * *", "1,2,5-9/2,*/30 * * * *"),
            ("0 0 * jan,Feb-APR *", "0 0 * 1,2-4 *"),
            ("0 0 * * sun,Mon-FRI/2", "0 0 * * 0,1-5/2"),
            ("0 0 * * 7", "0 0 * * 0"),
            ("0 0 * * 5-7", "0 0 * * 5-7"),
            ("0 0 L * *", "0 0 L * *"),
            ("0 0 lw,1 * *", "0 0 LW,1 * *"),
            ("0 0 L/2 * *", "0 0 L * *"),
            ("0 0 * * 5l,7L", "0 0 * * 5L,0L"),
            ("0 0 * * FRI#2,7#1", "0 0 * * 5#2,0#1"),
            ("@hourly", "0 * * * *"),
            ("@daily", "0 0 * * *"),
            ("@Midnight", "0 0 * * *"),
            ("@weekly", "0 0 * * 0"),
            ("@monthly", "0 0 1 * *"),
            ("@yearly", "0 0 1 1 *"),
            (" @ANNUALLY ", "0 0 1 1 *"),
        ],
    )
    def test_an_expression_is_shown_in_a_form_without_defaults(
        self, text: str, normal: str
    ) -> None:
        assert cron(text).spec() == {"cron": normal, "timezone": "utc"}

    @pytest.mark.parametrize(
        ("text", "token", "fix"),
        [
            ("0 22-2 * * *", "22-2", 'split it where it wraps: "22-23,0-2"'),
            ("50-10/5 * * * *", "50-10", 'split it where it wraps: "50-59,0-10"'),
            ("0 0 * NOV-feb *", "NOV-feb", 'split it where it wraps: "11-12,1-2"'),
            ("0 0 * * FRI-MON", "FRI-MON", 'split it where it wraps: "5-6,0-1"'),
            ("0 0 * * sat-sun", "sat-sun", 'split it where it wraps: "6-7"'),
            ("60 * * * *", "60", "use 0 to 59"),
            ("0 24 * * *", "24", "use 0 to 23"),
            ("0 0 0 * *", "0", "use 1 to 31"),
            ("0 0 32 * *", "32", "use 1 to 31"),
            ("0 0 1 13 *", "13", "use 1 to 12 or JAN to DEC"),
            ("0 0 * * 8", "8", "use 0 to 7 or SUN to SAT"),
            ("0 0 * JANUARY *", "JANUARY", "use 1 to 12 or JAN to DEC"),
            ("0 0 * * jan", "jan", "use 0 to 7 or SUN to SAT"),
            ("? * * * *", "?", 'use "*"'),
            ("0 0 ? * 1", "?", 'use "*"'),
            ("H * * * *", "H", "choose a value: nothing is hashed into a slot here"),
            ("H(0-9) * * * *", "H(0", "use 0 to 59"),
            ("0 0 15W * *", "15W", 'use a day, or "LW" for the last Monday to Friday of the month'),
            ("0 0 W * *", "W", "use 1 to 31"),
            ("0 0 L-3 * *", "L", 'use "L" or "LW" alone, or in a list'),
            ("0 0 5L * *", "5L", 'use "L" for the last day; "5L" is a weekday, the last Friday'),
            ("0 0 * * L", "L", 'use a number and L: "5L" for the last Friday'),
            ("0 0 * * MONL", "MONL", 'use a number and L: "5L" for the last Friday'),
            ("0 0 * * 5L/3", "5L", 'use "5L" alone, or in a list'),
            ("0 0 * * 5L-6", "5L", 'use "5L" alone, or in a list'),
            ("0 0 * * 5L#1", "5L", 'use "5L" alone, or in a list'),
            ("0 0 * * 1#0", "1#0", 'use "1#1" to "1#5"'),
            ("0 0 * * 1#6", "1#6", 'use "1#1" to "1#5"'),
            ("0 0 * * 1##1", "1##1", 'use "1#1" to "1#5"'),
            ("0 0 * * 1-5#2", "1-5", 'a number goes with one weekday: "1#2,2#2"'),
            ("*/0 * * * *", "*/0", "use a whole number from 1 as the step"),
            ("*/ * * * *", "*/", "use a whole number from 1 as the step"),
            ("*/-5 * * * *", "*/-5", "use a whole number from 1 as the step"),
            ("*/1.5 * * * *", "*/1.5", "use a whole number from 1 as the step"),
            ("1//2 * * * *", "1//2", "use a whole number from 1 as the step"),
            ("/5 * * * *", "/5", "use 0 to 59"),
            ("-1 * * * *", "-1", "use 0 to 59"),
            ("1- * * * *", "1-", "use 0 to 59"),
            ("1-2-3 * * * *", "2-3", "use 0 to 59"),
            ("1_0 * * * *", "1_0", "use 0 to 59"),
            ("+5 * * * *", "+5", "use 0 to 59"),
            ("** * * * *", "**", "use 0 to 59"),
            ("*-5 * * * *", "*", "use 0 to 59"),
            ("¹ * * * *", "¹", "use 0 to 59"),
            ("٣ * * * *", "٣", "use 0 to 59"),
            ("0\u00a00 * * * *", "0\u00a00", "use 0 to 59"),
        ],
    )
    def test_what_is_wrong_is_named_with_what_would_be_right(
        self, text: str, token: str, fix: str
    ) -> None:
        detail, told = fault(text)
        assert detail.startswith(f'"{token}" ')
        assert told == fix

    @pytest.mark.parametrize("text", [", * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *"])
    def test_an_empty_term_is_refused(self, text: str) -> None:
        detail, fix = fault(text)
        assert "empty term among those of the minute" in detail
        assert "comma" in fix

    @pytest.mark.parametrize(
        ("text", "count"), [("", "0 fields"), ("*", "1 field"), ("* * * *", "4 fields")]
    )
    def test_too_few_fields_are_counted_and_the_five_named(self, text: str, count: str) -> None:
        detail, fix = fault(text)
        assert detail == f"{text!r} has {count}"
        assert fix == "use five: minute, hour, day of the month, month and weekday"

    @pytest.mark.parametrize("text", ["* * * * * *", "0 0 0 * * * *", "*/10 * * * * *"])
    def test_seconds_are_refused_with_what_has_them(self, text: str) -> None:
        detail, fix = fault(text)
        assert f"has {len(text.split())} fields" in detail
        assert fix.startswith("leave the seconds ")
        assert '{"every": "30s"}' in fix

    def test_a_start_is_no_time(self) -> None:
        assert fault("@reboot")[0] == '"@reboot" is no time: nothing here starts up'

    def test_an_interval_is_written_as_one(self) -> None:
        assert fault("@every 90m") == (
            '"@every 90m" is no cron expression',
            'use {"every": "90m"}',
        )

    @pytest.mark.parametrize("text", ["@", "@dayly", "@daily 5", "@hourly * * * *"])
    def test_another_macro_is_refused_with_those_there_are(self, text: str) -> None:
        detail, fix = fault(text)
        assert detail == f'"{text}" is no macro'
        assert "@hourly, @daily" in fix

    @pytest.mark.parametrize("value", [None, 5, True, ["* * * * *"], {}, b"* * * * *"])
    def test_what_is_no_text_is_refused(self, value: object) -> None:
        assert fault(value)[0].endswith("is no cron expression")

    @pytest.mark.parametrize(
        "text", ["*" * 129, "0 0 * * " + "0" * 121, ",".join("0" * 70) + " * * * *"]
    )
    def test_a_long_expression_is_refused(self, text: str) -> None:
        detail, fix = fault(text)
        assert len(detail) < 90
        assert fix == "use at most 128 characters"

    def test_one_that_grows_too_long_is_refused(self) -> None:
        assert fault(",".join(f"{n}/7" for n in range(10, 38)) + " * * * *")[1] == (
            "use at most 128 characters"
        )


class TestNever:
    @pytest.mark.parametrize(
        "text",
        [
            "0 0 30 2 *",
            "0 0 31 2 *",
            "0 0 31 4 *",
            "0 0 31 4,6,9,11 *",
            "0 0 30-31 feb *",
            "0 0 */100 * MON#4",
            "0 0 */31 * 1#2",
            "0 0 31 2,4 */2",
            "0 0 */30 2 5#5",
        ],
    )
    def test_a_date_that_never_comes_is_refused_at_once(self, text: str) -> None:
        started = perf_counter()
        assert fault(text)[0].startswith("it never fires: ")
        assert perf_counter() - started < 0.5

    def test_the_refusal_names_the_day_and_the_month(self) -> None:
        assert fault("0 0 31 2 *")[0] == 'it never fires: no month of "2" has a day "31"'

    def test_a_time_that_clocks_always_leap_over_is_refused(self) -> None:
        # The second Sunday of March, the 8th: New York has no such hour since 2007.
        detail, _ = fault("* 2 8 3 */7", "America/New_York")
        assert "never comes in America/New_York" in detail
        assert cron("* 2 8 3 */7", timezone="Europe/Prague").next_after(NOON)

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("0 0 29 2 *", "2028-02-29T00:00"),
            ("0 0 29 2 */7", "2032-02-29T00:00"),
            ("0 0 * 2 0#5", "2032-02-29T00:00"),
            ("0 0 * 2 6#5", "2048-02-29T00:00"),
            ("0 0 31 2 1", "2027-02-01T00:00"),
            ("0 0 29-31 2 *", "2028-02-29T00:00"),
            ("0 0 L 2 *", "2027-02-28T00:00"),
        ],
    )
    def test_a_rare_date_is_found(self, text: str, first: str) -> None:
        assert cron(text).next_after(NOON) == datetime.fromisoformat(first).replace(tzinfo=UTC)

    def test_a_leap_day_is_found_over_a_century_without_one(self) -> None:
        schedule = cron("0 0 29 2 */7")
        assert schedule.next_after(datetime(2089, 1, 1, tzinfo=UTC)) == datetime(
            2128, 2, 29, tzinfo=UTC
        )


class TestDays:
    @pytest.mark.parametrize(
        ("text", "days"),
        [
            ("0 0 13 * 5", [("11", "27"), ("12", "04"), ("12", "11"), ("12", "13"), ("12", "18")]),
            ("0 0 */2 * 1", [("11", "23"), ("12", "07"), ("12", "21")]),
            ("0 0 1-7 * */1", [("12", "01"), ("12", "02"), ("12", "03")]),
            ("0 0 * * 1-5", [("11", "23"), ("11", "24"), ("11", "25"), ("11", "26"), ("11", "27")]),
            ("0 0 L * *", [("11", "30"), ("12", "31")]),
            ("0 0 LW * *", [("11", "30"), ("12", "31")]),
            ("0 0 * * 5L", [("11", "27"), ("12", "25")]),
            ("0 0 * * 1#1", [("12", "07")]),
            ("0 0 * * 1#5", [("11", "30")]),
            ("0 0 * * 0,7", [("11", "29"), ("12", "06")]),
            ("0 0 */30 * *", [("12", "01"), ("12", "31")]),
        ],
    )
    def test_days_of_both_fields(self, text: str, days: list[tuple[str, str]]) -> None:
        at, found = NOON, []
        for _ in days:
            following = cron(text).next_after(at)
            assert following is not None
            at = following
            found.append((f"{at:%m}", f"{at:%d}"))
        assert found == days

    def test_the_last_workday_is_a_friday_where_a_month_ends_with_a_weekend(self) -> None:
        at = datetime(2027, 1, 1, tzinfo=UTC)
        for day in (29, 26, 31, 30, 31):  # January to May 2027
            following = cron("0 0 LW * *").next_after(at)
            assert following is not None
            assert following.day == day
            at = following


class TestTimezone:
    def test_its_own_decides(self) -> None:
        schedule = cron("0 9 * * *", timezone="Asia/Kathmandu")
        assert schedule.next_after(NOON) == datetime(2026, 11, 23, 3, 15, tzinfo=UTC)

    @pytest.mark.parametrize("spec", [{}, {"timezone": "local"}, {"timezone": "LOCAL"}])
    def test_without_one_or_local_it_is_the_setting(self, spec: dict[str, object]) -> None:
        schedule = normalize_schedule(
            {"cron": "0 9 * * *"} | spec, now=NOON, default_timezone="Asia/Kathmandu"
        )
        assert schedule.spec() == {"cron": "0 9 * * *", "timezone": "Asia/Kathmandu"}

    def test_a_setting_that_is_local_is_none(self) -> None:
        with pytest.raises(InvalidSchedule) as caught:
            normalize_schedule({"cron": "0 9 * * *"}, now=NOON, default_timezone="local")
        assert caught.value.faults[0].field == "schedule.timezone"

    def test_an_unknown_one_is_refused(self) -> None:
        with pytest.raises(InvalidSchedule) as caught:
            cron("0 9 * * *", timezone="europe/berlin")
        (only,) = caught.value.faults
        assert (only.field, only.fix) == ("schedule.timezone", 'use "Europe/Berlin"')


class TestStored:
    def test_the_stored_form_keeps_its_meaning(self) -> None:
        stored = "cron/1 5-59/15 9-17 * * 1-5 in Europe/Prague tzdata 2025b"
        schedule = read_schedule(stored)
        assert schedule.text() == stored
        assert schedule == cron("5/15 9-17 * * MON-FRI", timezone="Europe/Prague")

    def test_a_new_one_names_the_tzdata_that_it_was_made_with(self) -> None:
        assert cron("@daily").text() == f"cron/1 0 0 * * * in utc tzdata {timezone.VERSION}"

    def test_it_leaves_room_in_the_hot_row(self) -> None:
        minutes = ",".join(str(minute) for minute in range(10, 50))
        longest = cron(f"{minutes} * * * *", timezone="America/Argentina/ComodRivadavia")
        assert len(longest.text()) < 200

    @pytest.mark.parametrize(
        "text",
        [
            "cron/1",
            "cron/1 * * * * *",
            "cron/1 * * * * * in utc",
            "cron/2 * * * * * in utc tzdata 2026f",
            "cron/1 * * * * in utc tzdata 2026f",
            "cron/1 * * * * * in local tzdata 2026f",
            "cron/1 * * * * * in Mars/Olympus tzdata 2026f",
            "cron/1 5/15 * * * * in utc tzdata 2026f",
            "cron/1 * * * JAN * in utc tzdata 2026f",
            "cron/1 @daily in utc tzdata 2026f",
            "cron/1 0 0 31 2 * in utc tzdata 2026f",
            "cron/1 60 * * * * in utc tzdata 2026f",
            "cron/1 * * * * * in utc tzdata 2026f ",
        ],
    )
    def test_a_stored_form_that_nobody_wrote_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidSchedule, match="cannot be read"):
            read_schedule(text)

    def test_what_is_no_instant_is_no_slot(self) -> None:
        assert "2026-11-22T12:00:00Z" not in cron("* * * * *")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "at minute 15 of every hour"),
        ("0 */6 * * *", "every 6 hours, Europe/Prague"),
        ("30 */6 * * *", "at 00:30, 06:30, 12:30 and 18:30 every day, Europe/Prague"),
        ("30 2 * * *", "at 02:30 every day, Europe/Prague"),
        ("0 9,17 * * *", "at 09:00 and 17:00 every day, Europe/Prague"),
        ("0 9 * * 1-5", "at 09:00 on Monday to Friday, Europe/Prague"),
        ("0 9 * * MON,WED", "at 09:00 on Monday and Wednesday, Europe/Prague"),
        ("0 3 L * *", "at 03:00 on the last day of each month, Europe/Prague"),
        (
            "0 3 LW * *",
            "at 03:00 on the last workday (Monday to Friday) of each month, Europe/Prague",
        ),
        ("0 3 1 * *", "at 03:00 on day 1 of each month, Europe/Prague"),
        ("0 3 1,15 * *", "at 03:00 on days 1 and 15 of each month, Europe/Prague"),
        ("0 3 1-7 1,7 *", "at 03:00 on days 1 to 7 of January and July, Europe/Prague"),
        ("0 0 29 2 *", "at 00:00 on day 29 of February, Europe/Prague"),
        ("0 0 * * 1#1", "at 00:00 on the first Monday of each month, Europe/Prague"),
        ("0 0 * 12 5L", "at 00:00 on the last Friday of December, Europe/Prague"),
        ("0 0 * 6-8 6", "at 00:00 on Saturday in June to August, Europe/Prague"),
        ("0 0 * 6 *", "at 00:00 every day in June, Europe/Prague"),
        (
            "*/15 9-17 * * 1-5",
            "every 15 minutes from 09:00 to 17:45 on Monday to Friday, Europe/Prague",
        ),
        ("0 9-17 * * *", "every hour from 09:00 to 17:00, Europe/Prague"),
        ("* 9,11 * * *", "every minute of hours 9 and 11, Europe/Prague"),
        ("*/7 * * * *", "at minutes 0, 7, 14 .. 56 of every hour"),
        (
            "5,10 */2 * * *",
            "at minutes 5 and 10 of every 2 hours from midnight every day, Europe/Prague",
        ),
        ("0 0 13 * 5", "at 00:00 on day 13 of each month, and also on Friday, Europe/Prague"),
        ("* * * 1 *", "every minute in January, Europe/Prague"),
        ("* * 1-31 * 5", "every minute"),
        (
            "0 0 */2 * 1",
            (
                "at 00:00 on days 1, 3, 5 .. 31 of each month if that is Monday, Europe/Prague "
                "(both must fit, as one of these fields starts with *)"
            ),
        ),
    ],
)
def test_a_schedule_explains_itself_in_words(text: str, words: str) -> None:
    assert cron(text, timezone="Europe/Prague").explain() == words


def test_utc_is_written_large() -> None:
    assert cron("30 2 * * *").explain() == "at 02:30 every day, UTC"
