import json
from typing import Any

import pytest

from chalicelib.background.task import State
from cli.watch import UNFINISHED
from tests.cli.documents import (
    JOB_ID,
    RUN_ID,
    TASK_ID,
    a_call,
    a_header,
    a_live_run,
    a_page,
    a_return,
    a_run,
)
from tests.cli.stub import LOST, NOT_FOUND, Told
from tests.cli.terminal import StubTerminal

RUN = f"/v1/runs/{RUN_ID}"
TASK = f"/v1/tasks/{RUN_ID}"


def a_task(state: str, reason: str = "") -> dict[str, Any]:
    return {"id": RUN_ID, "state": state, "reason": reason}


def events(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_steps_are_told_as_they_come(stub: StubTerminal) -> None:
    stub.api.tells("GET", TASK, a_task("queued"))
    answers = [NOT_FOUND, a_live_run(), a_live_run(a_call()), a_live_run(a_call()), a_run()]
    stub.api.tells("GET", RUN, *answers)

    ended = stub.run("runs", "watch", RUN_ID, columns=80)

    assert ended.code == 0
    assert ended.out == (
        f"{RUN_ID}  ○ queued\n"
        f"{RUN_ID}  ● running\n"
        "  1  11:59:00  model  calls system.health {}\n"
        '  2  11:59:01  tool   system.health returns {"healthy": true}\n'
        "  3  11:59:01  model  answers: All is well.\\nNothing waits.\n"
        f"{RUN_ID}  ✓ succeeded\n"
        "\n"
        "All is well.\n"
        "Nothing waits.\n"
    )


def test_a_step_takes_one_line_of_a_terminal(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, a_run())

    shown = stub.run("runs", "watch", RUN_ID, columns=40).out

    assert "  3  11:59:01  model  answers: All is w…\n" in shown


def test_json_is_an_event_a_line(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, a_live_run(a_call()), a_run(steps=[a_call(), a_return()]))

    ended = stub.run("runs", "watch", RUN_ID, "--json")

    result = "All is well.\nNothing waits."
    assert events(ended.out) == [
        {"event": "state", "run_id": RUN_ID, "state": "running"},
        {"event": "step", "run_id": RUN_ID, "step": a_call()},
        {"event": "step", "run_id": RUN_ID, "step": a_return()},
        {"event": "end", "run_id": RUN_ID, "state": "succeeded", "reason": None, "result": result},
    ]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_run_that_fails_ends_with_1(stub: StubTerminal, more: tuple[str, ...]) -> None:
    stub.api.tells("GET", RUN, a_run(state="failed", reason="TooManySteps", steps=[], result=None))

    ended = stub.run("runs", "watch", RUN_ID, *more)

    assert (ended.code, "TooManySteps" in ended.out) == (1, True)


def test_what_does_not_change_is_asked_for_less_and_less_often(stub: StubTerminal) -> None:
    live = a_live_run()
    stub.api.tells("GET", RUN, *[live] * 5, a_live_run(a_call()), a_run())

    stub.run("runs", "watch", RUN_ID)

    assert stub.waits == [1, 2, 4, 5, 5, 1]
    tags = [asked.headers.get("if-none-match") for asked in stub.api.asked]
    assert tags[0] is None
    assert len(set(tags[1:5])) == 1


def test_a_timeout_ends_the_watching_and_not_the_run(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, a_live_run())

    ended = stub.run("runs", "watch", RUN_ID, "--timeout", "5")

    assert (ended.code, stub.waits) == (69, [1, 2, 2])
    assert ended.err == (
        "Error: it has not ended within 5 s, and goes on\n    fix  wait longer with --timeout\n"
    )


def test_a_task_that_ends_without_a_run_is_told(stub: StubTerminal) -> None:
    stub.api.tells("GET", TASK, a_task("queued"), a_task("closed", "Forbid: the last one runs"))

    ended = stub.run("runs", "watch", RUN_ID)

    assert ended.code == 1
    assert ended.out == f"{RUN_ID}  queued\n{RUN_ID}  closed  Forbid: the last one runs\n"


def test_a_run_that_came_and_went_between_two_looks_is_told_whole(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, NOT_FOUND, a_run())
    stub.api.tells("GET", TASK, a_task("succeeded"))

    ended = stub.run("runs", "watch", RUN_ID)

    assert (ended.code, stub.waits) == (0, [])
    assert "calls system.health" in ended.out


def test_the_end_of_a_task_is_not_lost_in_a_silence(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, NOT_FOUND, LOST, NOT_FOUND)
    stub.api.tells("GET", TASK, a_task("cancelled"))

    ended = stub.run("runs", "watch", RUN_ID, "--timeout", "60")

    assert (ended.code, ended.out) == (1, f"{RUN_ID}  cancelled\n")


def test_what_is_neither_run_nor_task_is_not_found(stub: StubTerminal) -> None:
    ended = stub.run("runs", "watch", RUN_ID)

    assert (ended.code, ended.out) == (3, "")


def test_a_short_silence_is_borne(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, LOST, Told(503, {"detail": "x"}), LOST, a_run())

    assert stub.run("runs", "watch", RUN_ID).code == 0


def test_a_long_silence_is_told(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, LOST)

    ended = stub.run("runs", "watch", RUN_ID)

    assert (ended.code, len(stub.waits)) == (69, 3)
    assert "does not answer" in ended.err


def test_an_interrupt_says_how_to_go_on(stub: StubTerminal) -> None:
    stub.api.tells("GET", RUN, a_live_run())

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    stub.while_waiting = interrupt
    ended = stub.run("runs", "watch", RUN_ID)

    assert f"it goes on: `palyra runs watch {RUN_ID}` follows it again\n" in ended.err


def test_without_an_id_it_is_the_newest_under_way(stub: StubTerminal) -> None:
    live = a_header(state="running", ended_at=None)
    stub.api.tells("GET", "/v1/runs", a_page(a_header(id=TASK_ID), live))
    stub.api.tells("GET", RUN, a_run())

    ended = stub.run("runs", "watch")

    assert (ended.code, ended.out.splitlines()[0].split()[0]) == (0, "1")
    assert stub.api.asked[-1].path == RUN


def test_without_one_under_way_it_is_the_next_of_the_job(stub: StubTerminal) -> None:
    before = a_header(id=TASK_ID)
    stub.api.tells("GET", "/v1/runs", a_page(before), a_page(before), a_page(a_header(), before))
    stub.api.tells("GET", RUN, a_run())

    ended = stub.run("runs", "watch", "--job", JOB_ID)

    assert (ended.code, stub.waits) == (0, [1, 2])
    assert ended.err == "no run is under way: waiting for the next\n"
    assert stub.api.asked[0].query["job"] == JOB_ID


def test_the_wait_for_a_run_counts_towards_the_timeout(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/runs", a_page(), a_page(a_header(state="running")))
    stub.api.tells("GET", RUN, a_live_run())

    ended = stub.run("runs", "watch", "--timeout", "4")

    assert (ended.code, sum(stub.waits)) == (69, 4)


def test_one_run_is_watched_at_a_time(stub: StubTerminal) -> None:
    assert stub.run("runs", "watch", RUN_ID, "--job", JOB_ID).code == 2


def test_what_is_unfinished_is_what_the_api_says_is() -> None:
    open_states = {state for state in State if not state.is_terminal}

    assert open_states | {"cancel_requested"} == UNFINISHED
