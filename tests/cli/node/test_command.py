"""`palyra node run` as a process of its own, `status` and `unpair`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.node.home import Home
from cli.node.line import Line
from cli.problem import Exit, Problem
from tests.cli.node.device import Device
from tests.cli.node.test_run import ECHO

ROOT = Path(__file__).parents[3]
COMMAND = "from cli.main import main; main()"


@pytest.fixture
def node(device: Device) -> Device:
    return device.paired()


@contextmanager
def running(node: Device) -> Iterator[subprocess.Popen[str]]:
    """Run the node as a service would."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "node", "run", str(node.folder), "--json"],
        cwd=ROOT,
        env={**os.environ, **node.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def heard(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    told: dict[str, str] = json.loads(process.stdout.readline())
    return told


def test_a_node_that_runs_does_what_it_is_asked_until_it_is_stopped(node: Device) -> None:
    node.tool("echo", ECHO)
    node.granted("echo")
    request = node.operator.ask(node.id, "echo", arguments={"a": 1})
    with running(node) as process:
        assert heard(process)["event"] == "running"
        assert heard(process)["event"] == "begun"
        assert heard(process) == {"event": "succeeded", "request": request, "capability": "echo"}
        # It has said all that it has to for now: nobody else calls the gateway.
        assert node.run("renew").code == Exit.CONFLICT
        shown = node.run("status", "--json")
        assert (shown.code, json.loads(shown.out)["running"]) == (0, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert node.operator.state(node.id, request) == ("succeeded", None)


def test_a_node_that_is_stopped_before_it_reaches_anybody_ends(node: Device) -> None:
    node.tool("echo", ECHO)
    path = node.home / "node.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"nodes": "https://127.0.0.1:1"}))
    with running(node) as process:
        assert heard(process)["event"] == "lost"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == Exit.INTERRUPTED


class TestStatus:
    def test_of_a_device_that_is_not_paired(self, device: Device) -> None:
        ended = device.run("status")
        assert ended.code == Exit.NOT_FOUND
        assert "palyra node pair" in ended.err
        assert not device.home.exists()

    def test_of_a_node(self, node: Device) -> None:
        ended = node.run("status", "--json")
        told = json.loads(ended.out)
        assert ended.code == 0
        assert told["device_id"] == node.id
        assert told["fingerprint"] == node.operator.node(node.id)["fingerprint"]
        assert told["running"] is False
        assert node.id in node.run("status").out

    def test_of_a_node_that_runs_and_reaches_nobody(self, node: Device) -> None:
        with Home(node.home).locked():
            assert node.run("status").code == Exit.UNAVAILABLE
        assert node.run("status").code == 0
        with Home(node.home).locked():
            assert node.run("status").code == 0
            node.move(minutes=4)
            ended = node.run("status")
        assert ended.code == Exit.UNAVAILABLE
        assert "for a while" in ended.err

    def test_of_a_key_that_others_may_read(self, node: Device) -> None:
        (node.home / "node.pem").chmod(0o644)
        ended = node.run("status")
        assert ended.code == Exit.DENIED
        assert "others may read" in ended.err


class TestUnpairing:
    def test_ends_the_device_and_its_key(self, node: Device) -> None:
        device_id = node.id
        ended = node.run("unpair", "--yes")
        assert (ended.code, ended.out) == (0, "unpaired\n")
        assert node.operator.node(device_id)["state"] == "revoked"
        assert sorted(each.name for each in node.home.iterdir()) == ["lock", "work"]
        assert node.pair().code == 0
        assert node.id != device_id

    def test_asks_first(self, node: Device) -> None:
        assert node.run("unpair").code == Exit.USAGE
        assert node.run("status").code == 0

    def test_of_a_device_that_was_thrown_out_already(self, node: Device) -> None:
        node.operator.revoke(node.id)
        ended = node.run("unpair", "--yes")
        assert ended.code == 0
        assert "already" in ended.err
        assert Home(node.home).known() is None

    def test_keeps_the_key_where_nobody_answers(
        self, node: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def silent(*_: object, **_said: object) -> None:
            raise Problem.of(Exit.UNAVAILABLE, "nobody answers", "")

        monkeypatch.setattr(Line, "post", silent)
        ended = node.run("unpair", "--yes")
        assert ended.code == Exit.UNAVAILABLE
        assert "--local" in ended.err
        assert Home(node.home).known() is not None
        assert node.run("unpair", "--yes", "--local", "--json").code == 0
        assert Home(node.home).known() is None

    def test_is_possible_whatever_became_of_the_folder(self, node: Device) -> None:
        (node.home / "node.pem").chmod(0o644)
        (node.home / "node.json").write_text("{")
        assert node.run("unpair", "--yes", "--local").code == 0
        assert node.pair().code == 0


def test_what_a_node_needs_and_is_not_installed_is_told(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("cli.node.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "spake2", None)
    ended = device.run("status")
    assert ended.code == Exit.USAGE
    assert "spake2" in ended.err


def test_the_command_is_whole_without_what_a_node_needs() -> None:
    source = "import sys; sys.modules['spake2'] = None; sys.modules['cryptography'] = None"
    words = [sys.executable, "-c", f"{source}; {COMMAND}", "node", "pair", "--help"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
