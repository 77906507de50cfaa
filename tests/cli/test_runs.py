import json

from tests.cli.documents import JOB_ID, RUN_ID, TASK_ID, a_header, a_page, a_return, a_run
from tests.cli.terminal import StubTerminal


def test_a_terminal_gets_a_table_with_distances_in_time(stub: StubTerminal) -> None:
    live = a_header(id=TASK_ID, job_id=None, state="running", ended_at=None)
    stub.api.tells("GET", "/v1/runs", a_page(live, a_header()))

    assert stub.run("runs", "list", columns=80).out == (
        "ID                                       STATE        STARTED   ENDED\n"
        f"{TASK_ID}               ● running    59 s ago\n"
        f"{RUN_ID}  ✓ succeeded  59 s ago  58 s ago\n"
    )


def test_a_pipe_gets_plain_columns_with_exact_times(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/runs", a_page(a_header(state="failed", reason="TooManySteps")))

    assert stub.run("runs", "list").out.splitlines()[1] == (
        f"{RUN_ID}  failed  2026-11-22T11:59:00.250Z  2026-11-22T11:59:01.750Z  TooManySteps"
    )


def test_runs_of_a_job_are_asked_for(stub: StubTerminal) -> None:
    stub.api.tells("GET", "/v1/runs", a_page())

    ended = stub.run("runs", "list", "--job", JOB_ID, "--limit", "5")

    assert stub.api.asked[0].query == {"job": JOB_ID, "limit": "5"}
    assert (ended.out, ended.err) == ("", "no runs yet\n")


def test_what_cannot_be_a_job_is_not_asked_for(stub: StubTerminal) -> None:
    assert (stub.run("runs", "list", "--job", "a/b").code, stub.api.asked) == (2, [])


def test_a_run_is_shown_with_its_steps_and_result(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_run())

    assert stub.run("runs", "show", RUN_ID, columns=80).out == (
        f"id          {RUN_ID}\n"
        f"job         {JOB_ID}\n"
        "slot        1 m ago  2026-11-22 11:59:00 UTC\n"
        "state       ✓ succeeded\n"
        "provider    offline\n"
        "policies    default-dispatch-read-only\n"
        "policy set  fe764ec40e119c10\n"
        "started     59 s ago  2026-11-22 11:59:00 UTC\n"
        "ended       58 s ago  2026-11-22 11:59:01 UTC\n"
        "took        1.5 s\n"
        "prompt      Summarize health\n"
        "\n"
        "STEP  AT        KIND   WHAT\n"
        "1     59 s ago  model  calls system.health {}\n"
        '2     59 s ago  tool   system.health returns {"healthy": true}\n'
        "3     58 s ago  model  answers: All is well.\\nNothing waits.\n"
        "\n"
        "All is well.\n"
        "Nothing waits.\n"
    )


def test_a_tool_that_failed_says_so(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_run(steps=[a_return(ok=False)]))

    assert "system.health fails" in stub.run("runs", "show", RUN_ID, columns=80).out


def test_a_result_cannot_steer_the_terminal(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_run(result="\x1b[2J[bold]x\ny"))

    assert stub.run("runs", "show", RUN_ID, columns=80).out.endswith("\n\\x1b[2J[bold]x\ny\n")


def test_a_run_as_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_run())

    assert json.loads(stub.run("runs", "show", RUN_ID, "--json").out) == a_run()
