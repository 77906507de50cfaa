"""`palyra nodes` and `palyra authority`: what an admin sees of nodes, and does with them."""

import json
from typing import Any

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from tests.cli.keyboard import typing
from tests.cli.terminal import Terminal
from tests.functions.http.heartbeats import beat
from tests.nodes.gateway import ORIGIN, Gateway, Node
from tests.support.world import MINUTE


@pytest.fixture
def gateway(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
    return Gateway(terminal.api.world)


@pytest.fixture
def node(gateway: Gateway) -> Node:
    return gateway.node()


def found(terminal: Terminal, node: Node) -> Any:
    return terminal.api.get(f"/v1/nodes/{node.id}").body


class TestSeeing:
    def test_a_list_says_what_each_is_and_when_it_was_heard_of(
        self, terminal: Terminal, node: Node
    ) -> None:
        beat(terminal.api, node.id, WorkHeartbeatKind.CHANNEL_WORKER)

        _, line = terminal.run("nodes", "list").out.splitlines()

        ends, seen = "2026-11-23T12:00:00Z", "2026-11-22T12:00:00Z"
        assert line.split() == [node.id, "active", "daemon", ends, seen, "garage", "pi", "-"]

    def test_json_is_the_apis_own(self, terminal: Terminal, node: Node) -> None:
        listed = json.loads(terminal.run("nodes", "list", "--json").out)
        shown = json.loads(terminal.run("nodes", "show", node.id, "--json").out)
        assert listed["items"] == [shown] == [found(terminal, node)]

    def test_without_any_nothing_is_data(self, terminal: Terminal) -> None:
        ended = terminal.run("nodes", "list")
        assert (ended.code, ended.out, ended.err) == (0, "", "no nodes\n")

    def test_all_are_listed_however_many(self, terminal: Terminal, gateway: Gateway) -> None:
        nodes = sorted(gateway.node().id for _ in range(3))
        some = terminal.run("nodes", "list", "--limit", "2")
        every = terminal.run("nodes", "list", "--all").out.splitlines()[1:]
        assert "there are more" in some.err
        assert [line.split()[0] for line in every] == nodes

    def test_one_is_shown(self, terminal: Terminal, node: Node) -> None:
        told = terminal.run("nodes", "show", node.id, columns=120).out
        for text in (node.id, "● active", "garage pi", node.fingerprint, "in 1 d"):
            assert text in told
        assert "asked to rotate" not in told

    def test_one_that_is_silent_is_offline_since(self, terminal: Terminal, node: Node) -> None:
        beat(terminal.api, node.id, WorkHeartbeatKind.CHANNEL_WORKER)
        assert "heard of" in terminal.run("nodes", "show", node.id, columns=120).out
        terminal.api.world.clock.move(11 * MINUTE)
        told = terminal.run("nodes", "show", node.id, columns=120).out
        assert "offline since  11 m ago" in told

    def test_its_certificates_are_listed_the_newest_first(
        self, terminal: Terminal, node: Node
    ) -> None:
        following = node.renewed()
        assert following.whoami().status == 200

        _, new, old = terminal.run("nodes", "certificates", node.id).out.splitlines()

        assert new.split()[:3] == ["active", "renewal", "2"]
        assert old.split()[:3] == ["superseded", "pairing", "1"]
        assert new.endswith(following.fingerprint)
        page = json.loads(terminal.run("nodes", "certificates", node.id, "--json").out)
        assert {each["generation"] for each in page["items"]} == {1, 2}

    def test_there_is_no_other_node(self, terminal: Terminal) -> None:
        assert terminal.run("nodes", "show", "01JDABCDEFGHJKMNPQRSTVWXYZ").code == 3
        assert terminal.run("nodes", "show", "../jobs").code == 2


class TestThrowingOut:
    @pytest.mark.parametrize(("word", "code", "state"), [("y", 0, "revoked"), ("n", 1, "active")])
    def test_a_person_is_asked_first(
        self,
        terminal: Terminal,
        node: Node,
        monkeypatch: pytest.MonkeyPatch,
        word: str,
        code: int,
        state: str,
    ) -> None:
        typing(monkeypatch, word)

        ended = terminal.run("nodes", "revoke", node.id, "--reason", "lost in the train")

        assert ended.code == code
        assert "Throw out garage pi (daemon, active)? [y/N]" in ended.err
        assert found(terminal, node)["state"] == state
        assert node.whoami().status == (200 if word == "n" else 403)

    def test_a_script_says_that_it_is_sure(self, terminal: Terminal, node: Node) -> None:
        assert terminal.run("nodes", "revoke", node.id).code == 2
        assert node.whoami().status == 200

        ended = terminal.run("nodes", "revoke", node.id, "--yes", "--reason", "lost")

        assert (ended.code, ended.out) == (0, f"{node.id}  revoked  lost\n")
        assert node.whoami().status == 403

    def test_what_was_thrown_out_is_let_in_again(self, terminal: Terminal, node: Node) -> None:
        assert terminal.run("nodes", "clear", node.id).code == 5
        terminal.run("nodes", "revoke", node.id, "--yes")

        ended = terminal.run("nodes", "clear", node.id, "--reason", "found again")

        assert (ended.code, ended.out) == (0, f"{node.id}  cleared  found again\n")


class TestRotation:
    def test_a_node_is_asked_to_renew(self, terminal: Terminal, node: Node) -> None:
        ended = terminal.run("nodes", "rotate", node.id)

        assert ended.code == 0
        assert ended.out.startswith(f"{node.id}  active  asked to rotate")
        assert node.whoami().body["renew_now"]
        assert "asked to rotate" in terminal.run("nodes", "show", node.id, columns=120).out

    def test_it_is_waited_for(self, terminal: Terminal, node: Node) -> None:
        def renew(seconds: float) -> None:
            terminal.api.world.clock.move(MINUTE * seconds / 60)
            if len(terminal.waits) == 3:
                assert node.renewed().whoami().status == 200

        terminal.while_waiting = renew

        ended = terminal.run("nodes", "rotate", node.id, "--watch")

        assert (ended.code, ended.out) == (0, f"{node.id}  active  garage pi\n")
        assert found(terminal, node)["generation"] == 2
        assert len(terminal.waits) == 3

    def test_the_waiting_ends_in_time(self, terminal: Terminal, node: Node) -> None:
        assert terminal.run("nodes", "rotate", node.id, "--watch", "--timeout", "5").code == 69

    def test_who_is_thrown_out_meanwhile_did_not_rotate(
        self, terminal: Terminal, gateway: Gateway, node: Node
    ) -> None:
        def revoke(_seconds: float) -> None:
            gateway.revoke(node)

        terminal.while_waiting = revoke

        ended = terminal.run("nodes", "rotate", node.id, "--watch")

        assert ended.code == 5
        assert "the node is revoked by now" in ended.err

    def test_what_cannot_renew_is_not_asked(self, terminal: Terminal, node: Node) -> None:
        terminal.run("nodes", "revoke", node.id, "--yes")
        assert terminal.run("nodes", "rotate", node.id).code == 5


class TestTheAuthority:
    def test_it_is_shown_and_printed(self, terminal: Terminal) -> None:
        told = terminal.api.get("/v1/node-authority").body

        shown = terminal.run("authority", "show").out
        pem = terminal.run("authority", "show", "--pem").out

        assert told["gateway_id"] in shown
        assert ["signing", "2036-11-19T12:00:00Z", "-", told["public_key_sha256"]] in [
            line.split() for line in shown.splitlines()
        ]
        assert pem == told["certificate_pem"]
        assert json.loads(terminal.run("authority", "show", "--json").out) == told

    @pytest.mark.usefixtures("gateway")
    def test_it_is_rolled_over_in_two_steps(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal.api.get("/v1/node-authority")
        assert terminal.run("authority", "switch", "--yes").code == 5
        assert "prepared" in terminal.run("authority", "prepare").out
        assert terminal.run("authority", "switch").code == 2
        typing(monkeypatch, "n", "y")
        assert terminal.run("authority", "switch").code == 1

        ended = terminal.run("authority", "switch")

        assert ended.code == 0
        assert "2026-11-24T12:00:00Z" in ended.out
        assert [line.split()[0] for line in ended.out.splitlines()[3:]] == ["signing", "retiring"]
