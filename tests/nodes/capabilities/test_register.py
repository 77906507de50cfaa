"""What a node says that it can do."""

from typing import Any

import pytest

from tests.nodes.capabilities.helper import ALL, LOOK, TAKE, Helper


def fields(reply: Any) -> list[str]:
    return [error["field"] for error in reply.body["errors"]]


def test_what_a_node_registers_is_listed_and_granted_to_nobody(helper: Helper) -> None:
    assert helper.registered().status == 200
    listed = helper.api.get(helper.path("capabilities")).body
    assert [each["name"] for each in listed["items"]] == [each["name"] for each in ALL]
    assert not any(each["granted"] for each in listed["items"])
    assert listed["registered_at"] == "2026-11-22T12:00:00Z"


def test_a_node_that_said_nothing_can_do_nothing(helper: Helper) -> None:
    listed = helper.api.get(helper.path("capabilities")).body
    assert listed == {"registered_at": None, "items": []}


def test_what_is_registered_later_replaces_what_was(helper: Helper) -> None:
    helper.registered()
    helper.registered(LOOK)
    listed = helper.api.get(helper.path("capabilities")).body["items"]
    assert [each["name"] for each in listed] == ["disk.look"]


def test_the_same_again_is_not_a_new_registration(helper: Helper) -> None:
    helper.registered()
    helper.move(minutes=5)
    assert helper.registered().body["registered_at"] == "2026-11-22T12:00:00Z"


def test_a_heartbeat_makes_a_node_a_channel_worker_that_was_heard(helper: Helper) -> None:
    reply = helper.node.call("POST", "heartbeat", {"summary": "taking pictures"})
    assert (reply.status, reply.body) == (200, {"poll_after_seconds": 60})
    (beat,) = helper.api.get("/v1/heartbeats?kind=channel_worker").body["items"]
    assert (beat["object_id"], beat["summary"]) == (helper.node.id, "taking pictures")


@pytest.mark.parametrize(
    ("capability", "field"),
    [
        (TAKE | {"name": "Camera"}, "capabilities.0.name"),
        (TAKE | {"name": "a.b.c.d.e"}, "capabilities.0.name"),
        (TAKE | {"name": "camera/../take"}, "capabilities.0.name"),
        (TAKE | {"description": ""}, "capabilities.0.description"),
        (TAKE | {"description": "x" * 501}, "capabilities.0.description"),
        (TAKE | {"effect": "delete"}, "capabilities.0.effect"),
        (TAKE | {"idempotent": "yes"}, "capabilities.0.idempotent"),
        (TAKE | {"price": 1}, "capabilities.0.price"),
        (TAKE | {"arguments": {"type": "array"}}, "capabilities.0.arguments.type"),
        (TAKE | {"arguments": {}}, "capabilities.0.arguments.type"),
        (
            TAKE | {"arguments": {"type": "object", "$ref": "#/x"}},
            "capabilities.0.arguments.$ref",
        ),
        (
            TAKE | {"arguments": {"type": "object", "description": "x" * 5000}},
            "capabilities.0.arguments",
        ),
        (TAKE | {"description": "\ud800"}, "capabilities.0.description"),
    ],
)
def test_what_a_node_may_not_say_is_refused(
    helper: Helper, capability: dict[str, Any], field: str
) -> None:
    reply = helper.registered(capability)
    assert (reply.status, fields(reply)) == (422, [field])
    assert helper.api.get(helper.path("capabilities")).body["items"] == []


def test_a_name_is_said_once(helper: Helper) -> None:
    reply = helper.registered(TAKE, TAKE)
    assert (reply.status, fields(reply)) == (422, ["capabilities.1.name"])


def test_there_are_64_capabilities_at_most(helper: Helper) -> None:
    many = [TAKE | {"name": f"camera.take{number}"} for number in range(65)]
    assert fields(helper.registered(*many)) == ["capabilities"]
    assert helper.registered(*many[:64]).status == 200


def test_all_capabilities_together_have_64_kilobytes_at_most(helper: Helper) -> None:
    schema = {"type": "object", "description": "x" * 3_900}
    many = [TAKE | {"name": f"camera.take{number}", "arguments": schema} for number in range(20)]
    assert fields(helper.registered(*many)) == ["capabilities"]


def test_a_description_that_holds_a_secret_is_refused(helper: Helper) -> None:
    secret = "AKIA" + "QZ7WX2RN5TKD4VBM"
    reply = helper.registered(TAKE | {"description": f"use {secret}"})
    assert reply.status == 422
    assert secret not in str(reply.body)


def test_only_the_node_itself_says_what_it_can(helper: Helper) -> None:
    other = helper.gateway.node()
    path = helper.node.path("register")
    reply = helper.gateway.call("POST", path, {"capabilities": []}, certificate=other.der)
    assert reply.status == 403
    assert helper.gateway.call("POST", path, {"capabilities": []}, certificate=None).status == 401
