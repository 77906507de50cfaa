"""What operators let nodes do."""

from chalicelib.policy.request import Role
from tests.functions.http.api import assert_problem
from tests.nodes.capabilities.helper import LOOK, TAKE, Helper


def test_a_capability_that_nobody_granted_is_not_used(helper: Helper) -> None:
    helper.registered()
    problem = assert_problem(helper.invoke(), 403)
    assert problem["detail"].startswith("capability.not_granted")
    assert helper.found() == []


def test_a_granted_capability_is_used(helper: Helper) -> None:
    helper.granted("camera.take")
    request = helper.asked()
    assert helper.found() == [request]


def test_a_grant_is_journaled_once_however_often_it_is_given(helper: Helper) -> None:
    helper.granted("camera.take")
    helper.move(minutes=1)
    assert helper.grant("camera.take").body["granted_at"] == "2026-11-22T12:00:00Z"
    (event,) = helper.world.events("node.capability_granted")
    assert '"capability":"camera.take"' in event.content


def test_a_grant_taken_back_is_journaled_and_ends(helper: Helper) -> None:
    helper.granted("camera.take")
    assert helper.revoke_grant("camera.take").status == 200
    assert helper.revoke_grant("camera.take").status == 200
    assert_problem(helper.invoke(), 403)
    assert len(helper.world.events("node.capability_revoked")) == 1


def test_a_grant_is_for_what_was_declared(helper: Helper) -> None:
    helper.granted("disk.look")
    helper.registered(LOOK | {"effect": "write"})
    assert not helper.api.get(helper.path("capabilities")).body["items"][0]["granted"]
    assert_problem(helper.invoke("disk.look"), 403)


def test_another_description_leaves_a_grant_as_it_is(helper: Helper) -> None:
    helper.granted("disk.look")
    helper.registered(LOOK | {"description": "Look closely."})
    helper.asked("disk.look")


def test_nothing_is_granted_that_was_declared_since_it_was_seen(helper: Helper) -> None:
    helper.registered(TAKE)
    (seen,) = helper.api.get(helper.path("capabilities")).body["items"]
    helper.registered(TAKE | {"idempotent": True})
    reply = helper.grant("camera.take", terms_sha256=seen["terms_sha256"])
    assert_problem(reply, 409, "terms_sha256")


def test_only_an_admin_grants(helper: Helper) -> None:
    helper.registered()
    for role in (Role.VIEWER, Role.OPERATOR):
        assert_problem(helper.as_role(role, "capabilities/camera.take/grant", {}), 403)


def test_an_operator_takes_a_grant_back_and_a_viewer_does_not(helper: Helper) -> None:
    helper.granted("camera.take")
    path = "capabilities/camera.take/revoke"
    assert_problem(helper.as_role(Role.VIEWER, path, {}), 403)
    assert helper.as_role(Role.OPERATOR, path, {}).status == 200


def test_a_viewer_asks_nothing_of_a_node(helper: Helper) -> None:
    helper.granted("camera.take")
    asked = {"capability": "camera.take", "arguments": {"width": 1}}
    assert_problem(helper.as_role(Role.VIEWER, "invoke", asked), 403)


def test_a_policy_forbids_what_was_granted(helper: Helper) -> None:
    helper.granted("camera.take")
    text = '@id("no-pictures") forbid (principal, action == Action::"use_capability", resource);'
    assert helper.api.post("/v1/policies", {"text": text}).status == 201
    assert helper.api.send("POST", "/v1/policies/1/activate").status == 200
    problem = assert_problem(helper.invoke(), 403)
    assert problem["detail"].startswith("policy.forbidden")


def test_what_does_not_exist_is_not_granted(helper: Helper) -> None:
    assert_problem(helper.grant("camera.take"), 404, "capability")
    assert_problem(helper.grant("Camera..take"), 404)
    assert_problem(helper.revoke_grant("camera.take"), 404, "capability")


def test_a_device_that_was_thrown_out_is_granted_nothing(helper: Helper) -> None:
    helper.registered()
    helper.gateway.revoke(helper.node)
    assert_problem(helper.grant("camera.take"), 409)


def test_a_device_that_was_paired_anew_may_do_nothing(helper: Helper) -> None:
    helper.granted("camera.take")
    helper.gateway.revoke(helper.node)
    helper.gateway.clear(helper.node)
    again = helper.gateway.node(device_id=helper.node.id)
    assert helper.registered(node=again).status == 200
    listed = helper.api.get(helper.path("capabilities")).body["items"]
    assert not any(each["granted"] for each in listed)
    assert_problem(helper.invoke(), 403)


def test_another_owner_sees_and_grants_nothing(helper: Helper) -> None:
    helper.granted("camera.take")
    other = {"owner": "other"}
    assert_problem(helper.api.get(helper.path("capabilities"), **other), 404)
    asked = {"capability": "camera.take", "arguments": {"width": 1}}
    assert_problem(helper.api.post(helper.path("invoke"), asked, **other), 404)
    path = helper.path("capabilities/camera.take/grant")
    assert_problem(helper.api.post(path, {}, **other), 404)
