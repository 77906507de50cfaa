import json
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.functions.http.tasks import claimed, made, moved, shown

PROMPT = {"prompt": "Summarize health", "tools": ["system.health"]}


def created(terminal: Terminal, *words: str, sent: str = "") -> str:
    """Make a task on the command line; return its id."""
    ended = terminal.run("tasks", "create", *words, sent=sent)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split()[0]


def test_a_made_task_is_told_with_its_state(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "create", "--prompt", "Summarize health")

    (task,) = terminal.api.get("/v1/tasks").body["items"]
    assert ended.out == f"{task['id']}  queued\n"


def test_a_prompt_and_tools_are_its_payload(terminal: Terminal) -> None:
    words = ("--prompt", "Summarize health", "--tool", "system.health")

    assert shown(terminal.api, created(terminal, *words))["payload"] == PROMPT


def test_a_payload_is_json(terminal: Terminal) -> None:
    task_id = created(terminal, "--payload", json.dumps(PROMPT))

    assert shown(terminal.api, task_id)["payload"] == PROMPT


def test_a_payload_may_be_in_a_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "prompt.json"
    file.write_text(json.dumps(PROMPT))

    assert shown(terminal.api, created(terminal, "--payload", f"@{file}"))["payload"] == PROMPT


def test_a_payload_may_come_from_stdin(terminal: Terminal) -> None:
    task_id = created(terminal, "--payload", "-", sent=json.dumps(PROMPT))

    assert shown(terminal.api, task_id)["payload"] == PROMPT


def test_each_option_of_a_new_task_reaches_the_api(terminal: Terminal) -> None:
    parent = made(terminal.api)
    options = {
        "--priority": "-3",
        "--max-attempts": "7",
        "--not-before": "2026-11-23T12:00:00Z",
        "--expires-at": "2026-11-24T12:00:00Z",
        "--parent": parent,
        "--group": "reports",
    }
    words = [word for option in options.items() for word in option]

    task = shown(terminal.api, created(terminal, "--prompt", "x", "--serial", *words))

    assert (task["priority"], task["max_attempts"], task["parent"]) == (-3, 7, parent)
    assert (task["group"], task["serial"]) == ("reports", True)
    assert task["not_before"] == "2026-11-23T12:00:00Z"
    assert task["expires_at"] == "2026-11-24T12:00:00Z"


def test_a_dedupe_key_leads_to_the_first_task(terminal: Terminal) -> None:
    words = ("--prompt", "x", "--dedupe-key", "nightly")

    first = created(terminal, *words)
    ended = terminal.run("tasks", "create", *words)

    assert ended.out == f"{first}  queued\n"
    assert ended.err == "made before: the dedupe key stands for this task\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "one of --payload and --prompt"),
        (["--prompt", "x", "--payload", "{}"], "one of --payload and --prompt"),
        (["--payload", "{}", "--tool", "t"], "--tool goes with --prompt"),
        (["--payload", "{"], "it is not JSON: Expecting property name"),
        (["--payload", "@/nowhere/x.json"], "/nowhere/x.json cannot be read"),
        (["--prompt", "x", "--priority", "high"], "'high' is not a valid integer"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    terminal: Terminal, words: list[str], told: str
) -> None:
    ended = terminal.run("tasks", "create", *words)

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_what_the_api_refuses_is_told_with_field_and_fix(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "create", "--prompt", "x", "--priority", "11")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == ("Error: priority is 11\n  field  priority\n    fix  use -10 to 10\n")


def test_each_field_that_is_refused_is_told(terminal: Terminal) -> None:
    words = ("--not-before", "tomorrow", "--expires-at", "2026-11-23T12:00:00")

    ended = terminal.run("tasks", "create", "--prompt", "x", *words)

    assert ended.err == (
        "Error: not_before: it is not an RFC 3339 date and time\n"
        "  field  not_before\n"
        "    fix  send one as 2026-11-22T12:00:00Z\n"
        "  field  expires_at: it does not say its offset from UTC\n"
        "    fix  append Z, or an offset as +01:00\n"
    )


def test_a_refusal_as_json_is_the_apis_own_problem(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "create", "--prompt", "x", "--priority", "11", "--json")

    assert (ended.code, ended.out) == (1, "")
    assert json.loads(ended.err)["errors"][0]["field"] == "priority"


@pytest.mark.parametrize(
    ("before", "how", "state"),
    [
        ([], "pause", "paused"),
        (["pause"], "resume", "queued"),
        (["cancel"], "retry", "queued"),
        ([], "cancel", "cancelled"),
    ],
)
def test_a_move_tells_the_state_that_it_led_to(
    terminal: Terminal, before: list[str], how: str, state: str
) -> None:
    task_id = made(terminal.api)
    for earlier in before:
        moved(terminal.api, task_id, earlier)

    assert terminal.run("tasks", how, task_id).out == f"{task_id}  {state}\n"


def test_a_move_as_json_is_the_apis_own_task(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    told = json.loads(terminal.run("tasks", "pause", task_id, "--json").out)

    assert told == shown(terminal.api, task_id)


def test_a_cancel_says_why(terminal: Terminal) -> None:
    task_id = made(terminal.api)
    claimed(terminal.api, task_id)

    ended = terminal.run("tasks", "cancel", task_id, "--reason", "not needed")

    assert ended.out == f"{task_id}  cancel_requested\n"
    assert shown(terminal.api, task_id)["cancel"]["reason"] == "not needed"


def test_a_move_from_another_state_is_a_conflict(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "resume", made(terminal.api))

    assert (ended.code, ended.err) == (
        5,
        "Error: the task is queued\n    fix  only a paused task can be resumed\n",
    )


def test_a_task_that_does_not_exist_is_not_found(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "pause", "NOPE")

    assert (ended.code, ended.err) == (3, "Error: there is no task 'NOPE'\n")


@pytest.mark.parametrize("task_id", ["", "../jobs", "a/b", "?", "é", "-"])
def test_what_cannot_be_an_id_is_not_asked_for(terminal: Terminal, task_id: str) -> None:
    assert terminal.run("tasks", "show", "--", task_id).code == 2
