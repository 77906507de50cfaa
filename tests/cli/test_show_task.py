import json

from tests.cli.terminal import Terminal
from tests.functions.http.tasks import claimed, made, moved, performed
from tests.support.world import MINUTE


def a_failed_task(terminal: Terminal) -> str:
    """Make a task whose two attempts failed; return its id."""
    task_id = made(terminal.api, max_attempts=2, expires_at="2026-11-23T12:00:00Z")
    for _ in range(2):
        performed(terminal.api, task_id, max_steps=2)
        terminal.api.world.clock.move(MINUTE)
    return task_id


def test_a_terminal_gets_what_there_is_with_its_attempts(terminal: Terminal) -> None:
    task_id = a_failed_task(terminal)

    assert terminal.run("tasks", "show", task_id, columns=80).out == (
        f"id            {task_id}\n"
        "kind          background_prompt\n"
        "state         ✗ failed\n"
        "reason        TooManySteps: no answer after 2 steps\n"
        "lane          normal\n"
        "priority      0\n"
        "created       2 m ago  2026-11-22 12:00:00 UTC\n"
        "not before    1 m ago  2026-11-22 12:00:10 UTC\n"
        "expires       in 23 h  2026-11-23 12:00:00 UTC\n"
        "started       2 m ago  2026-11-22 12:00:00 UTC\n"
        "finished      1 m ago  2026-11-22 12:01:00 UTC\n"
        f"run           {task_id}\n"
        "max attempts  2\n"
        'payload       {"prompt": "Summarize health", "tools": ["system.health"]}\n'
        "\n"
        "ATTEMPT  STATE     STARTED  ENDED    REASON\n"
        "1        ✗ failed  2 m ago  2 m ago  TooManySteps: no answer after 2 steps\n"
        "2        ✗ failed  1 m ago  1 m ago  TooManySteps: no answer after 2 steps\n"
    )


def test_a_pipe_gets_every_name_even_of_what_is_nothing(terminal: Terminal) -> None:
    told = terminal.run("tasks", "show", made(terminal.api)).out

    names = {line.partition("  ")[0] for line in told.splitlines()}
    assert {"outcome", "expires", "cancel", "parent", "run"} <= names
    assert "expires       -\n" in told


def test_json_is_the_apis_own_task(terminal: Terminal) -> None:
    task_id = a_failed_task(terminal)

    told = json.loads(terminal.run("tasks", "show", task_id, "--json").out)

    assert told == terminal.api.get(f"/v1/tasks/{task_id}").body


def test_a_request_to_stop_is_shown_with_its_reason(terminal: Terminal) -> None:
    task_id = made(terminal.api)
    claimed(terminal.api, task_id)
    moved(terminal.api, task_id, "cancel")

    told = terminal.run("tasks", "show", task_id, columns=80).out

    assert "state         ● cancel_requested\n" in told
    assert "asked 2026-11-22T12:00:00Z: cancelled by an operator\n" in told


def test_a_firing_is_shown_with_its_outcome(terminal: Terminal) -> None:
    run = terminal.api.run(terminal.api.job())

    assert "outcome       fired\n" in terminal.run("tasks", "show", run, columns=80).out


def test_what_steers_a_terminal_is_written_out(terminal: Terminal) -> None:
    task_id = made(terminal.api)
    terminal.api.post(f"/v1/tasks/{task_id}/cancel", {"reason": "\x1b[2J\nstate  succeeded\u202e"})

    told = terminal.run("tasks", "show", task_id, columns=80).out

    assert "reason        \\x1b[2J\\nstate  succeeded\\u202e\n" in told


def test_what_looks_like_markup_is_text(terminal: Terminal) -> None:
    task_id = made(terminal.api, payload={"prompt": "[bold]x[/bold]"})

    assert "[bold]x[/bold]" in terminal.run("tasks", "show", task_id, columns=80).out
