"""The node at work: what it is asked is done, and never twice, whoever dies in between."""

import json
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from cli.node.home import Home
from cli.node.line import Line
from cli.node.work import Stage, WorkStore
from cli.problem import Exit, Problem
from tests.cli.node.device import Device, Says, settled

ECHO = "json.dump({'told': json.load(sys.stdin)}, sys.stdout)"
COUNT = "open('count', 'a').write('1'); json.dump({}, sys.stdout)"


def count(device: Device) -> int:
    file = device.folder / "count"
    return len(file.read_text()) if file.exists() else 0


def work(device: Device) -> list[Stage]:
    return [each.stage for each in WorkStore(Home(device.home)).all()]


class Death(BaseException):
    """The process is no more."""


def dying(
    monkeypatch: pytest.MonkeyPatch, what: str, *, sent: bool
) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the node die at a call, before or after it was made."""
    post = Line.post

    def deadly(self: Line, path: str, **said: Any) -> Any:
        if path.endswith(what):
            if sent:
                post(self, path, **said)
            raise Death
        return post(self, path, **said)

    monkeypatch.setattr(Line, "post", deadly)
    return lambda patch: patch.setattr(Line, "post", post)


@pytest.fixture
def node(device: Device) -> Device:
    return device.paired()


def test_what_was_asked_is_done_and_answered(node: Device) -> None:
    node.tool("echo", ECHO)
    node.granted("echo")
    request = node.operator.ask(node.id, "echo", arguments={"a": "ä"})
    with node.working() as agent:
        settled(agent)
    found = node.operator.found(node.id, request)
    assert (found["state"], found["output"]) == ("succeeded", {"told": {"a": "ä"}})
    assert [each.name for each in node.events] == ["begun", "succeeded"]
    assert work(node) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("sys.exit('no camera')", "exit 1: no camera"),
        ("sys.exit(3)", "exit 3"),
        ("", None),
    ],
)
def test_how_a_program_ended_is_told(node: Device, source: str, told: str | None) -> None:
    node.tool("look", source, effect="read")
    node.granted("look")
    request = node.operator.ask(node.id, "look")
    with node.working() as agent:
        settled(agent)
    assert node.operator.state(node.id, request) == ("failed" if told else "succeeded", told)


def test_what_may_have_been_done_is_not_called_failed(node: Device) -> None:
    node.tool("pay", "os.kill(os.getpid(), 9)")
    node.granted("pay")
    request = node.operator.ask(node.id, "pay")
    with node.working() as agent:
        settled(agent)
    assert node.operator.state(node.id, request) == ("dispatched", None)
    node.move(minutes=1)
    found = node.operator.found(node.id, request)
    assert (found["state"], found["reason"], found["uncertain"]) == (
        *("failed", "outcome_unknown"),
        True,
    )
    assert [each.capability for each in node.told("left")] == ["pay"]


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("what", ["take", "result"])
def test_a_death_around_a_call_does_it_once(
    node: Device, monkeypatch: pytest.MonkeyPatch, what: str, *, sent: bool
) -> None:
    node.tool("count", COUNT)
    node.granted("count")
    request = node.operator.ask(node.id, "count")
    revive = dying(monkeypatch, what, sent=sent)
    with pytest.raises(Death), node.working() as agent:
        settled(agent)
    assert work(node) == [Stage.CLAIMED if what == "take" else Stage.DONE]
    revive(monkeypatch)
    with node.working() as agent:
        settled(agent)
    assert node.operator.state(node.id, request) == ("succeeded", None)
    assert count(node) == 1
    assert work(node) == []


@pytest.mark.parametrize(("idempotent", "ends"), [(True, "succeeded"), (False, "dispatched")])
def test_what_was_begun_when_the_node_died_is_done_again_only_if_that_does_no_harm(
    node: Device, monkeypatch: pytest.MonkeyPatch, ends: str, *, idempotent: bool
) -> None:
    node.tool("count", COUNT, idempotent=idempotent)
    node.granted("count")
    request = node.operator.ask(node.id, "count")
    store = WorkStore(Home(node.home))
    with node.working() as agent:
        with monkeypatch.context() as patch:
            # It dies with the program started, and the answer not yet written down.
            patch.setattr(type(agent.desk), "_do", lambda *_: None)
            agent.step()
        assert [each.stage for each in store.all()] == [Stage.BEGUN]
    with node.working() as agent:
        settled(agent)
    assert node.operator.state(node.id, request)[0] == ends
    assert count(node) == int(idempotent)
    assert store.all() == []


def test_what_is_stopped_is_taken_up_by_the_next_process(node: Device) -> None:
    once = "import pathlib; p = pathlib.Path('once')\nif not p.exists(): p.touch(); time.sleep(60)"
    node.tool("slow", once, idempotent=True)
    node.granted("slow")
    request = node.operator.ask(node.id, "slow")
    with node.working() as agent:
        agent.step()
        while not (node.folder / "once").exists():
            agent.wait(0.05)
    assert work(node) == [Stage.BEGUN]
    with node.working() as agent:
        settled(agent)
    assert node.operator.state(node.id, request) == ("succeeded", None)


def test_no_more_is_taken_than_can_be_begun(node: Device) -> None:
    node.tool("count", COUNT)
    node.granted("count")
    requests = [node.operator.ask(node.id, "count") for _ in range(3)]
    with node.working(most=1) as agent:
        agent.step()
        states = [node.operator.state(node.id, each)[0] for each in requests]
        assert sorted(states) == ["dispatched", "queued", "queued"]
        for _ in requests:
            settled(agent)
    assert {node.operator.state(node.id, each)[0] for each in requests} == {"succeeded"}
    assert count(node) == 3


class TestThePersonHere:
    def test_is_asked_and_agrees(self, node: Device) -> None:
        node.tool("echo", ECHO, mediation=True)
        node.granted("echo")
        request, person = node.operator.ask(node.id, "echo", arguments={"a": 1}), Says(word=True)
        with node.working(person) as agent:
            settled(agent)
        assert node.operator.state(node.id, request) == ("succeeded", None)
        assert [each.arguments for each in person.asked] == [{"a": 1}]

    def test_refuses_and_nothing_is_done(self, node: Device) -> None:
        node.tool("count", COUNT, mediation=True)
        node.granted("count")
        request = node.operator.ask(node.id, "count")
        with node.working(Says(word=False)) as agent:
            settled(agent)
        assert node.operator.state(node.id, request) == ("rejected", "person_refused")
        assert count(node) == 0
        assert work(node) == []

    def test_does_not_answer(self, node: Device) -> None:
        node.tool("count", COUNT, mediation=True)
        node.granted("count")
        request = node.operator.ask(node.id, "count", wait_seconds=10)
        with node.working(Says(word=None)) as agent:
            settled(agent)
        node.move(seconds=11)
        assert node.operator.state(node.id, request) == ("timed_out", "not_agreed")

    @pytest.mark.parametrize("sent", [False, True])
    def test_is_not_asked_again_after_a_death(
        self, node: Device, monkeypatch: pytest.MonkeyPatch, *, sent: bool
    ) -> None:
        node.tool("count", COUNT, mediation=True)
        node.granted("count")
        request, person = node.operator.ask(node.id, "count"), Says(word=True)
        revive = dying(monkeypatch, "mediation", sent=sent)
        with pytest.raises(Death), node.working(person) as agent:
            settled(agent)
        assert work(node) == [Stage.AGREED]
        revive(monkeypatch)
        with node.working(person) as agent:
            settled(agent)
        assert node.operator.state(node.id, request) == ("succeeded", None)
        assert (len(person.asked), count(node)) == (1, 1)

    def test_has_to_be_there(self, node: Device) -> None:
        node.tool("count", COUNT, mediation=True)
        ended = node.run("run", str(node.folder))
        assert ended.code == Exit.USAGE
        assert "--ask" in ended.err

    def test_is_asked_whatever_the_gateway_says(
        self, node: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node.tool("count", COUNT, mediation=True)
        node.granted("count")
        node.operator.ask(node.id, "count")
        post = Line.post

        def lying(self: Line, path: str, **said: Any) -> Any:
            answer = post(self, path, **said)
            return answer | {"state": "dispatched"} if path.endswith("take") else answer

        monkeypatch.setattr(Line, "post", lying)
        with node.working(Says(word=False)) as agent:
            settled(agent)
        assert count(node) == 0
        assert "not asked" in node.told("failed")[0].why


def test_the_node_asks_as_often_as_the_gateway_says(node: Device) -> None:
    node.tool("echo", ECHO)
    with node.working() as agent:
        assert agent.step() == 60.0
        node.operator.grant(node.id, "echo")
        node.operator.ask(node.id, "echo")
        node.move(seconds=60)
        agent.step()
        settled(agent)
        assert agent._pause == 5.0


def test_what_is_lost_is_tried_again_more_and_more_seldom(
    node: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.tool("echo", ECHO)
    with node.working() as agent:
        with monkeypatch.context() as patch:
            patch.setattr(Line, "post", _silent)
            waits = [agent.step() for _ in range(9)]
        assert all(2 ** min(at, 5) / 2 <= wait <= 60 for at, wait in enumerate(waits, 1))
        agent.step()
    assert [each.name for each in node.events] == ["lost", "reached"]


def test_a_node_that_is_thrown_out_ends(node: Device) -> None:
    node.tool("echo", ECHO)
    with node.working() as agent:
        agent.step()
        node.operator.revoke(node.id)
        node.move(minutes=1)
        with pytest.raises(Problem, match="lets this device in no more") as ended:
            agent.step()
    assert ended.value.code == Exit.DENIED
    assert node.run("run", str(node.folder)).code == Exit.DENIED
    assert node.run("status").code == Exit.DENIED


def test_a_manifest_that_the_gateway_refuses_is_told(node: Device) -> None:
    node.tool("echo", ECHO)
    manifest = node.folder / "capabilities.toml"
    manifest.write_text(manifest.read_text() + '"$ref" = "x"\n')
    ended = node.run("run", str(node.folder))
    assert ended.code == Exit.FAILED
    assert "capabilities.0.arguments.$ref" in ended.err


class TestRenewal:
    def test_comes_by_itself(self, node: Device) -> None:
        node.tool("echo", ECHO)
        before = (node.home / "node.pem").read_text()
        with node.working() as agent:
            agent.step()
            node.move(hours=15)
            agent.step()
            agent._beat_at = 0.0
            agent.step()
        assert len(node.told("renewed")) == 1
        assert (node.home / "node.pem").read_text() != before
        assert node.operator.node(node.id)["generation"] == 2
        assert node.operator.node(node.id)["state"] == "active"

    @pytest.mark.parametrize("sent", [False, True])
    def test_that_died_is_ended_by_the_next_process(
        self, node: Device, monkeypatch: pytest.MonkeyPatch, *, sent: bool
    ) -> None:
        node.tool("echo", ECHO)
        revive = dying(monkeypatch, "renew", sent=sent)
        with pytest.raises(Death):
            node.run("renew")
        asked = json.loads((node.home / "renewal.json").read_text())
        revive(monkeypatch)
        # An hour later the old certificate is good for nothing but this, if the answer was lost.
        node.move(minutes=60 if sent else 1)
        with node.working() as agent:
            agent.step()
        assert asked["key_pem"] in (node.home / "node.pem").read_text()
        assert not (node.home / "renewal.json").exists()
        assert node.operator.node(node.id)["state"] == "active"

    def test_that_was_never_heard_of_begins_anew(
        self, node: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node.tool("echo", ECHO)
        revive = dying(monkeypatch, "renew", sent=False)
        with pytest.raises(Death):
            node.run("renew")
        revive(monkeypatch)
        node.move(minutes=6)
        with node.working() as agent:
            agent.step()
        assert not (node.home / "renewal.json").exists()
        assert node.run("renew").code == 0
        assert node.operator.node(node.id)["generation"] == 2

    def test_that_died_with_the_certificate_in_place_is_over(
        self, node: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        node.tool("echo", ECHO)
        with monkeypatch.context() as patch:
            patch.setattr(Home, "drop", _dead)
            with pytest.raises(Death):
                node.run("renew")
        with node.working() as agent:
            agent.step()
        assert node.operator.node(node.id)["generation"] == 2
        assert not (node.home / "renewal.json").exists()

    def test_that_an_operator_asks_for_comes_once_with_the_next_heartbeat(
        self, node: Device
    ) -> None:
        node.tool("echo", ECHO)
        with node.working() as agent:
            agent.step()
            assert node.operator.api.post(f"/v1/nodes/{node.id}/rotate", {}).status == 200
            for _ in range(3):
                node.move(minutes=1)
                agent.step()
        assert len(node.told("renewed")) == 1
        found = node.operator.node(node.id)
        assert (found["generation"], found["rotation_asked_at"]) == (2, None)

    @pytest.mark.parametrize("sent", [False, True])
    def test_that_an_operator_asks_for_outlives_the_node(
        self, node: Device, monkeypatch: pytest.MonkeyPatch, *, sent: bool
    ) -> None:
        node.tool("echo", ECHO)
        with node.working() as agent:
            agent.step()
            assert node.operator.api.post(f"/v1/nodes/{node.id}/rotate", {}).status == 200
            node.move(minutes=1)
            revive = dying(monkeypatch, "renew", sent=sent)
            with pytest.raises(Death):
                agent.step()
        revive(monkeypatch)
        with node.working() as agent:
            agent.step()
            node.move(minutes=1)
            agent.step()
        found = node.operator.node(node.id)
        assert (found["generation"], found["rotation_asked_at"]) == (2, None)

    def test_by_hand_is_told(self, node: Device) -> None:
        ended = node.run("renew", "--json")
        assert ended.code == 0
        assert json.loads(ended.out)["device_id"] == node.id
        assert node.operator.node(node.id)["generation"] == 2


def test_the_front_is_believed_only_with_the_certificate_that_was_named(
    node: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = node.home / "node.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"nodes_ca": ""}))
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
    ended = node.run("status")
    assert ended.code == Exit.UNAVAILABLE
    assert "certificate verify failed" in ended.err.lower()


def _silent(_line: Line, what: str, **_said: Any) -> Any:
    raise Problem.of(Exit.UNAVAILABLE, f"{what}: nobody answers", "")


def _dead(_home: Home, _name: str) -> None:
    raise Death
