from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.errors import Invalid
from chalicelib.schedules import Every, InvalidSchedule, normalize_schedule, read_schedule

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_a_specification_of_an_interval_is_anchored_now() -> None:
    schedule = normalize_schedule({"every": "60s"}, now=NOON)
    assert schedule == Every(timedelta(minutes=1), NOON)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"crontab": "* * * * *"},
        {"timezone": "utc"},
        {"Every": "60s"},
        {"every ": "60s"},
        {"\ud800": "60s"},
    ],
)
def test_any_other_kind_of_schedule_is_refused_with_the_one_to_use(
    spec: Mapping[str, object],
) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        normalize_schedule(spec, now=NOON)
    (fault,) = caught.value.faults
    assert fault.field == "schedule"
    assert fault.fix.startswith('use {"every": "60s"}')


@pytest.mark.parametrize(
    "spec",
    [
        {"every": "60s", "cron": "* * * * *"},
        {"cron": "* * * * *", "at": "2027-01-01T00:00:00Z"},
        {"cron": "* * * * *", "every": "60s", "at": "2027-01-01T00:00:00Z"},
    ],
)
def test_two_ways_to_say_when_are_one_too_many(spec: Mapping[str, object]) -> None:
    with pytest.raises(InvalidSchedule) as caught:
        normalize_schedule(spec, now=NOON)
    (fault,) = caught.value.faults
    assert (fault.field, fault.fix) == ("schedule", "leave one out")


def test_a_refused_schedule_is_invalid_input_and_a_value_error() -> None:
    assert issubclass(InvalidSchedule, Invalid)
    assert issubclass(InvalidSchedule, ValueError)


def test_the_stored_form_keeps_its_meaning() -> None:
    stored = "every/1 300s from 1795348800"
    assert read_schedule(stored) == Every(timedelta(minutes=5), NOON)
    assert read_schedule(stored).text() == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "60s",
        "cron/1 * * * * *",
        "every/2 60s from 0",
        "every/1 0s from 0",
        "every/1 60s from -1",
        "every/1 60s from 999999999999",
        "every/1 ٦٠s from 0",  # noqa: RUF001 - Arabic digits
        "every/1 60s from 0 ",
    ],
)
def test_a_stored_form_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchedule, match="cannot be read"):
        read_schedule(text)
