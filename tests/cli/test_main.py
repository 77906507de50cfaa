"""The command as a process of its own."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import palyra
from tests.cli.terminal import Terminal
from tests.functions.http.tasks import made, moved

CHECKOUT = Path(__file__).parents[2]
PALYRA = [sys.executable, "-c", "from cli.main import main; main()"]


def environment(terminal: Terminal, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return kept | terminal.environment | {"PYTHONIOENCODING": "utf-8"} | more


def on_a_terminal(terminal: Terminal, *words: str, **more: str) -> str:
    """Run it where a person looks; return what the person sees."""
    person, process = pty.openpty()
    variables = environment(terminal, TERM="xterm-256color", COLUMNS="80", **more)
    subprocess.run(
        [*PALYRA, *words], cwd=CHECKOUT, env=variables, stdin=process, stdout=process, check=True
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


def completed(terminal: Terminal, line: str) -> list[str]:
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


def test_help_names_every_exit_code() -> None:
    told = CliRunner().invoke(palyra, ["--help"], prog_name="palyra").output

    for said in ("0 done", "2 usage", "5 another state", "69 nobody answers", "130 interrupted"):
        assert said in told
