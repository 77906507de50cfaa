"""Two weekends on which clocks change, lived through on what is really deployed.

What is expected is written down as clocks in Prague showed it, from the rules of Debian's cron: a
fixed time that clocks leap over comes at the end of the leap, one that they show twice comes the
first time, and what comes by the hour or the minute goes by the time that really passes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import islice

import pytest

from tests.deployed.driver import Item, Job, assert_one_effect
from tests.deployed.moving import HOUR, MINUTE, MovedCloud, fired, ledger, unsettled

PRAGUE = "Europe/Prague"
STEP = 15 * MINUTE
SPRING, AUTUMN = datetime(2027, 3, 28, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
LASTS = 3 * HOUR
# At 01:00 UTC clocks go from 02:00 to 03:00, and from 03:00 back to 02:00.
SCHEDULES: dict[str, Item] = {
    "skipped": {"cron": "30 2 * * *", "timezone": PRAGUE},
    "several": {"cron": "15,45 2 * * *", "timezone": PRAGUE},
    "hourly": {"cron": "0 * * * *", "timezone": PRAGUE},
    "half-hourly": {"cron": "*/30 * * * *", "timezone": PRAGUE},
    "in utc": {"cron": "30 1 * * *", "timezone": "utc"},
}
EXPECTED: dict[datetime, dict[str, str]] = {
    SPRING: {
        "skipped": "01:00",
        "several": "01:00",
        "hourly": "01:00 02:00 03:00",
        "half-hourly": "00:30 01:00 01:30 02:00 02:30 03:00",
        "in utc": "01:30",
    },
    AUTUMN: {
        "skipped": "00:30",
        "several": "00:15 00:45",
        "hourly": "01:00 02:00 03:00",
        "half-hourly": "00:30 01:00 01:30 02:00 02:30 03:00",
        "in utc": "01:30",
    },
}


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved


@pytest.fixture(scope="module", params=[AUTUMN, SPRING], ids=["autumn", "spring"])
def night(request: pytest.FixtureRequest) -> datetime:
    """Midnight in UTC of the day on which clocks change."""
    midnight: datetime = request.param
    return midnight


@pytest.fixture(scope="module")
def jobs(cloud: MovedCloud, night: datetime) -> Iterator[dict[str, Job]]:
    """Jobs that were made at midnight, after the night: ticks and sweeps came all the time."""
    cloud.move_to(night)
    made = {name: cloud.job(schedule, name=name) for name, schedule in SCHEDULES.items()}
    made["every"] = cloud.job({"every": "45m"}, name="every")
    moment = night + STEP
    while moment <= night + LASTS:
        # Later than intervals that began with the jobs, some seconds after midnight.
        cloud.move_to(moment + MINUTE)
        assert cloud.tick()["failed"] == 0
        cloud.settle(*made.values())
        cloud.sweep()
        moment += STEP
    yield made
    cloud.delete(*made.values())


def test_an_interval_goes_by_the_time_that_passes(jobs: dict[str, Job], night: datetime) -> None:
    slots = list(islice(jobs["every"].slots(), LASTS // (45 * MINUTE)))

    assert fired(jobs["every"]) == slots
    assert slots[-1] - night < LASTS + MINUTE


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_slot_of_the_night_fires_once_and_no_other(
    jobs: dict[str, Job], night: datetime, name: str
) -> None:
    expected = [
        datetime.combine(night, time.fromisoformat(each), UTC)
        for each in EXPECTED[night][name].split()
    ]

    assert fired(jobs[name]) == expected
    assert [row for row in ledger(jobs[name]) if row[1] not in {"fired", "handed"}] == []


def test_each_firing_has_one_run_with_one_end(cloud: MovedCloud, jobs: dict[str, Job]) -> None:
    for job in jobs.values():
        for slot in fired(job):
            assert_one_effect(cloud, job, slot)


def test_ticks_and_sweeps_afterwards_find_nothing_to_do(
    cloud: MovedCloud, jobs: dict[str, Job]
) -> None:
    before = [ledger(job) for job in jobs.values()]

    cloud.tick()
    cloud.sweep()

    assert [ledger(job) for job in jobs.values()] == before
    assert not any(unsettled(cloud, job) for job in jobs.values())


def test_the_preview_tells_of_the_change(cloud: MovedCloud, night: datetime) -> None:
    cloud.move_to(night - 2 * HOUR)
    job = cloud.job(SCHEDULES["skipped"])

    shown = job.owner.get(f"/v1/jobs/{job.id}/preview").json()["slots"]

    assert shown[0]["note"]
    assert not any(each["note"] for each in shown[1:])
    cloud.delete(job)
