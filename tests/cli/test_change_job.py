import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.documents import JOB_ID, RUN_ID, a_handed_firing, a_job, a_run
from tests.cli.stub import LOST, Asked, Told
from tests.cli.terminal import StubTerminal

HEALTH = ("--name", "health", "--every", "60s", "--prompt", "Summarize health")
JOB = f"/v1/jobs/{JOB_ID}"


def created(stub: StubTerminal, *words: str, sent: str = "") -> Asked:
    """Make a job on the command line; return what the API was asked."""
    stub.api.tells("POST", "/v1/jobs", a_job(), status=201)
    ended = stub.run("jobs", "create", *words, sent=sent)
    assert (ended.code, ended.out, ended.err) == (0, f"{JOB_ID}  enabled\n", "")
    return stub.api.asked[-1]


def edited(stub: StubTerminal, *words: str) -> Any:
    """Edit a job on the command line; return the body that was sent."""
    stub.api.tells("PATCH", JOB, a_job())
    assert stub.run("jobs", "edit", JOB_ID, *words).code == 0
    return stub.api.asked[-1].body


def test_a_new_job_is_sent_whole(stub: StubTerminal) -> None:
    asked = created(stub, *HEALTH, "--tool", "system.health", "--tool", "memory.search")

    assert asked.body == {
        "name": "health",
        "schedule": {"every": "60s"},
        "prompt": "Summarize health",
        "tools": ["system.health", "memory.search"],
    }


def test_a_new_job_may_run_once(stub: StubTerminal) -> None:
    when = ("--at", "2026-12-01T09:00:00+01:00", "--timezone", "Europe/Berlin")

    asked = created(stub, "--name", "launch", "--prompt", "x", *when)

    assert asked.body["schedule"] == {"at": when[1], "timezone": when[3]}


def test_a_new_job_may_run_at_times(stub: StubTerminal) -> None:
    when = ("--cron", "30 2 * * 1-5", "--timezone", "Europe/Berlin")

    asked = created(stub, "--name", "nightly", "--prompt", "x", *when)

    assert asked.body["schedule"] == {"cron": when[1], "timezone": when[3]}


@pytest.mark.parametrize("policy", ["forbid", "replace", "queue_one"])
def test_a_job_says_what_becomes_of_slots_that_meet(stub: StubTerminal, policy: str) -> None:
    assert created(stub, *HEALTH, "--concurrency", policy).body["concurrency"] == policy
    assert edited(stub, "--concurrency", policy) == {"concurrency": policy}


def test_a_policy_that_there_is_not_is_a_usage_error(stub: StubTerminal) -> None:
    ended = stub.run("jobs", "create", *HEALTH, "--concurrency", "allow")

    assert ended.code == 2
    assert "forbid" in ended.err
    assert not stub.api.asked


def test_a_prompt_may_be_in_a_file(stub: StubTerminal, tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Überblick\n", encoding="utf-8")
    words = (*HEALTH[:4], "--prompt", f"@{tmp_path / 'prompt.txt'}")

    assert created(stub, *words).body["prompt"] == "Überblick\n"


def test_a_prompt_may_come_from_stdin(stub: StubTerminal) -> None:
    assert created(stub, *HEALTH[:4], "--prompt", "-", sent="a\nb").body["prompt"] == "a\nb"


def test_a_new_job_as_json_is_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/jobs", a_job(), status=201)

    assert json.loads(stub.run("jobs", "create", *HEALTH, "--json").out) == a_job()


def test_a_job_whose_answer_was_lost_is_told_as_new(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/jobs", LOST, Told(200, a_job()))

    ended = stub.run("jobs", "create", *HEALTH)

    assert (ended.code, ended.out, ended.err) == (0, f"{JOB_ID}  enabled\n", "")


def test_a_key_that_made_a_job_before_says_so(stub: StubTerminal) -> None:
    stub.api.tells("POST", "/v1/jobs", a_job(), status=200)

    ended = stub.run("jobs", "create", *HEALTH, "--idempotency-key", "nightly")

    assert stub.api.asked[0].headers["idempotency-key"] == "nightly"
    assert ended.err == "made before: the idempotency key stands for this job\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "x", "--prompt", "x"], "one of --every, --cron and --at"),
        ([*HEALTH, "--cron", "@daily"], "one of --every, --cron and --at"),
        ([*HEALTH, "--at", "2026-12-01T09:00:00Z"], "one of --every, --cron and --at"),
        ([*HEALTH, "--timezone", "UTC"], "--timezone goes with --cron or --at"),
        (HEALTH[:4], "Missing option '--prompt'"),
        ([*HEALTH[:4], "--prompt", "@/nowhere/x"], "/nowhere/x cannot be read"),
        ([*HEALTH, "--idempotency-key", "ä"], "1 to 255 visible ASCII characters"),
        ([*HEALTH, "--idempotency-key", ""], "1 to 255 visible ASCII characters"),
    ],
)
def test_what_makes_no_job_is_a_usage_error(
    stub: StubTerminal, words: list[str], told: str
) -> None:
    ended = stub.run("jobs", "create", *words)

    assert (ended.code, ended.out, stub.api.asked) == (2, "", [])
    assert told in ended.err


def test_a_prompt_that_is_no_text_is_a_usage_error(stub: StubTerminal, tmp_path: Path) -> None:
    (tmp_path / "prompt").write_bytes(b"\xff")

    ended = stub.run("jobs", "create", *HEALTH[:4], "--prompt", f"@{tmp_path / 'prompt'}")

    assert (ended.code, "is not text in UTF-8" in ended.err) == (2, True)


