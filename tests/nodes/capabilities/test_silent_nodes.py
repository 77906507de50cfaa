"""A node that falls silent: it counts as work that was heard, and is an incident while paired."""

import pytest

from chalicelib.functions.wiring import capabilities as wiring
from tests.healing.ward import Ward
from tests.nodes.capabilities.helper import Helper


def beat(helper: Helper) -> None:
    assert helper.node.call("POST", "heartbeat", {"summary": "taking pictures"}).status == 200


def test_a_node_that_beats_counts_in_the_status(helper: Helper) -> None:
    assert helper.api.get("/v1/status").body["self_healing_heartbeat_count"] == 0
    beat(helper)
    assert helper.api.get("/v1/status").body["self_healing_heartbeat_count"] == 1


def test_a_silent_node_is_an_incident_until_it_beats_again(helper: Helper) -> None:
    ward = Ward(helper.world)
    beat(helper)
    ward.minute(9)
    assert ward.all() == []
    ward.minute(2)
    incident = ward.one("stale-heartbeat")
    assert incident.subject == f"channel_worker:{helper.node.id}"
    assert helper.api.get("/v1/status").body["self_healing_active_incidents"] == 1

    for _ in range(5):
        ward.minute(60)
    assert ward.one("stale-heartbeat").is_active
    beat(helper)
    ward.minute()
    assert not ward.one("stale-heartbeat").is_active


@pytest.mark.parametrize("kind", ["cli", "desktop"])
@pytest.mark.parametrize("mode", ["observe_only", "auto"])
def test_a_node_that_a_person_switches_off_is_no_incident_when_it_sleeps(
    helper: Helper, kind: str, mode: str
) -> None:
    ward = Ward(helper.world, {"healing_watchdog_mode": mode})
    helper.node = helper.gateway.node(kind=kind)
    beat(helper)
    for _ in range(6):
        ward.minute(11)
    ward.minute(6 * 24 * 60)
    assert [each.kind for each in ward.all() if each.kind == "stale-heartbeat"] == []
    heard = helper.api.get("/v1/heartbeats?kind=channel_worker").body["items"]
    assert [each["object_id"] for each in heard] == [helper.node.id]


def test_a_daemon_is_heard_among_many_that_sleep(helper: Helper) -> None:
    ward = Ward(helper.world)
    daemon = helper.node
    for _ in range(25):
        helper.node = helper.gateway.node(kind="cli")
        beat(helper)
    helper.move(seconds=1)
    helper.node = daemon
    beat(helper)
    ward.minute(11)
    assert ward.one("stale-heartbeat").subject == f"channel_worker:{daemon.id}"


def test_a_laptop_that_is_thrown_out_is_heard_no_more(helper: Helper) -> None:
    helper.node = helper.gateway.node(kind="cli")
    beat(helper)
    helper.gateway.revoke(helper.node)
    assert helper.api.get("/v1/status").body["self_healing_heartbeat_count"] == 0


def test_what_heals_by_itself_does_not_forget_a_node_that_is_paired(helper: Helper) -> None:
    ward = Ward(helper.world, {"healing_watchdog_mode": "auto"})
    beat(helper)
    for _ in range(6):
        ward.minute(11)

    incident = ward.one("stale-heartbeat")
    assert ward.attempts(incident) == [("clear_heartbeat", "failed")] * 3
    assert incident.is_active
    assert incident.is_escalated
    assert ward.heartbeats.count("main") == 1


def test_a_node_that_was_thrown_out_is_no_incident(helper: Helper) -> None:
    ward = Ward(helper.world)
    beat(helper)
    helper.gateway.revoke(helper.node)
    assert ward.heartbeats.count("main") == 0
    ward.minute(15)
    assert [each.kind for each in ward.all() if each.is_active] == []


def test_what_a_node_said_while_it_was_thrown_out_is_forgotten(helper: Helper) -> None:
    ward = Ward(helper.world)
    device = helper.gateway.device(helper.node)
    helper.gateway.revoke(helper.node)
    # It was let in before.
    wiring.dispatcher(helper.gateway.of).beat(device, "taking pictures")

    assert ward.minute(5)["heartbeats"] == 1
    ward.minute(10)
    assert [each.kind for each in ward.all() if each.is_active] == []


def test_the_incident_of_a_silent_node_ends_when_it_is_thrown_out(helper: Helper) -> None:
    ward = Ward(helper.world)
    beat(helper)
    ward.minute(11)
    assert ward.one("stale-heartbeat").is_active

    helper.gateway.revoke(helper.node)
    ward.minute()
    ward.minute()
    assert not ward.one("stale-heartbeat").is_active
