"""Changes of clocks, case by case: each zone's own time with its offset from UTC."""

from datetime import datetime
from itertools import pairwise

import pytest

from chalicelib.schedules import Cron, normalize_schedule
from tests.schedules.zones import zone

# What is asked, in which zone, from when on, and the slots that follow.
GAPS = [
    # A fixed time that clocks leap over has its slot where they land, once; several share it.
    (
        "30 2 * * *",
        "Europe/Prague",
        "2026-03-28T12:00+01:00",
        ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
    ),
    (
        "0 2 * * *",
        "Europe/Prague",
        "2026-03-29T01:59+01:00",
        ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
    ),
    (
        "0 3 * * *",
        "Europe/Prague",
        "2026-03-29T01:59+01:00",
        ["2026-03-29T03:00+02:00", "2026-03-30T03:00+02:00"],
    ),
    (
        "0,15,30,45 2 * * *",
        "Europe/Prague",
        "2026-03-29T00:00+01:00",
        ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
    ),
    (
        "0 1-5 * * *",
        "Europe/Prague",
        "2026-03-29T00:30+01:00",
        ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"],
    ),
    (
        "30 1,2,3 * * *",
        "Europe/Prague",
        "2026-03-29T01:30+01:00",
        ["2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00", "2026-03-30T01:30+02:00"],
    ),
    (
        "30 2 29 3 *",
        "Europe/Prague",
        "2026-03-28T12:00+01:00",
        ["2026-03-29T03:00+02:00", "2027-03-29T02:30+02:00"],
    ),
    # From the landing itself on, it has come.
    ("30 2 * * *", "Europe/Prague", "2026-03-29T03:00+02:00", ["2026-03-30T02:30+02:00"]),
    (
        "30 2 * * *",
        "America/New_York",
        "2026-03-07T12:00-05:00",
        ["2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"],
    ),
    # An interval has none there.
    (
        "*/30 * * * *",
        "Europe/Prague",
        "2026-03-29T01:15+01:00",
        ["2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
    ),
    (
        "30 * * * *",
        "Europe/Prague",
        "2026-03-29T01:00+01:00",
        ["2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"],
    ),
    (
        "*/30 2 * * *",
        "Europe/Prague",
        "2026-03-28T12:00+01:00",
        ["2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"],
    ),
    (
        "0 */2 * * *",
        "Europe/Prague",
        "2026-03-29T00:00+01:00",
        ["2026-03-29T04:00+02:00", "2026-03-29T06:00+02:00"],
    ),
    # Midnight itself.
    (
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00-03:00",
        ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"],
    ),
    (
        "30 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00-03:00",
        ["2018-11-04T01:00-02:00", "2018-11-05T00:30-02:00"],
    ),
    ("0 0 4 11 *", "America/Sao_Paulo", "2018-11-03T12:00-03:00", ["2018-11-04T01:00-02:00"]),
    (
        "@daily",
        "Africa/Cairo",
        "2024-04-25T12:00+02:00",
        ["2024-04-26T01:00+03:00", "2024-04-27T00:00+03:00"],
    ),
    ("0 * * * *", "America/Sao_Paulo", "2018-11-03T23:00-03:00", ["2018-11-04T01:00-02:00"]),
    (
        "0 0 * * *",
        "Asia/Beirut",
        "2026-03-28T12:00+02:00",
        ["2026-03-29T01:00+03:00", "2026-03-30T00:00+03:00"],
    ),
    # Half an hour.
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00+10:30",
        ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
    ),
    (
        "0 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00+10:30",
        ["2026-10-04T02:30+11:00", "2026-10-05T02:00+11:00"],
    ),
    ("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00+10:30", ["2026-10-04T02:45+11:00"]),
    (
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-10-04T01:45+10:30",
        ["2026-10-04T02:30+11:00", "2026-10-04T02:45+11:00"],
    ),
    # Two hours, and a whole day: one rule for every gap.
    (
        "30 1 * * *",
        "Antarctica/Troll",
        "2026-03-28T12:00+00:00",
        ["2026-03-29T03:00+02:00", "2026-03-30T01:30+02:00"],
    ),
    (
        "30 2 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00-10:00",
        ["2011-12-31T00:00+14:00", "2011-12-31T02:30+14:00"],
    ),
    (
        "0 0 30 12 *",
        "Pacific/Apia",
        "2011-12-29T12:00-10:00",
        ["2011-12-31T00:00+14:00", "2012-12-30T00:00+14:00"],
    ),
    (
        "0 0 31 12 *",
        "Pacific/Apia",
        "2011-12-29T12:00-10:00",
        ["2011-12-31T00:00+14:00", "2012-12-31T00:00+14:00"],
    ),
    (
        "0 12 * * 5",
        "Pacific/Apia",
        "2011-12-29T12:00-10:00",
        ["2011-12-31T00:00+14:00", "2012-01-06T12:00+14:00"],
    ),
    (
        "* * * * *",
        "Pacific/Apia",
        "2011-12-29T23:58-10:00",
        ["2011-12-29T23:59-10:00", "2011-12-31T00:00+14:00", "2011-12-31T00:01+14:00"],
    ),
    (
        "0 9 21 8 *",
        "Pacific/Kwajalein",
        "1993-08-20T12:00-12:00",
        ["1993-08-22T00:00+12:00", "1994-08-21T09:00+12:00"],
    ),
]
FOLDS = [
    # A fixed time that comes twice has the first.
    (
        "30 2 * * *",
        "Europe/Prague",
        "2026-10-24T12:00+02:00",
        ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
    ),
    (
        "0 1-3 * * *",
        "Europe/Prague",
        "2026-10-25T00:30+02:00",
        ["2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T03:00+01:00"],
    ),
    (
        "0 1,2,3,4,5 * * *",
        "Europe/Riga",
        "2021-10-31T01:30+03:00",
        ["2021-10-31T02:00+03:00", "2021-10-31T03:00+03:00", "2021-10-31T04:00+02:00"],
    ),
    # Asked within the first pass, and within the second one.
    (
        "30 2 * * *",
        "Europe/Prague",
        "2026-10-25T02:10+02:00",
        ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
    ),
    ("30 2 * * *", "Europe/Prague", "2026-10-25T02:40+02:00", ["2026-10-26T02:30+01:00"]),
    ("30 2 * * *", "Europe/Prague", "2026-10-25T02:10+01:00", ["2026-10-26T02:30+01:00"]),
    ("30 2,3 * * *", "Europe/Prague", "2026-10-25T02:10+01:00", ["2026-10-25T03:30+01:00"]),
    ("30 1 * * *", "America/New_York", "2026-11-01T01:10-05:00", ["2026-11-02T01:30-05:00"]),
    ("30 1 * * *", "America/Los_Angeles", "2026-11-01T01:45-07:00", ["2026-11-02T01:30-08:00"]),
    ("30 0 * * *", "Asia/Amman", "2021-10-29T00:10+02:00", ["2021-10-30T00:30+02:00"]),
    # An interval has both.
    (
        "30 * * * *",
        "Europe/Prague",
        "2026-10-25T01:40+02:00",
        ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
    ),
    (
        "*/30 2 * * *",
        "Europe/Prague",
        "2026-10-25T01:40+02:00",
        [
            "2026-10-25T02:00+02:00",
            "2026-10-25T02:30+02:00",
            "2026-10-25T02:00+01:00",
            "2026-10-25T02:30+01:00",
            "2026-10-26T02:00+01:00",
        ],
    ),
    (
        "0 */2 * * *",
        "Europe/Prague",
        "2026-10-25T01:30+02:00",
        ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T04:00+01:00"],
    ),
    (
        "* * * * *",
        "Europe/Prague",
        "2026-10-25T02:58+02:00",
        ["2026-10-25T02:59+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:01+01:00"],
    ),
    ("*,30 2 25 10 *", "Europe/Prague", "2026-10-25T02:59+02:00", ["2026-10-25T02:00+01:00"]),
    # Midnight, so that a day begins twice.
    (
        "0 0 * * *",
        "America/Havana",
        "2021-11-06T12:00-04:00",
        ["2021-11-07T00:00-04:00", "2021-11-08T00:00-05:00"],
    ),
    (
        "30 23 * * *",
        "America/Sao_Paulo",
        "2018-02-17T12:00-02:00",
        ["2018-02-17T23:30-02:00", "2018-02-18T23:30-03:00"],
    ),
    (
        "30 * * * *",
        "America/Sao_Paulo",
        "2018-02-17T23:00-02:00",
        ["2018-02-17T23:30-02:00", "2018-02-17T23:30-03:00", "2018-02-18T00:30-03:00"],
    ),
    (
        "@daily",
        "Asia/Amman",
        "2021-10-28T12:00+03:00",
        ["2021-10-29T00:00+03:00", "2021-10-30T00:00+02:00"],
    ),
    # Half an hour.
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T12:00+11:00",
        ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
    ),
    ("45 1 * * *", "Australia/Lord_Howe", "2026-04-05T01:35+10:30", ["2026-04-06T01:45+10:30"]),
    (
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-04-05T01:30+11:00",
        [
            "2026-04-05T01:45+11:00",
            "2026-04-05T01:30+10:30",
            "2026-04-05T01:45+10:30",
            "2026-04-05T02:00+10:30",
        ],
    ),
    # A whole day that came twice.
    (
        "0 12 * * *",
        "Pacific/Kwajalein",
        "1969-09-29T13:00+11:00",
        ["1969-09-30T12:00+11:00", "1969-10-01T12:00-12:00"],
    ),
]


@pytest.mark.parametrize(("text", "name", "after", "slots"), GAPS + FOLDS)
def test_the_slots_around_a_change(text: str, name: str, after: str, slots: list[str]) -> None:
    start = at = datetime.fromisoformat(after)
    schedule = normalize_schedule({"cron": text, "timezone": name}, now=start)
    assert isinstance(schedule, Cron)

    found = []
    for _ in slots:
        following = schedule.next_after(at)
        assert following is not None
        at = following
        found.append(at.astimezone(zone(name)).isoformat(timespec="minutes"))

    assert found == slots


@pytest.mark.parametrize(("text", "name", "after", "slots"), GAPS + FOLDS)
def test_and_the_way_back(text: str, name: str, after: str, slots: list[str]) -> None:
    instants = [datetime.fromisoformat(slot) for slot in slots]
    schedule = normalize_schedule(
        {"cron": text, "timezone": name}, now=datetime.fromisoformat(after)
    )
    for earlier, later in pairwise(instants):
        assert schedule.latest_until(later) == later
        assert schedule.latest_until(later - (later - earlier) / 2) == earlier
    before = schedule.latest_until(datetime.fromisoformat(after))
    assert before is not None
    assert before <= datetime.fromisoformat(after)
