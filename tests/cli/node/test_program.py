"""Programs: no shell, no more time and no more words than they are given."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.node import program, tool
from cli.node.manifest import Tool
from cli.node.program import LARGEST_BYTES, Call, End, Ended

type Made = Callable[[str], Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(source: str) -> Path:
        path = tmp_path / "program"
        path.write_text(f"#!{sys.executable} -I\nimport os, signal, sys, time\n{source}\n")
        path.chmod(0o755)
        return path

    return make


def ended(path: Path, said: str = "", seconds: float = 20.0, **more: str) -> Ended:
    return program.run(Call(path=path, said=said, seconds=seconds, more=more), threading.Event())


def test_a_program_hears_what_it_is_told_and_answers(made: Made) -> None:
    path = made("sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('e'); sys.exit(3)")
    assert ended(path, "text") == Ended(End.EXITED, 3, b"TEXT", b"e")


def test_a_program_need_not_listen(made: Made) -> None:
    assert ended(made(""), "x" * 1_000_000) == Ended(End.EXITED)


def test_no_shell_reads_what_it_is_told(made: Made, tmp_path: Path) -> None:
    said = f"$(touch {tmp_path}/made); `touch {tmp_path}/made`"
    assert ended(made("sys.stdout.write(sys.stdin.read())"), said).out == said.encode()
    assert not (tmp_path / "made").exists()


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(made: Made) -> None:
    source = (
        "import subprocess\nsubprocess.Popen(['/bin/sleep', '60'])\nprint(os.getpid(), flush=True)"
    )
    path = made(f"{source}\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)")
    begun = time.monotonic()
    told = ended(path, seconds=1.0)
    assert (told.end, told.code) == (End.TOOK_TOO_LONG, -9)
    assert time.monotonic() - begun < 20
    assert _members(int(told.out)) == []


def test_a_program_that_says_too_much_is_ended(made: Made) -> None:
    told = ended(made("while True: sys.stdout.write('x' * 65536)"))
    assert told.end is End.SAID_TOO_MUCH
    assert len(told.out) < 2 * LARGEST_BYTES


def test_as_much_as_may_be_said_is_heard(made: Made) -> None:
    told = ended(made(f"sys.stdout.write('x' * {LARGEST_BYTES})"))
    assert (told.end, len(told.out)) == (End.EXITED, LARGEST_BYTES)


def test_of_complaints_the_last_are_kept(made: Made) -> None:
    told = ended(made("sys.stderr.write('x' * 1000000 + 'end')"))
    assert told.err.endswith(b"end")
    assert len(told.err) <= 4096


def test_what_is_left_in_the_background_holds_up_nobody(made: Made) -> None:
    begun = time.monotonic()
    path = made("import subprocess\nprint(subprocess.Popen(['/bin/sleep', '30']).pid, flush=True)")
    told = ended(path)
    assert told.end is End.EXITED
    assert time.monotonic() - begun < 20
    _kill(int(told.out))


def test_a_program_is_stopped(made: Made) -> None:
    stop = threading.Event()
    stop.set()
    told = program.run(Call(path=made("time.sleep(60)"), said="", seconds=60.0), stop)
    assert told.end is End.STOPPED


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no program")
    path.chmod(0o755)
    assert ended(path).end is End.NOT_STARTED
    assert ended(tmp_path / "nothing").err == b"No such file or directory"


def test_nothing_of_palyra_is_in_its_environment(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_TOKEN", "secret")
    monkeypatch.setenv("DISPLAY", ":0")
    source = "import json; json.dump(dict(os.environ), sys.stdout)"
    told = json.loads(ended(made(source), PALYRA_NODE_REQUEST="1").out)
    assert "PALYRA_TOKEN" not in told
    assert (told["DISPLAY"], told["PALYRA_NODE_REQUEST"]) == (":0", "1")


class TestWhatIsAnswered:
    @pytest.mark.parametrize(
        ("out", "output"),
        [(b"", {}), (b" \n", {}), (b'{"a": 1}\n', {"a": 1}), ('{"a": "ä"}'.encode(), {"a": "ä"})],
    )
    def test_an_object_is_the_output(self, out: bytes, output: Any) -> None:
        told = tool.answer(a_tool(), Ended(End.EXITED, 0, out))
        assert told == {"state": "succeeded", "output": output}

    @pytest.mark.parametrize(
        "out",
        [
            *(b"text", b"[1]", b'{"a": NaN}', b"\xff", b'{"a": 1} 2', b"[" * 60_000),
            # As it is sent, it is longer than it is here.
            json.dumps({"a": "ä" * 20_000}, ensure_ascii=False).encode(),
        ],
    )
    def test_what_was_done_and_cannot_be_told_is_not_called_failed(self, out: bytes) -> None:
        ended = Ended(End.EXITED, 0, out)
        assert tool.answer(a_tool(), ended) is None
        for harmless in (a_tool(effect="read"), a_tool(is_idempotent=True)):
            told = tool.answer(harmless, ended)
            assert told is not None
            assert told["state"] == "failed"

    @pytest.mark.parametrize(
        "ended",
        [Ended(End.EXITED, -9), Ended(End.TOOK_TOO_LONG, -15), Ended(End.SAID_TOO_MUCH, -15)],
    )
    def test_what_was_ended_may_have_been_done(self, ended: Ended) -> None:
        assert tool.answer(a_tool(), ended) is None
        assert tool.answer(a_tool(is_idempotent=True), ended) is not None

    def test_what_was_never_started_was_not_done(self) -> None:
        told = tool.answer(a_tool(), Ended(End.NOT_STARTED, err=b"Exec format error"))
        assert told == {"state": "failed", "error": "take cannot be started: Exec format error"}

    def test_a_complaint_is_cut_to_its_end(self) -> None:
        told = tool.answer(a_tool(), Ended(End.EXITED, 1, err=b"\xff" + b"x " * 500 + b"end"))
        assert told is not None
        assert len(told["error"]) <= 240

    def test_a_tool_that_wants_less_time_gets_less(self, made: Made) -> None:
        quick = a_tool(path=made("time.sleep(60)"), timeout_seconds=1)
        task = tool.Task(request_id="1", key="k", arguments={}, seconds=60.0)
        assert tool.perform(quick, task, threading.Event()).end is End.TOOK_TOO_LONG


def a_tool(**how: Any) -> Tool:
    usual: dict[str, Any] = {
        "name": "camera.take",
        "description": "Take a picture.",
        "path": Path("/opt/take"),
        "arguments": {},
        "effect": "write",
        "is_idempotent": False,
        "needs_mediation": False,
        "timeout_seconds": 120,
    }
    return Tool(**usual | how)


def _members(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
