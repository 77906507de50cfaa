import boto3
import pytest

from chalicelib.errors import Unavailable
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Draft
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import normalize_schedule
from chalicelib.tables import owned
from tests.functions.invoke import cron_tick, delivered, worker_normal
from tests.functions.log import Log
from tests.functions.metrics import Metrics
from tests.support.world import World


def test_a_slot_goes_from_the_tick_over_the_queue_to_its_end(container: World) -> None:
    job = container.job()
    container.at(3)
    cron_tick()
    (body,) = delivered()
    worker_normal(body)
    assert container.ledger(job)["12:03:00"] == "fired"
    run = container.services.transcripts.view("main", container.ref(job, 3).run_id)
    assert [run.header.state, len(run.steps)] == ["succeeded", 3]
    assert len(container.events("run.finished")) == 1


def test_one_id_leads_from_the_tick_to_the_end_of_the_run(container: World, log: Log) -> None:
    job = container.job()
    log.forget()
    container.at(3)
    cron_tick()
    worker_normal(*delivered())
    assert log.about(container.ref(job, 3).run_id) == ["a slot was ledgered", "a task ended"]


def test_a_tick_returns_and_logs_what_it_counted(container: World, log: Log) -> None:
    container.job()
    container.at(3)
    nothing = ("gated", "missed", "reviews", "failed", "disabled", "oldest_due_seconds")
    assert cron_tick() == dict.fromkeys(nothing, 0) | {"due": 1, "handed": 3}
    last = log.lines()[-1]
    assert (last["message"], last["due"], last["handed"]) == ("ticked", 1, 3)


@pytest.mark.usefixtures("container")
def test_a_tick_without_jobs_does_nothing() -> None:
    assert set(cron_tick().values()) == {0}


@pytest.mark.usefixtures("container")
def test_under_a_bad_setting_a_tick_does_nothing_and_names_it(
    monkeypatch: pytest.MonkeyPatch, log: Log, metrics: Metrics
) -> None:
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    assert cron_tick() == {}
    (line,) = log.lines()
    assert line["level"] == "ERROR"
    assert line["settings"] == ["PALYRA_SCHEDULER_SHARDS"]
    assert metrics() == [{"InvalidSettings": 1.0}]


def test_a_tick_measures_how_late_the_oldest_slot_is(container: World, metrics: Metrics) -> None:
    container.job(every="300s")
    container.at(9)
    cron_tick()
    assert metrics() == [
        {
            "TicksFailedJobs": 0.0,
            "TicksDisabledJobs": 0.0,
            "SlotsHanded": 1.0,
            "SlotsMissed": 1.0,
            "ReviewsRequired": 0.0,
            "OldestDueSlotAgeSeconds": 240.0,
        }
    ]
    cron_tick()
    assert metrics()[0]["OldestDueSlotAgeSeconds"] == 0.0


def test_a_tick_measures_what_begins_to_wait_for_an_operator(
    container: World, metrics: Metrics
) -> None:
    schedule = normalize_schedule({"every": "1h"}, now=container.clock.now())
    terms = {"misfire": CronMisfirePolicy.CATCH_UP}
    container.services.jobs.create("main", "token:test", Draft("j", schedule, "p", [], terms=terms))
    container.at(30 * 60)
    cron_tick()
    (told,) = metrics()
    assert (told["ReviewsRequired"], told["SlotsMissed"]) == (1.0, 28.0)


def test_a_tick_measures_the_jobs_that_it_cannot_hand_over(
    container: World, metrics: Metrics
) -> None:
    HotRow(owned("main", container.job().id), "hot").update([HotRow.schedule.set("nonsense")])
    container.at(3)
    assert cron_tick()["failed"] == 1
    (told,) = metrics()
    assert (told["TicksFailedJobs"], told["TicksDisabledJobs"]) == (1.0, 1.0)


@pytest.mark.usefixtures("container")
def test_a_tick_that_cannot_read_what_is_due_fails(log: Log) -> None:
    boto3.client("dynamodb").delete_table(TableName="palyra-local-jobs")
    with pytest.raises(Unavailable):
        cron_tick()
    assert log.messages() == ["the function failed"]
