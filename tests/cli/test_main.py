"""The command as a process of its own."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import palyra
from tests.cli.documents import JOB_ID, RUN_ID, a_header, a_job, a_live_run, a_page
from tests.cli.terminal import Shell, StubTerminal, Terminal
from tests.functions.http.tasks import made, moved

CHECKOUT = Path(__file__).parents[2]
PALYRA = [sys.executable, "-c", "from cli.main import main; main()"]


def environment(terminal: Shell, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return kept | terminal.environment | {"PYTHONIOENCODING": "utf-8"} | more


def on_a_terminal(terminal: Shell, *words: str, typed: str = "", **more: str) -> str:
    """Run it where a person looks and types; return what the person sees."""
    person, process = pty.openpty()
    os.write(person, typed.encode())
    subprocess.run(
        [*PALYRA, *words],
        cwd=CHECKOUT,
        env=environment(terminal, TERM="xterm-256color", COLUMNS="80", **more),
        stdin=process,
        stdout=process,
        stderr=process,
        check=False,
    )
    os.close(process)
    with os.fdopen(person, "rb") as seen:
        return seen.read1(65_536).decode()


def test_a_process_prints_plain_columns_into_a_pipe(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    told = subprocess.run(
        [*PALYRA, "tasks", "list"],
        cwd=CHECKOUT,
        env=environment(terminal),
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines()[1].startswith(f"{task_id}  queued  2026-11-22T12:00:00Z")
    assert "\x1b" not in told.stdout


def test_a_terminal_sees_the_state_in_colour(terminal: Terminal) -> None:
    moved(terminal.api, made(terminal.api), "pause")

    assert "\x1b[33m= paused" in on_a_terminal(terminal, "tasks", "list")


def test_a_terminal_without_colour_sees_none(terminal: Terminal) -> None:
    moved(terminal.api, made(terminal.api), "pause")

    seen = on_a_terminal(terminal, "tasks", "list", NO_COLOR="1")

    assert "= paused" in seen
    assert "\x1b[33m" not in seen


@pytest.mark.parametrize(
    ("words", "code"), [(["tasks", "show", "NOPE"], 3), (["tasks", "nope"], 2), (["--version"], 0)]
)
def test_a_process_ends_with_the_code_of_its_command(
    terminal: Terminal, words: list[str], code: int
) -> None:
    ended = subprocess.run(
        [*PALYRA, *words],
        cwd=CHECKOUT,
        env=environment(terminal),
        capture_output=True,
        check=False,
    )

    assert ended.returncode == code


@pytest.mark.parametrize(
    ("typed", "told"), [("y\n", f"{JOB_ID}  deleted"), ("\n", "nothing was deleted")]
)
def test_a_delete_on_a_terminal_asks_first(stub: StubTerminal, typed: str, told: str) -> None:
    stub.api.tells("GET", f"/v1/jobs/{JOB_ID}", a_job())
    stub.api.tells("DELETE", f"/v1/jobs/{JOB_ID}", a_job(state="deleted"))

    seen = on_a_terminal(stub, "jobs", "delete", JOB_ID, typed=typed, NO_COLOR="1")

    assert "Delete health (every minute)? [y/N] " in seen
    assert told in seen
    assert len(stub.api.orders()) == (typed == "y\n")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let commands take SIGINT where the tests are run in the background, too.

    A shell has what it runs there ignore it, and so would whatever that starts.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_watch_says_so_with_its_code(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_live_run())
    process = subprocess.Popen(
        [*PALYRA, "runs", "watch", RUN_ID],
        cwd=CHECKOUT,
        env=environment(stub),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{RUN_ID}  running\n"
        process.send_signal(signal.SIGINT)
        _out, told = process.communicate()

    assert process.returncode == 130
    assert f"it goes on: `palyra runs watch {RUN_ID}`" in told
    assert "Traceback" not in told


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_process_says_so_with_its_code(terminal: Terminal) -> None:
    words = [*PALYRA, "tasks", "create", "--payload", "-"]
    process = subprocess.Popen(
        [sys.executable, "-c", _READY.format(words=words[3:])],
        cwd=CHECKOUT,
        env=environment(terminal),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)

    assert process.returncode == 130


# Says when it is about to wait for stdin, so that the signal meets it there.
_READY = """
import sys
from cli.main import main
class Slow:
    def read(self):
        print("ready", flush=True)
        return sys.__stdin__.read()
sys.argv[1:] = {words!r}
sys.stdin = Slow()
main()
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion(shell: str) -> None:
    told = CliRunner().invoke(palyra, ["completion", shell], prog_name="palyra")

    assert "_PALYRA_COMPLETE" in told.output


def completed(terminal: Shell, line: str) -> list[str]:
    """Return what a shell would offer at the end of a line."""
    told = subprocess.run(
        [*PALYRA],
        cwd=CHECKOUT,
        env=environment(
            terminal,
            _PALYRA_COMPLETE="bash_complete",
            COMP_WORDS=line,
            COMP_CWORD=str(len(line.split(" ")) - 1),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return [offered.partition(",")[2] for offered in told.stdout.splitlines()]


def test_a_shell_offers_the_states(terminal: Terminal) -> None:
    assert completed(terminal, "palyra tasks list --state pa") == ["paused"]


def test_a_shell_offers_the_ids_of_tasks(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    assert completed(terminal, f"palyra tasks show {task_id[:8]}") == [task_id]


@pytest.mark.parametrize("verb", ["show", "edit", "pause", "resume", "run", "delete", "firings"])
def test_a_shell_offers_the_ids_of_jobs(stub: StubTerminal, verb: str) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job()))

    assert completed(stub, f"palyra jobs {verb} {JOB_ID[:8]}") == [JOB_ID]


@pytest.mark.parametrize("verb", ["show", "watch"])
def test_a_shell_offers_the_ids_of_runs(stub: StubTerminal, verb: str) -> None:
    stub.api.tells("GET", "/v1/runs", a_page(a_header()))

    assert completed(stub, f"palyra runs {verb} {JOB_ID[:8]}") == [RUN_ID]


def test_a_shell_offers_jobs_to_filter_by(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/jobs", a_page(a_job()))

    assert completed(stub, "palyra runs list --job 0") == [JOB_ID]


def test_help_names_every_exit_code() -> None:
    told = CliRunner().invoke(palyra, ["--help"], prog_name="palyra").output

    assert "0 done" in told
    assert "5 another state or version" in told
    assert "130 interrupted" in told
