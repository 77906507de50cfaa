"""`palyra routines`: the commands of `palyra jobs`, below another path."""

import json

import pytest

from cli.jobs import jobs
from cli.routines import routines
from tests.cli.documents import JOB_ID, a_coming, a_job, a_page, a_preview
from tests.cli.terminal import StubTerminal, Terminal

TRIGGER = {"type": "schedule", "schedule": {"every": "60s"}}
MAKE = ("--name", "health", "--every", "60s", "--prompt", "Summarize health")
AT = f"/v1/routines/{JOB_ID}"


def test_routines_have_the_commands_of_jobs_and_no_others() -> None:
    assert list(routines.commands) == list(jobs.commands)
    for name, command in jobs.commands.items():
        assert routines.commands[name].callback is command.callback


def test_a_routine_is_shown_with_its_trigger(stub: StubTerminal) -> None:
    stub.api.tells("GET", AT, a_job(trigger=TRIGGER))
    stub.api.tells("GET", f"{AT}/preview", a_preview(a_coming()))
    stub.api.tells("GET", f"{AT}/firings", a_page())

    assert "trigger      schedule\n" in stub.run("routines", "show", JOB_ID, columns=80).out


@pytest.mark.parametrize(
    ("words", "method", "path"),
    [
        (("pause", JOB_ID), "POST", f"{AT}/pause"),
        (("resume", JOB_ID), "POST", f"{AT}/resume"),
        (("edit", JOB_ID, "--name", "x"), "PATCH", AT),
        (("delete", JOB_ID, "--yes"), "DELETE", AT),
        (("create", *MAKE), "POST", "/v1/routines"),
    ],
)
def test_an_order_goes_to_the_path_of_routines(
    stub: StubTerminal, words: tuple[str, ...], method: str, path: str
) -> None:
    stub.api.tells(method, path, a_job(trigger=TRIGGER))

    assert stub.run("routines", *words).code == 0
    assert [(asked.method, asked.path) for asked in stub.api.asked] == [(method, path)]


def test_hints_name_the_command_that_was_called(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/routines", a_page())
    assert stub.run("routines", "list").err == (
        "no routines: make one with `palyra routines create`\n"
    )


def test_a_routine_is_made_once_by_either_command(terminal: Terminal) -> None:
    key = ("--idempotency-key", "nightly")

    first = terminal.run("jobs", "create", *MAKE, *key).out
    again = terminal.run("routines", "create", *MAKE, *key)

    assert (again.code, again.out) == (0, first)
    assert again.err == "made before: the idempotency key stands for this job\n"
    shown = json.loads(terminal.run("routines", "show", first.split()[0], "--json").out)
    assert shown["trigger"] == TRIGGER
