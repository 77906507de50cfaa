import json
import os

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.looking import SweepAction
from chalicelib.background.rows import WorkRow
from chalicelib.background.service import TaskDraft
from chalicelib.functions.wiring.container import container as of
from chalicelib.functions.wiring.pairing import pairing
from chalicelib.nodes.pairing.handshake import Begin
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from chalicelib.nodes.pairing.session import Origin
from chalicelib.runs.prompt import KIND
from cli.node.handshake import Device, Handshake, Told, unwritten
from tests.functions.invoke import HurriedContext, delivered, message, sweep
from tests.functions.log import Log
from tests.functions.metrics import Metrics
from tests.support.tasks import OPERATOR, abandoned
from tests.support.world import MINUTE, World

OWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


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
    healed = {f"incidents_{each}" for each in ("resolve", "remedy", "skip", "escalate", "broken")}
    rest = {"approvals", "broken", "heartbeats", "late_seals", "faults", "oldest_unbegun_seconds"}
    nodes = {"pairings", "node_requests", "ending_certificates", "authorities"}
    assert set(sweep()) == {*SweepAction, *rest, *healed, *nodes}
    assert json.dumps(sweep())


def test_a_sweep_clears_the_heartbeats_that_dead_workers_left(container: World) -> None:
    update = WorkHeartbeatUpdate(
        owner="main", kind=WorkHeartbeatKind.BACKGROUND_TASK, object_id="GONE"
    )
    container.services.worker.heartbeats.record(update, container.clock.now())
    container.at(5)
    assert sweep()["heartbeats"] == 1


def test_a_sweep_ends_the_pairings_whose_time_has_passed(container: World) -> None:
    codes, shape = pairing(of()).codes, (PairingMethod.PIN, ClientKind.CLI)
    code = codes.mint("main", OPERATOR, NewCode(*shape, MINUTE, "", "https://sim")).code
    other = codes.mint("main", OPERATOR, NewCode(*shape, MINUTE, "", "https://sim"))
    told = Told("pin", other.code.id, (other.pin or "").encode())
    said = Handshake(told, Device(OWN_ID, "cli", bytes(32)), os.urandom).begin()
    begin = Begin(other.code.id, *shape, OWN_ID, bytes(32), unwritten(said["msg_a"]))
    pairing(of()).handshake.begin(begin, Origin("203.0.113.7"))
    assert sweep()["pairings"] == 0
    container.at(2)
    assert sweep()["pairings"] == 3
    stored = codes.store.code(code.id)
    assert stored is not None
    assert (stored.code.state, stored.secret) == ("dead", None)
    assert len(container.events("pairing.expired")) == 1
    assert sweep()["pairings"] == 0


def test_a_sweep_stops_before_lambda_ends_it(container: World, log: Log) -> None:
    container.job(every="100s")
    container.at(5)
    assert sweep(HurriedContext(remaining_ms=9_000))["send"] == 0
    assert "the sweep ran out of time" in log.messages()


@pytest.mark.usefixtures("container")
def test_under_a_bad_setting_a_sweep_does_nothing_and_names_it(
    monkeypatch: pytest.MonkeyPatch, log: Log, metrics: Metrics
) -> None:
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    assert sweep() == {}
    (line,) = log.lines()
    assert line["settings"] == ["PALYRA_SCHEDULER_SHARDS"]
    assert metrics() == [{"InvalidSettings": 1.0}]


def test_a_sweep_measures_what_it_could_not_look_after(container: World, metrics: Metrics) -> None:
    job = container.job()
    WorkRow(*container.ref(job)).update([WorkRow.state.set("no.such.state")])
    container.at(5)
    sweep()
    (told,) = metrics()
    assert (told["SweptBroken"], told["SweptFailed"], told["LateSeals"]) == (1.0, 0.0, 0.0)


def test_a_sweep_measures_the_tasks_whose_last_lease_ended(
    container: World, metrics: Metrics
) -> None:
    services = container.services
    draft = TaskDraft(kind=KIND, payload={"prompt": "Summarize health"}, max_attempts=1)
    abandoned(container, services.tasks.create("main", OPERATOR, draft).task.ref)
    sweep()
    assert metrics() == [
        {
            "SweptBroken": 0.0,
            "SweptFailed": 1.0,
            "LateSeals": 0.0,
            "OldestUnbegunSlotAgeSeconds": 0.0,
        }
    ]


def test_a_sweep_measures_how_long_no_worker_takes_a_slot(
    container: World, metrics: Metrics
) -> None:
    container.job(every="100s")
    container.at(5)
    sweep()
    # The slot of 100 s; that of 200 s is looked at when its message is late.
    assert metrics()[0]["OldestUnbegunSlotAgeSeconds"] == 200.0
