import json

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.looking import SweepAction
from chalicelib.errors import InvalidSettings
from tests.functions.invoke import HurriedContext, delivered, message, sweep
from tests.functions.log import Log
from tests.support.world import World


def test_a_sweep_sends_a_lost_message_again(container: World, log: Log) -> None:
    job = container.job(every="100s")
    container.at(5)
    assert sweep()["send"] == 1
    assert delivered() == [message(container.ref(job, 100 / 60))]
    assert log.messages()[-1] == "swept"


def test_a_sweep_that_finds_nothing_does_nothing(container: World) -> None:
    assert set(sweep().values()) == {0}
    assert container.messages() == 0


@pytest.mark.usefixtures("container")
def test_a_sweep_returns_a_count_of_each_thing_it_can_do() -> None:
    assert set(sweep()) == {*SweepAction, "broken", "heartbeats"}
    assert json.dumps(sweep())


def test_a_sweep_clears_the_heartbeats_that_dead_workers_left(container: World) -> None:
    update = WorkHeartbeatUpdate(
        owner="main", kind=WorkHeartbeatKind.BACKGROUND_TASK, object_id="GONE"
    )
    container.services.worker.heartbeats.record(update, container.clock.now())
    container.at(5)
    assert sweep()["heartbeats"] == 1


def test_a_sweep_stops_before_lambda_ends_it(container: World, log: Log) -> None:
    container.job(every="100s")
    container.at(5)
    assert sweep(HurriedContext(remaining_ms=9_000))["send"] == 0
    assert "the sweep ran out of time" in log.messages()


@pytest.mark.usefixtures("container")
def test_a_bad_setting_stops_the_sweep_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_SHARDS", "0")
    with pytest.raises(InvalidSettings, match="PALYRA_SHARDS"):
        sweep()
