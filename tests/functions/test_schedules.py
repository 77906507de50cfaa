import boto3
import pytest

from chalicelib.errors import InvalidSettings, Unavailable
from tests.functions.invoke import cron_tick, delivered, worker_normal
from tests.functions.log import Log
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
    assert cron_tick() == {"due": 1, "handed": 3, "failed": 0}
    last = log.lines()[-1]
    assert (last["message"], last["due"], last["handed"]) == ("ticked", 1, 3)


@pytest.mark.usefixtures("container")
def test_a_tick_without_jobs_does_nothing() -> None:
    assert cron_tick() == {"due": 0, "handed": 0, "failed": 0}


@pytest.mark.usefixtures("container")
def test_a_bad_setting_stops_the_tick_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_SHARDS", "0")
    with pytest.raises(InvalidSettings, match="PALYRA_SHARDS"):
        cron_tick()


@pytest.mark.usefixtures("container")
def test_a_tick_that_cannot_read_what_is_due_fails(log: Log) -> None:
    boto3.client("dynamodb").delete_table(TableName="palyra-local-jobs")
    with pytest.raises(Unavailable):
        cron_tick()
    assert log.messages() == ["the function failed"]
