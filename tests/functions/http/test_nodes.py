"""`/v1/nodes` and `/v1/node-authority`: what operators see of nodes and do with them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.nodes.authority.remote import RemoteIssuer
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role, assert_problem
from tests.nodes.gateway import Gateway, Node


def test_a_node_is_shown(api: Api, node: Node) -> None:
    shown = api.get(f"/v1/nodes/{node.id}").body
    assert (shown["id"], shown["state"], shown["kind"]) == (node.id, "active", "daemon")
    assert (shown["label"], shown["fingerprint"]) == ("garage pi", node.fingerprint)
    assert shown["expires_at"] == "2026-11-23T12:00:00Z"


def test_nodes_are_listed_in_pages_of_their_owner(api: Api, gateway: Gateway) -> None:
    nodes = sorted(gateway.node().id for _ in range(3))
    gateway.node("stranger")
    pages = [[each["id"] for each in page] for page in api.pages("/v1/nodes", 2)]
    assert pages == [nodes[:2], nodes[2:]]


def test_certificates_are_listed_in_pages(api: Api, node: Node) -> None:
    following = node.renewed()
    assert following.whoami().status == 200
    pages = list(api.pages(f"/v1/nodes/{node.id}/certificates", 1))
    found = {each["fingerprint"]: each["state"] for page in pages for each in page}
    assert found == {node.fingerprint: "superseded", following.fingerprint: "active"}


def test_no_answer_holds_a_private_key(api: Api, node: Node) -> None:
    for path in (f"/v1/nodes/{node.id}", f"/v1/nodes/{node.id}/certificates", "/v1/node-authority"):
        assert "PRIVATE" not in str(api.get(path).body)


def test_a_node_is_thrown_out_at_once(api: Api, node: Node) -> None:
    reply = api.post(f"/v1/nodes/{node.id}/revoke", {"reason": "lost in the train"})
    assert (reply.status, reply.body["state"]) == (200, "revoked")
    assert reply.body["reason"] == "lost in the train"
    assert node.whoami().status == 403


def test_throwing_out_ten_times_is_told_once(api: Api, node: Node) -> None:
    replies = [api.send("POST", f"/v1/nodes/{node.id}/revoke") for _ in range(10)]
    assert all(reply.body == replies[0].body for reply in replies)
    assert len(api.world.events("node.revoked")) == 1


def test_only_what_was_thrown_out_is_cleared(api: Api, node: Node) -> None:
    assert_problem(api.post(f"/v1/nodes/{node.id}/clear", {}), 409)
    api.post(f"/v1/nodes/{node.id}/revoke", {})
    assert api.post(f"/v1/nodes/{node.id}/clear", {}).body["state"] == "cleared"
    assert node.whoami().status == 403


class TestRotation:
    def test_a_node_is_asked_once_until_it_has_renewed(self, api: Api, node: Node) -> None:
        usual = node.whoami().body
        api.world.clock.move(timedelta(hours=1))
        asked = api.send("POST", f"/v1/nodes/{node.id}/rotate")
        api.world.clock.move(timedelta(minutes=1))

        again = api.post(f"/v1/nodes/{node.id}/rotate", {})

        assert (asked.status, asked.body["rotation_asked_at"]) == (200, "2026-11-22T13:00:00Z")
        assert again.body == asked.body
        assert len(api.world.events("node.rotation_asked")) == 1
        told = node.whoami().body
        assert (usual["renew_now"], told["renew_now"]) == (False, True)
        assert told["renew_from"] == "2026-11-22T13:00:00Z"

    def test_its_next_certificate_is_the_end_of_it(self, api: Api, node: Node) -> None:
        api.send("POST", f"/v1/nodes/{node.id}/rotate")
        following = node.renewed()
        assert node.whoami().body["renew_now"]

        assert following.whoami().body["renew_now"] is False

        shown = api.get(f"/v1/nodes/{node.id}").body
        assert (shown["rotation_asked_at"], shown["generation"]) == (None, 2)

    def test_a_certificate_from_before_the_question_is_no_answer(
        self, api: Api, node: Node
    ) -> None:
        before = node.renewed()
        api.world.clock.move(timedelta(seconds=1))
        api.send("POST", f"/v1/nodes/{node.id}/rotate")

        assert before.whoami().body["renew_now"]
        assert before.renewed().whoami().body["renew_now"] is False

    def test_what_is_late_for_half_of_its_life_stays_late(self, api: Api, node: Node) -> None:
        api.world.clock.move(timedelta(hours=13))
        usual = node.whoami().body["renew_from"]
        api.send("POST", f"/v1/nodes/{node.id}/rotate")
        assert node.whoami().body["renew_from"] == usual

    def test_only_what_can_renew_is_asked(self, api: Api, node: Node) -> None:
        path = f"/v1/nodes/{node.id}/rotate"
        assert_problem(api.post(path, {"reason": "x"}), 422, "reason")
        api.world.clock.move(timedelta(hours=25))
        assert "ended" in assert_problem(api.post(path, {}), 409)["detail"]
        api.post(f"/v1/nodes/{node.id}/revoke", {})
        assert "revoked" in assert_problem(api.post(path, {}), 409)["detail"]
        api.post(f"/v1/nodes/{node.id}/clear", {})
        assert_problem(api.post(path, {}), 409)

    def test_who_is_thrown_out_is_asked_nothing_more(self, api: Api, node: Node) -> None:
        api.send("POST", f"/v1/nodes/{node.id}/rotate")
        assert api.post(f"/v1/nodes/{node.id}/revoke", {}).body["rotation_asked_at"] is None


def test_a_reason_must_be_one(api: Api, node: Node) -> None:
    path = f"/v1/nodes/{node.id}/revoke"
    assert_problem(api.post(path, {"reason": ""}), 422, "reason")
    assert_problem(api.post(path, {"reason": "x" * 1_000}), 422, "reason")
    assert_problem(api.post(path, {"why": "x"}), 422, "why")
    secret = "ghp_" + "a" * 36
    assert_problem(api.post(path, {"reason": secret}), 422, "reason")
    assert node.whoami().status == 200


@pytest.mark.parametrize("device_id", ["01JDABCDEFGHJKMNPQRSTVWXYZ", "x", "01jd", "..", "A" * 200])
def test_there_is_no_other_node(api: Api, device_id: str) -> None:
    assert_problem(api.get(f"/v1/nodes/{device_id}"), 404)
    assert_problem(api.get(f"/v1/nodes/{device_id}/certificates"), 404)
    for verb in ("revoke", "clear", "rotate"):
        assert_problem(api.post(f"/v1/nodes/{device_id}/{verb}", {}), 404)


def test_another_owners_node_is_none(api: Api, gateway: Gateway) -> None:
    theirs = gateway.node("stranger")
    assert_problem(api.get(f"/v1/nodes/{theirs.id}"), 404)
    assert_problem(api.post(f"/v1/nodes/{theirs.id}/revoke", {}), 404)
    assert theirs.whoami().status == 200


def test_who_may_do_what(api: Api, node: Node) -> None:
    path = f"/v1/nodes/{node.id}"
    assert as_role(api, Role.VIEWER, "GET", path).status == 200
    assert as_role(api, Role.VIEWER, "POST", f"{path}/rotate").status == 403
    assert as_role(api, Role.OPERATOR, "POST", f"{path}/rotate").status == 200
    assert as_role(api, Role.VIEWER, "POST", f"{path}/revoke").status == 403
    assert as_role(api, Role.OPERATOR, "POST", f"{path}/revoke").status == 200
    assert as_role(api, Role.OPERATOR, "POST", f"{path}/clear").status == 403
    assert as_role(api, Role.ADMIN, "POST", f"{path}/clear").status == 200
    for step in ("prepare", "switch"):
        reply = as_role(api, Role.OPERATOR, "POST", f"/v1/node-authority/{step}")
        assert reply.status == 403


def parts(told: Any) -> list[str]:
    return [each["part"] for each in told["authorities"]]


class TestTheAuthority:
    def test_it_is_made_when_somebody_asks(self, api: Api) -> None:
        first = api.get("/v1/node-authority").body
        assert first == api.get("/v1/node-authority").body
        assert first["gateway_id"].startswith("gw-")

    def test_it_is_rolled_over_in_two_steps(self, api: Api, node: Node) -> None:
        before = api.get("/v1/node-authority").body
        assert_problem(api.send("POST", "/v1/node-authority/switch"), 409)
        assert parts(before) == ["signing"]
        prepared = api.send("POST", "/v1/node-authority/prepare").body
        assert prepared["public_key_sha256"] == before["public_key_sha256"]
        assert parts(prepared) == ["signing", "prepared"]
        assert api.get("/v1/node-authority").body == prepared
        after = api.send("POST", "/v1/node-authority/switch").body
        assert parts(after) == ["signing", "retiring"]
        assert [each["trusted_until"] for each in after["authorities"]] == [
            None,
            "2026-11-24T12:00:00Z",
        ]
        assert after["authorities"][0]["public_key_sha256"] == after["public_key_sha256"]
        assert after["gateway_id"] == before["gateway_id"]
        assert after["public_key_sha256"] != before["public_key_sha256"]
        assert node.whoami().status == 200
        api.world.clock.move(timedelta(hours=48))
        assert parts(api.get("/v1/node-authority").body) == ["signing"]

    @pytest.mark.usefixtures("node")
    def test_it_is_not_for_admins_of_other_owners(self, api: Api) -> None:
        for step in ("prepare", "switch"):
            reply = api.post(f"/v1/node-authority/{step}", {}, owner="stranger")
            assert_problem(reply, 403)

    def test_nobody_learns_of_it_without_the_issuer(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RemoteIssuer, "_invoke", lambda *_, **__: {"FunctionError": "x"})
        assert_problem(api.get("/v1/node-authority"), 503)