def test_what_the_api_refuses_is_told_with_field_and_fix(stub: StubTerminal) -> None:
    detail, fix = "'5s' is not an interval that can be scheduled", "use an interval from 10s"
    fault = {"field": "schedule.every", "detail": detail, "fix": fix}
    stub.api.tells(
        "POST", "/v1/jobs", {"detail": detail, "fix": fix, "errors": [fault]}, status=422
    )

    ended = stub.run("jobs", "create", *HEALTH)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"Error: {detail}\n  field  schedule.every\n    fix  {fix}\n"


def test_only_what_is_named_is_changed(stub: StubTerminal) -> None:
    assert edited(stub, "--name", "nightly") == {"name": "nightly"}
    assert edited(stub, "--every", "5m") == {"schedule": {"every": "5m"}}
    assert edited(stub, "--cron", "@daily") == {"schedule": {"cron": "@daily"}}
    assert edited(stub, "--prompt", "x") == {"prompt": "x"}


def test_named_tools_replace_those_there_are(stub: StubTerminal) -> None:
    assert edited(stub, "--tool", "a", "--tool", "b") == {"tools": ["a", "b"]}


def test_tools_can_be_taken_away(stub: StubTerminal) -> None:
    assert edited(stub, "--no-tools") == {"tools": []}


def test_an_edit_may_ask_for_a_version(stub: StubTerminal) -> None:
    edited(stub, "--name", "x", "--if-version", "3")

    assert stub.api.asked[0].headers["if-match"] == '"3"'


def test_an_edit_of_another_version_is_a_conflict(stub: StubTerminal) -> None:
    stub.api.tells("PATCH", JOB, {"detail": "it has version 4"}, status=412)

    ended = stub.run("jobs", "edit", JOB_ID, "--name", "x", "--if-version", "3")

    assert (ended.code, ended.err) == (5, "Error: it has version 4\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say what to change"),
        (["--no-tools", "--tool", "t"], "--no-tools does not go with --tool"),
        (["--every", "5m", "--at", "2026-12-01T09:00:00Z"], "one of --every, --cron and --at"),
        (["--timezone", "UTC"], "--timezone goes with --cron or --at"),
    ],
)
def test_what_changes_nothing_is_a_usage_error(
    stub: StubTerminal, words: list[str], told: str
) -> None:
    ended = stub.run("jobs", "edit", JOB_ID, *words)

    assert (ended.code, stub.api.asked) == (2, [])
    assert told in ended.err


@pytest.mark.parametrize(("how", "state"), [("pause", "paused"), ("resume", "enabled")])
def test_a_move_tells_the_state_that_it_led_to(stub: StubTerminal, how: str, state: str) -> None:
    stub.api.tells("POST", f"{JOB}/{how}", a_job(state=state))

    assert stub.run("jobs", how, JOB_ID).out == f"{JOB_ID}  {state}\n"


def test_a_run_now_tells_its_task_and_how_to_follow_it(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/run", a_handed_firing(), status=202)

    ended = stub.run("jobs", "run", JOB_ID)

    assert (ended.code, ended.out) == (0, f"{RUN_ID}  handed\n")
    assert ended.err == f"follow it with `palyra runs watch {RUN_ID}`\n"


def test_a_key_that_ran_a_job_before_says_so(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/run", a_handed_firing(), status=200)

    ended = stub.run("jobs", "run", JOB_ID, "--idempotency-key", "nightly", "--json")

    assert json.loads(ended.out) == a_handed_firing()
    assert ended.err == "made before: the idempotency key stands for this firing\n"


def test_a_run_now_can_be_followed_at_once(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/run", a_handed_firing(), status=202)
    stub.api.tells("GET", f"/v1/runs/{RUN_ID}", a_run(state="failed", reason="no", result=None))

    ended = stub.run("jobs", "run", JOB_ID, "--watch")

    assert (ended.code, ended.out.splitlines()[-1]) == (1, f"{RUN_ID}  failed  no")


def test_a_timeout_goes_with_watching(stub: StubTerminal) -> None:
    assert stub.run("jobs", "run", JOB_ID, "--timeout", "5").code == 2


def test_a_run_now_of_a_paused_job_is_a_conflict(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{JOB}/run", {"detail": "the job is paused"}, status=409)

    assert stub.run("jobs", "run", JOB_ID).code == 5


def test_a_delete_without_a_terminal_needs_to_be_sure(stub: StubTerminal) -> None:
    ended = stub.run("jobs", "delete", JOB_ID, sent="y\n")

    assert (ended.code, ended.out, stub.api.asked) == (2, "", [])
    assert ended.err == "Error: deleting asks first, and stdin is no terminal\n    fix  say --yes\n"


def test_a_delete_that_is_sure_does_not_ask(stub: StubTerminal) -> None:
    stub.api.tells("DELETE", JOB, a_job(state="deleted"))

    assert stub.run("jobs", "delete", JOB_ID, "--yes").out == f"{JOB_ID}  deleted\n"


@pytest.mark.parametrize("verb", ["show", "edit", "pause", "resume", "run", "firings"])
def test_what_cannot_be_an_id_is_not_asked_for(stub: StubTerminal, verb: str) -> None:
    more = ["--name", "x"] if verb == "edit" else []

    assert (stub.run("jobs", verb, "../x", *more).code, stub.api.asked) == (2, [])
