"""Devices that slept over the end of their certificates: real TLS finds it ended, and they return.

The cloud's clock is a day behind when they are paired, so that what it signs has a minute to live.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.deployed.cloud import eventually
from tests.deployed.device import NUMBER, ONCE, RUNNING, Device, Operator
from tests.deployed.driver import Item
from tests.deployed.moving import HOUR, MovedCloud

LIFE = timedelta(hours=24)
LEFT = timedelta(seconds=75)
DENIED = 4
LOG = "run.log"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedCloud]:
    own = MovedCloud(tmp_path_factory.mktemp("behind"))
    try:
        own.move_to(datetime.now(UTC) - LIFE - HOUR)
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="module")
def operator(cloud: MovedCloud) -> Operator:
    return Operator.of(cloud)


@pytest.fixture(scope="module")
def asleep(
    cloud: MovedCloud, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Device]]:
    """Devices whose certificates have ended, for TLS and for the gateway."""
    cloud.move_to(datetime.now(UTC) - LIFE + LEFT)
    made = [Device(cloud=cloud, folder=tmp_path_factory.mktemp("asleep")) for _ in range(4)]
    for each in made:
        each.pair(operator)
        each.can(**{ONCE: False})
    ends = max(datetime.fromisoformat(operator.node(each.id)["expires_at"]) for each in made)
    eventually(lambda: datetime.now(UTC) > ends, seconds=LEFT.total_seconds() + 60, pause=1)
    cloud.move_to(datetime.now(UTC))
    yield made
    for each in made:
        each.remove()


def started(device: Device, word: str) -> str:
    """Start the node, and wait until it says something."""
    device._running = device.started("run", str(device.folder / "capabilities"), output=LOG)
    return device.told(LOG, word, device._running)


def approve(operator: Operator, request: Item) -> None:
    """Let a device come back, as an operator does with one click."""
    said = {
        "version": request["version"],
        "identity_fingerprint": request["verified"]["identity_fingerprint"],
    }
    answer = operator.owner.post(f"/v1/pairing/requests/{request['request_id']}/approve", said)
    assert answer.status_code == 200, answer.text


def test_a_node_comes_back_by_itself_however_often_it_is_killed(
    operator: Operator, asleep: list[Device]
) -> None:
    device, before = asleep[0], asleep[0].credential.read_text()
    started(device, "waiting")
    request = operator.waiting(device.label)
    assert request["verified"]["method"] == "recovery"

    device.kill_9()
    started(device, "waiting")
    assert operator.waiting(device.label)["request_id"] == request["request_id"]
    approve(operator, request)
    device.kill_9()
    started(device, RUNNING)

    assert "ended" in device.printed()
    assert device.credential.read_text() != before
    assert device.whoami().status_code == 200
    assert operator.node(device.id)["state"] == "active"
    assert sorted(operator.certificates(device.id).values()) == ["active", "revoked"]
    operator.grant(device.id, ONCE)
    asked = operator.ask(device.id, ONCE, arguments={"say": "awake"})
    eventually(lambda: operator.found(device.id, asked)["state"] == "succeeded", seconds=100)
    assert device.stop() == 0


def test_a_rejection_ends_the_node(
    operator: Operator, asleep: list[Device], tmp_path: Path
) -> None:
    device = asleep[1]
    started(device, "waiting")
    request = operator.waiting(device.label)
    said = {"version": request["version"], "reason": f"not the one in {tmp_path.name}"}

    where = f"/v1/pairing/requests/{request['request_id']}/reject"
    assert operator.owner.post(where, said).status_code == 200

    assert device.ended() == DENIED
    assert "rejected" in device.printed()


def test_a_person_brings_a_device_back_without_saying_where_the_gateway_is(
    operator: Operator, asleep: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    device = asleep[2]
    home = {"PALYRA_NODE_HOME": str(device.home), "PATH": "/usr/bin:/bin"}
    monkeypatch.setattr(Device, "environment", home)
    process = device.started("recover", output="recover.log")
    device.told("recover.log", NUMBER, process)
    approve(operator, operator.waiting(device.label))
    assert process.wait(90) == 0, device.printed("recover.log")
    assert f"paired  {device.id}" in device.printed("recover.log")


def test_one_that_was_revoked_while_it_slept_stays_out(
    operator: Operator, asleep: list[Device]
) -> None:
    device = asleep[3]
    operator.revoke(device.id)
    device._running = device.started("run", str(device.folder / "capabilities"), output=LOG)
    assert device.ended() == DENIED
    assert "pair this device again" in device.printed()
