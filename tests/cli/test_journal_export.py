"""The journal as a file, from the order to the verified bytes on disk."""

import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import httpx
import pytest

from chalicelib.background.task import TaskRef
from chalicelib.journal.export_files import ExportFiles
from tests.cli.documents import TASK_ID, an_export
from tests.cli.stub import Told
from tests.cli.terminal import StubTerminal, Terminal
from tests.journal.events import an_event, append

EXPORTS = "/v1/journal/exports"
EXPORT = f"{EXPORTS}/{TASK_ID}"


@dataclass
class Files:
    """A server of one file, at whatever path."""

    url: str = ""
    content: bytes = b""
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def files() -> Iterator[Files]:
    with serving_files() as made:
        yield made


@contextmanager
def serving_files() -> Iterator[Files]:
    files = Files()

    class Request(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files.asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response_only(files.status)
            self.send_header("Content-Length", str(len(files.content)))
            self.end_headers()
            self.wfile.write(files.content)

        def log_message(self, *_: object) -> None:
            """Keep the terminal for the test."""

    server = HTTPServer(("127.0.0.1", 0), Request)
    files.url = f"http://127.0.0.1:{server.server_port}/file"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def real(terminal: Terminal, files: Files, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal whose waits let a worker write the export; its link leads to `files`."""
    monkeypatch.setattr(ExportFiles, "link", lambda *_given: files.url)

    def work(seconds: float) -> None:
        world = terminal.api.world
        world.clock.move(timedelta(seconds=seconds))
        for task in world.services.worker.work.newest("main#tasks", None, 10):
            world.services.handle(TaskRef.of("main", task.ref.id))
            key = f"main/exports/{task.ref.id}/journal.ndjson"
            bucket = "palyra-local-123456789012-us-east-1-payloads"
            answer = boto3.client("s3").get_object(Bucket=bucket, Key=key)
            files.content = answer["Body"].read()

    terminal.while_waiting = work
    return terminal


def test_a_file_is_written_once_it_holds(real: Terminal, files: Files, tmp_path: Path) -> None:
    append(an_event("a", details={"text": "\u2028 \x85 ünï"}), an_event("b", 1))
    output = tmp_path / "all.ndjson"

    ended = real.run("journal", "export", "--output", str(output), "--kind", "test")

    assert ended.code == 0
    size = len(files.content)
    assert ended.out == f"{output}  2 entries, {size} bytes, verified\n"
    assert output.read_bytes() == files.content
    lines = [json.loads(line) for line in files.content.split(b"\n")[:-1]]
    assert [line["type"] for line in lines] == ["begin", "entry", "entry", "end"]
    assert lines[0]["query"] == {"kind": "test"}
    assert lines[-1]["hash"] in ended.err
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [output]


def test_the_token_is_not_shown_to_who_keeps_the_file(
    real: Terminal, files: Files, tmp_path: Path
) -> None:
    real.run("journal", "export", "--output", str(tmp_path / "x"))
    (asked,) = files.asked
    assert "authorization" not in asked


def test_json_is_the_apis_own_with_the_file(real: Terminal, files: Files, tmp_path: Path) -> None:
    output = tmp_path / "x"
    told = json.loads(real.run("journal", "export", "-o", str(output), "--json").out)
    assert told["file"] == str(output)
    assert told["bytes"] == len(files.content)
    assert set(told) == {*an_export(), "file"}


def test_a_file_that_exists_is_not_written_over(stub: StubTerminal, tmp_path: Path) -> None:
    output = tmp_path / "x"
    output.write_text("mine")
    ended = stub.run("journal", "export", "--output", str(output))
    assert (ended.code, output.read_text(), stub.api.asked) == (1, "mine", [])
    assert "--force" in ended.err


def test_a_file_that_exists_is_written_over_by_force(real: Terminal, tmp_path: Path) -> None:
    output = tmp_path / "x"
    output.write_text("mine")
    assert real.run("journal", "export", "--output", str(output), "--force").code == 0
    assert output.read_text() != "mine"


def cut(content: bytes) -> bytes:
    return content[: content.rindex(b"\n", 0, -1) + 1]


def changed(content: bytes) -> bytes:
    return content.replace(b"test.happened", b"test.hidden")


def shortened(content: bytes) -> bytes:
    return content[:-2]


def left_out(content: bytes) -> bytes:
    first, _, *rest = content.split(b"\n")
    return b"\n".join([first, *rest])


def longer(content: bytes) -> bytes:
    return content + b"{}\n"


def of_another(content: bytes) -> bytes:
    return content.replace(b"palyra.journal.export/1", b"palyra.journal.export/2")


def none_at_all(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    "change", [cut, changed, shortened, left_out, longer, of_another, none_at_all]
)
def test_a_file_that_does_not_hold_is_not_kept(
    real: Terminal, files: Files, tmp_path: Path, change: object
) -> None:
    assert callable(change)
    append(an_event("a"), an_event("b", 1))
    work = real.while_waiting

    def work_badly(seconds: float) -> None:
        work(seconds)
        files.content = change(files.content)

    real.while_waiting = work_badly
    ended = real.run("journal", "export", "--output", str(tmp_path / "x"))
    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
    assert "the file does not hold" in ended.err


def test_another_file_that_holds_is_not_taken_for_it(
    real: Terminal, files: Files, tmp_path: Path
) -> None:
    work = real.while_waiting
    work(0)
    real.run("journal", "export", "--output", str(tmp_path / "first"))
    before = files.content

    def work_for_another(seconds: float) -> None:
        work(seconds)
        files.content = before

    append(an_event("a"))
    real.while_waiting = work_for_another
    ended = real.run("journal", "export", "--output", str(tmp_path / "second"))
    assert ended.code == 1
    assert "its last line is not the one that was written there" in ended.err


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_an_export_that_ended_otherwise_is_told(
    stub: StubTerminal, tmp_path: Path, state: str
) -> None:
    stub.api.tells("POST", EXPORTS, an_export(), status=202)
    stub.api.tells("GET", EXPORT, an_export(), an_export(state=state, reason="why not"))
    ended = stub.run("journal", "export", "--output", str(tmp_path / "x"))
    assert ended.code == 1
    assert f"the export ended {state}: why not" in ended.err


def test_an_export_is_not_waited_for_beyond_the_timeout(stub: StubTerminal, tmp_path: Path) -> None:
    stub.api.tells("POST", EXPORTS, an_export(), status=202)
    stub.api.tells("GET", EXPORT, an_export())
    ended = stub.run("journal", "export", "--output", str(tmp_path / "x"), "--timeout", "10")
    assert (ended.code, sum(stub.waits)) == (69, 10)


@pytest.mark.parametrize("link", ["answered with 403", "nobody there"])
def test_a_file_that_cannot_be_had_is_told(
    stub: StubTerminal, files: Files, tmp_path: Path, link: str
) -> None:
    files.status = 403
    url = files.url if link == "answered with 403" else str(httpx.URL("http://127.0.0.1:9/x"))
    done = an_export(state="succeeded", entries=0, bytes=0, hash="0", link=url)
    stub.api.tells("POST", EXPORTS, an_export(), status=202)
    stub.api.tells("GET", EXPORT, done)
    ended = stub.run("journal", "export", "--output", str(tmp_path / "x"))
    assert (ended.code, list(tmp_path.iterdir())) == (69, [])


def test_a_folder_that_is_not_there_is_told(
    stub: StubTerminal, files: Files, tmp_path: Path
) -> None:
    done = an_export(state="succeeded", entries=0, bytes=0, hash="0", link=files.url)
    stub.api.tells("POST", EXPORTS, an_export(), status=202)
    stub.api.tells("GET", EXPORT, done)
    ended = stub.run("journal", "export", "--output", str(tmp_path / "no" / "x"))
    assert ended.code == 1
    assert "cannot be written: No such file or directory" in ended.err


def test_an_order_that_is_refused_writes_nothing(stub: StubTerminal, tmp_path: Path) -> None:
    refused = Told(422, {"status": 422, "detail": "there is no stream"})
    stub.api.tells("POST", EXPORTS, refused)
    ended = stub.run("journal", "export", "--output", str(tmp_path / "x"))
    assert (ended.code, list(tmp_path.iterdir())) == (1, [])
