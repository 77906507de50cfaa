from collections.abc import Callable
from datetime import datetime, timedelta

import boto3
import pytest

from chalicelib.background.task import State, TaskRef
from chalicelib.background.worker import Worker
from chalicelib.errors import InvalidSettings, Unavailable
from tests.functions.invoke import (
    HurriedContext,
    message,
    worker_high,
    worker_low,
    worker_normal,
)
from tests.functions.log import Log
from tests.functions.metrics import Metrics
from tests.support.world import World

type Handled = list[tuple[str, datetime]]

LANES = {"high": worker_high, "normal": worker_normal, "low": worker_low}
each_lane = pytest.mark.parametrize(("lane", "work"), LANES.items(), ids=LANES)


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Handled:
    """The lane and the last instant of every message that reached a worker."""
    found: Handled = []
    handle = Worker.handle

    def noted(worker: Worker, ref: TaskRef, stop_at: datetime) -> None:
        found.append((worker.lane, stop_at))
        handle(worker, ref, stop_at)

    monkeypatch.setattr(Worker, "handle", noted)
    return found


def test_a_worker_carries_out_the_task_of_a_message(container: World) -> None:
    job = container.job()
    container.at(1)
    worker_normal(message(container.ref(job)))
    assert container.task(container.ref(job)).state is State.SUCCEEDED


def test_a_worker_returns_nothing_that_could_delete_or_keep_a_message(container: World) -> None:
    job = container.job()
    container.at(1)
    assert worker_normal(message(container.ref(job))) is None


def test_a_message_delivered_twice_has_one_effect(container: World) -> None:
    job = container.job()
    container.at(1)
    for _ in range(2):
        worker_normal(message(container.ref(job)))
    assert container.task(container.ref(job)).token == 1
    assert len(container.events("run.finished")) == 1


def test_a_message_that_makes_no_sense_does_not_stop_the_next_one(container: World) -> None:
    job = container.job()
    container.at(1)
    worker_normal("garbage", message(container.ref(job)))
    assert container.task(container.ref(job)).state is State.SUCCEEDED


@pytest.mark.usefixtures("container")
def test_a_message_that_points_to_no_task_is_dropped_with_a_word(log: Log) -> None:
    worker_normal(message(TaskRef("main#NOPE", "001795348800")))
    assert log.messages() == ["the message points to no task"]


def test_a_failed_attempt_is_the_tasks_matter_and_not_the_functions(
    container: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_RUNS_MAX_STEPS", "2")
    job = container.job()
    container.at(1)
    worker_normal(message(container.ref(job)))
    assert "the attempt failed" in log.about(container.ref(job).run_id)
    task = container.task(container.ref(job))
    assert (task.state, task.attempt) == (State.QUEUED, 1)


def test_infrastructure_that_fails_fails_the_function(container: World, log: Log) -> None:
    job = container.job()
    container.at(1)
    boto3.client("dynamodb").delete_table(TableName="palyra-local-runs")
    with pytest.raises(Unavailable):
        worker_normal(message(container.ref(job)))
    assert log.messages()[-1] == "the function failed"
    assert container.task(container.ref(job)).state is State.RUNNING


def test_every_line_about_a_slot_carries_the_id_of_its_run(
    container: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_RUNS_MAX_STEPS", "2")
    job = container.job()
    container.at(1)
    log.forget()
    worker_normal(message(container.ref(job)))
    assert {line["correlation_id"] for line in log.lines()} == {container.ref(job).run_id}


def test_the_next_invocation_does_not_carry_the_id_of_the_last_run(
    container: World, log: Log
) -> None:
    container.at(1)
    worker_normal(message(TaskRef("main#NOPE", "001795348800")))
    worker_normal("garbage")
    first, second = log.lines()
    assert first["correlation_id"] == "NOPE-001795348800"
    assert "correlation_id" not in second


@each_lane
def test_each_lane_has_a_worker_that_knows_its_lane(
    container: World, handled: Handled, lane: str, work: Callable[..., None]
) -> None:
    job = container.job()
    container.at(1)
    work(message(container.ref(job)))
    assert [of for of, _ in handled] == [lane]
    assert container.task(container.ref(job)).state is State.SUCCEEDED


def test_a_worker_stops_twenty_seconds_before_lambda_ends_it(
    container: World, handled: Handled
) -> None:
    hurried = HurriedContext(remaining_ms=90_500)
    worker_normal(message(TaskRef("main#NOPE", "001795348800")), context=hurried)
    assert handled == [("normal", container.clock.now() + timedelta(seconds=70.5))]


def test_a_worker_that_nobody_hurries_has_its_whole_timeout(
    container: World, handled: Handled
) -> None:
    worker_normal(message(TaskRef("main#NOPE", "001795348800")))
    assert handled == [("normal", container.clock.now() + timedelta(seconds=280))]


def test_a_bad_setting_keeps_the_messages_of_a_lane(
    container: World, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = container.job()
    container.at(1)
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    with pytest.raises(InvalidSettings):
        worker_normal(message(container.ref(job)))
    assert metrics() == [{"InvalidSettings": 1.0}]
