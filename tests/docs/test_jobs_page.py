"""What the page of jobs says, held against the code: both know the same words and slots."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chalicelib.background.task import Origin, Outcome
from chalicelib.scheduler.job import CronConcurrencyPolicy, Hold, JobState
from chalicelib.scheduler.reasons import Reason
from chalicelib.scheduler.snapshot import JobHealth
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import normalize_schedule

PAGE = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text(encoding="utf-8")
PRAGUE = ZoneInfo("Europe/Prague")
CHANGES = (datetime(2027, 3, 28, tzinfo=PRAGUE), datetime(2026, 10, 25, tzinfo=PRAGUE))
WORDS = {
    "outcome": Outcome,
    "origin": Origin,
    "reason": Reason,
    "state": JobState,
    "paused_for": Hold,
    "health": JobHealth,
}


def tables(first: str) -> Iterator[list[list[str]]]:
    """Yield the rows of each table whose first column has this name."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        head, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
        if head[0] == first:
            yield rows


def words(first: str) -> list[set[str]]:
    return [{row[0].strip("`") for row in rows} for rows in tables(first)]


@pytest.mark.parametrize("column", WORDS)
def test_the_page_explains_each_word_and_no_other(column: str) -> None:
    assert words(column) == [set(WORDS[column])]


def test_the_page_explains_each_policy_and_no_other() -> None:
    policies: list[type[StrEnum]] = [CronConcurrencyPolicy, CronMisfirePolicy]
    assert words("policy") == [set(each) for each in policies]


def test_a_reason_is_told_with_outcomes_that_exist() -> None:
    (rows,) = tables("reason")
    told = {outcome for row in rows for outcome in row[1].split(", ")}
    assert told <= set(Outcome)


@pytest.mark.parametrize("row", next(tables("`cron` in Europe/Prague")), ids=lambda row: row[0])
def test_the_slots_of_clock_changes_are_those_of_the_engine(row: list[str]) -> None:
    expression, *days = row
    for told, day in zip(days, CHANGES, strict=True):
        assert told == (" ".join(slots(expression.strip("`"), day)) or "none")


def slots(expression: str, day: datetime) -> Iterator[str]:
    """Yield the slots of a day from 01:00 to 03:59, as clocks in Prague show them."""
    spec = {"cron": expression, "timezone": "Europe/Prague"}
    begin, end = (day.replace(hour=hour).astimezone(UTC) for hour in (1, 4))
    schedule = normalize_schedule(spec, now=begin)
    slot = schedule.next_after(begin - timedelta(seconds=1))
    while slot is not None and slot < end:
        yield slot.astimezone(PRAGUE).isoformat(timespec="minutes").partition("T")[2]
        slot = schedule.next_after(slot)
