from collections.abc import Callable

import boto3
import pytest

from chalicelib.background.task import TaskRef
from chalicelib.errors import InvalidSettings, Unavailable
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.incidents.store import IncidentStore
from tests.functions.invoke import dead_letter_high, dead_letter_low, dead_letter_normal, message
from tests.functions.log import Log
from tests.functions.metrics import Metrics
from tests.support.world import World

UNKNOWN = TaskRef("main#NOPE", "001795348800")
each_lane = pytest.mark.parametrize(
    ("lane", "bury"),
    [("high", dead_letter_high), ("normal", dead_letter_normal), ("low", dead_letter_low)],
)


def incidents(owner: str) -> list[RuntimeIncidentRecord]:
    return list(IncidentStore().active(owner, None, 100).items)


@pytest.mark.usefixtures("container")
@each_lane
def test_a_dead_letter_becomes_an_incident_of_its_lane(
    lane: str, bury: Callable[..., None]
) -> None:
    bury("garbage")
    (incident,) = incidents("system")
    assert incident.evidence["lane"] == lane


@pytest.mark.usefixtures("container")
def test_every_letter_of_a_batch_becomes_an_incident() -> None:
    dead_letter_normal("garbage", "rubbish", message(UNKNOWN))
    assert len(incidents("system")) == 2
    (incident,) = incidents("main")
    assert incident.dedupe_key == "NOPE-001795348800"


def test_a_letter_whose_task_has_not_ended_is_told_to_its_owner(container: World) -> None:
    job = container.job(owner="other")
    dead_letter_normal(message(container.ref(job, owner="other")))
    (incident,) = incidents("other")
    assert incident.evidence["state"] == "queued"


@pytest.mark.usefixtures("container")
def test_a_batch_that_is_delivered_again_counts_once() -> None:
    for _ in range(2):
        dead_letter_normal("garbage", "garbage")
    (incident,) = incidents("system")
    assert incident.count == 2


@pytest.mark.usefixtures("container")
def test_a_function_returns_nothing_that_could_delete_or_keep_a_letter() -> None:
    assert dead_letter_normal("garbage") is None


@pytest.mark.usefixtures("container")
def test_a_letter_that_cannot_be_written_down_is_delivered_again_and_keeps_no_other(
    log: Log,
) -> None:
    boto3.client("dynamodb").delete_table(TableName="palyra-local-work")
    with pytest.raises(Unavailable):
        dead_letter_normal(message(UNKNOWN), "garbage")
    kinds = sorted(incident.kind for incident in incidents("system"))
    assert kinds == ["function-failing", "unreadable-letter"]
    assert log.messages()[0] == "a dead letter stays"


@pytest.mark.usefixtures("container")
def test_no_letter_at_all_is_no_error() -> None:
    assert dead_letter_high() is None


@pytest.mark.usefixtures("container")
@each_lane
def test_dead_letters_are_measured_by_their_lane(
    lane: str, bury: Callable[..., None], metrics: Metrics
) -> None:
    bury("garbage", "rubbish")
    assert metrics(lane=lane) == [{"DeadLetters": 2.0}]


@pytest.mark.usefixtures("container")
def test_a_bad_setting_keeps_the_letters(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    with pytest.raises(InvalidSettings):
        dead_letter_normal("garbage")
    assert metrics() == [{"InvalidSettings": 1.0}]
