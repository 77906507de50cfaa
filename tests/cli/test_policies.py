import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.documents import (
    TASK_ID,
    a_dry_run,
    a_version,
    an_active_version,
    an_explanation,
)
from tests.cli.stub import LOST, Told
from tests.cli.terminal import StubTerminal

STOP = '@id("stop") forbid (principal, action, resource);\n'
ROUTES = "/v1/policies"
SUMMARY = {"id": "stop", "effect": "forbid", "line": 1, "hint": None}


def test_versions_are_listed_with_who_wrote_them_and_why(stub: StubTerminal) -> None:
    stub.api.tells("GET", ROUTES, {"items": [a_version()], "next": None})

    head, line = stub.run("policies", "list").out.splitlines()

    assert head.split() == ["VERSION", "CREATED", "AUTHOR", "NOTE", "SHA256"]
    told = ["3", "2026-11-22T11:58:00Z", "token:laptop", "an", "outage", "7" * 16]
    assert line.split() == told


def test_no_versions_are_told_as_the_defaults_alone(stub: StubTerminal) -> None:
    stub.api.tells("GET", ROUTES, {"items": [], "next": None})

    assert stub.run("policies", "list").err == "no versions: the defaults decide alone\n"


def test_a_version_is_shown_with_its_text(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{ROUTES}/3", a_version(text=STOP))

    shown = stub.run("policies", "show", "3").out

    assert "an outage" in shown
    assert shown.endswith(f"\n\n{STOP}")


def test_what_is_active_is_shown_where_no_version_is_named(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{ROUTES}/active", an_active_version())

    shown = stub.run("policies", "show").out

    assert "774ee458560d50e9" in shown
    assert STOP in shown
    assert json.loads(stub.run("policies", "show", "--json").out) == an_active_version()


def test_a_draft_in_a_file_is_checked(stub: StubTerminal, tmp_path: Path) -> None:
    (tmp_path / "p.cedar").write_text(STOP)
    stub.api.tells("POST", f"{ROUTES}/validate", {"policies": [SUMMARY]})

    ended = stub.run("policies", "check", str(tmp_path / "p.cedar"))

    assert stub.api.asked[-1].body == {"text": STOP}
    assert ended.out.splitlines()[1].split() == ["stop", "forbid", "1", "-"]


def test_a_malformed_draft_is_told_with_line_and_fix(stub: StubTerminal) -> None:
    fault = {"field": "text", "detail": "line 2, column 1: no", "fix": "end it with ;"}
    problem = {"detail": "the policies have a fault", "errors": [fault]}
    stub.api.tells("POST", f"{ROUTES}/validate", problem, status=422)

    ended = stub.run("policies", "check", "-", sent="permit")

    assert ended.code == 1
    assert "line 2, column 1: no" in ended.err
    assert "end it with ;" in ended.err


def test_a_new_version_is_sent_whole_and_told(stub: StubTerminal) -> None:
    stub.api.tells("POST", ROUTES, a_version(text=STOP), status=201)

    ended = stub.run("policies", "create", "-", "--note", "why", sent=STOP)

    assert stub.api.asked[-1].body == {"text": STOP, "note": "why"}
    assert (ended.code, ended.out) == (0, "version 3\n")
    assert "palyra policies dry-run --version 3" in ended.err


def test_a_new_version_whose_answer_was_lost_is_asked_for_again(stub: StubTerminal) -> None:
    stub.api.tells("POST", ROUTES, LOST, Told(200, a_version(text=STOP)))

    ended = stub.run("policies", "create", "-", "--idempotency-key", "once", sent=STOP)

    assert ended.out == "version 3\n"
    assert [asked.headers["idempotency-key"] for asked in stub.api.asked] == ["once", "once"]
    assert "made before" in ended.err


@pytest.mark.parametrize(
    ("words", "path"), [(["activate", "3"], "/3/activate"), (["rollback"], "/rollback")]
)
def test_an_activation_may_ask_for_the_one_that_was_seen(
    stub: StubTerminal, words: list[str], path: str
) -> None:
    stub.api.tells("POST", ROUTES + path, an_active_version())

    assert stub.run("policies", *words).out == "version 3  active\n"
    assert "if-match" not in stub.api.asked[-1].headers
    stub.run("policies", *words, "--if-number", "2")
    assert stub.api.asked[-1].headers["if-match"] == '"2"'


def test_an_activation_that_was_overtaken_is_a_conflict(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTES}/3/activate", {"detail": "version 4 was"}, status=412)

    assert stub.run("policies", "activate", "3", "--if-number", "2").code == 5


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["-"], {"text": STOP, "limit": 200}),
        (["--version", "0", "--limit", "7"], {"version": 0, "limit": 7}),
    ],
)
def test_a_dry_run_tells_what_would_differ(
    stub: StubTerminal, words: list[str], body: dict[str, Any]
) -> None:
    stub.api.tells("POST", f"{ROUTES}/dry-run", a_dry_run())

    told = stub.run("policies", "dry-run", *words, sent=STOP).out

    assert stub.api.asked[-1].body == body
    assert told.startswith("1 of 42 decisions would differ\n")
    assert TASK_ID in told
    assert "delete_job" in told


@pytest.mark.parametrize("words", [[], ["-", "--version", "1"]])
def test_a_dry_run_of_nothing_or_two_things_is_a_usage_error(
    stub: StubTerminal, words: list[str]
) -> None:
    assert stub.run("policies", "dry-run", *words).code == 2


def test_an_explanation_tells_reason_missing_grants_and_policies(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTES}/explain", an_explanation())

    told = stub.run("policies", "explain", "delete_job", "--role", "viewer").out

    assert stub.api.asked[-1].body == {"action": "delete_job", "role": "viewer"}
    for words in ("refused", "policy.default_deny", "role:operator or role:admin", "ask in #ops"):
        assert words in told


def test_answers_as_json_are_the_apis_own(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTES}/explain", an_explanation())
    stub.api.tells("POST", f"{ROUTES}/dry-run", a_dry_run())
    stub.api.tells("POST", f"{ROUTES}/validate", {"policies": [SUMMARY]})

    assert json.loads(stub.run("policies", "explain", "x", "--json").out) == an_explanation()
    assert json.loads(stub.run("policies", "dry-run", "-", "--json", sent=STOP).out) == a_dry_run()
    assert json.loads(stub.run("policies", "check", "-", "--json", sent=STOP).out) == {
        "policies": [SUMMARY]
    }


def test_a_file_that_cannot_be_read_is_a_usage_error(stub: StubTerminal, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\xff")
    for name, told in (("/nowhere/p", "/nowhere/p cannot be read"), (tmp_path / "p", "UTF-8")):
        ended = stub.run("policies", "check", str(name))
        assert (ended.code, told in ended.err, stub.api.asked) == (2, True, [])
