import json

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.task import Lane, State
from cli.heartbeats import KINDS
from cli.tasks import LANES, STATES
from tests.cli.terminal import Terminal
from tests.functions.http.tasks import claimed, made, moved, performed
from tests.support.world import MINUTE


def some_tasks(terminal: Terminal) -> list[str]:
    """Make a task that succeeded, one that runs and one that waits; return their ids."""
    done = made(terminal.api)
    performed(terminal.api, done)
    terminal.api.world.clock.move(90 * MINUTE)
    running = made(terminal.api, priority=1)
    claimed(terminal.api, running)
    terminal.api.world.clock.move(MINUTE / 2)
    return [made(terminal.api), running, done]


def test_a_terminal_gets_a_table_with_distances_in_time(terminal: Terminal) -> None:
    queued, running, done = some_tasks(terminal)

    assert terminal.run("tasks", "list", columns=80).out == (
        f"ID                          STATE        CREATED   LANE    KIND\n"
        f"{queued}  ○ queued     now       normal  background_prompt\n"
        f"{running}  ● running    30 s ago  high    background_prompt\n"
        f"{done}  ✓ succeeded  1 h ago   normal  background_prompt\n"
    )


def test_a_pipe_gets_plain_columns_with_exact_times(terminal: Terminal) -> None:
    queued, running, done = some_tasks(terminal)

    assert terminal.run("tasks", "list").out == (
        f"ID                          STATE      CREATED               LANE    KIND\n"
        f"{queued}  queued     2026-11-22T13:30:30Z  normal  background_prompt\n"
        f"{running}  running    2026-11-22T13:30:00Z  high    background_prompt\n"
        f"{done}  succeeded  2026-11-22T12:00:00Z  normal  background_prompt\n"
    )


def test_json_is_the_apis_own_page(terminal: Terminal) -> None:
    some_tasks(terminal)

    told = json.loads(terminal.run("tasks", "list", "--json").out)

    assert told == terminal.api.get("/v1/tasks").body


def test_a_narrow_terminal_loses_the_last_columns_and_no_id(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    assert terminal.run("tasks", "list", columns=50).out == (
        f"ID                          STATE     CREATED\n{task_id}  ○ queued  now\n"
    )


def test_a_column_that_nearly_fits_is_shortened(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    assert terminal.run("tasks", "list", columns=65).out.splitlines()[1] == (
        f"{task_id}  ○ queued  now      normal  backgroun…"
    )


def test_a_terminal_that_knows_no_icons_gets_words(terminal: Terminal) -> None:
    task_id = made(terminal.api)

    told = terminal.run("tasks", "list", columns=80, encoding="ascii")

    assert told.out.splitlines()[1].startswith(f"{task_id}  queued  now")


def test_without_tasks_nothing_is_data(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "list")

    assert (ended.code, ended.out, ended.err) == (0, "", "no tasks\n")


def test_tasks_of_a_state_and_a_lane_are_listed_alone(terminal: Terminal) -> None:
    _queued, running, _done = some_tasks(terminal)

    told = terminal.run("tasks", "list", "--state", "running", "--lane", "high").out

    assert [line.split()[0] for line in told.splitlines()[1:]] == [running]


def test_children_are_listed_with_their_parent(terminal: Terminal) -> None:
    parent = made(terminal.api)
    child = made(terminal.api, parent=parent)

    assert child in terminal.run("tasks", "list", "--parent", parent, columns=80).out


def test_a_limit_says_that_there_are_more(terminal: Terminal) -> None:
    queued, _running, _done = some_tasks(terminal)

    ended = terminal.run("tasks", "list", "--limit", "1")

    assert [line.split()[0] for line in ended.out.splitlines()[1:]] == [queued]
    assert ended.err == "there are more: use --limit or --all\n"


def test_a_limit_of_more_than_a_page_is_kept(terminal: Terminal) -> None:
    for _ in range(3):
        made(terminal.api)

    told = json.loads(terminal.run("tasks", "list", "--limit", "1000", "--json").out)

    assert (len(told["items"]), told["next"]) == (3, None)


def test_all_are_all(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.client._MOST_A_PAGE", 2)
    ids = [made(terminal.api) for _ in range(5)]

    told = json.loads(terminal.run("tasks", "list", "--all", "--json").out)

    assert {task["id"] for task in told["items"]} == set(ids)
    assert (len(told["items"]), told["next"]) == (5, None)


def test_what_can_be_chosen_is_what_the_api_knows() -> None:
    assert set(STATES) == {*State, "cancel_requested"}
    assert set(LANES) == set(Lane)
    assert set(KINDS) == set(WorkHeartbeatKind)


def test_an_unknown_state_is_a_usage_error_that_names_the_states(terminal: Terminal) -> None:
    ended = terminal.run("tasks", "list", "--state", "done")

    assert ended.code == 2
    assert "'cancel_requested'" in ended.err


def test_a_state_may_be_asked_for_while_pages_are_short(terminal: Terminal) -> None:
    task_id = made(terminal.api)
    moved(terminal.api, task_id, "pause")

    told = terminal.run("tasks", "list", "--state", "paused", "--limit", "1").out

    assert task_id in told
