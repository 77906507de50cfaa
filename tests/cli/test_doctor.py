import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.background.task import TaskRef
from tests.cli.documents import TASK_ID, a_change, a_finding, an_examination
from tests.cli.stub import NOT_FOUND, Told
from tests.cli.terminal import StubTerminal, Terminal
from tests.healing.doctor import plants
from tests.support.stage import Stage, a_stage

ROUTE, FIX_ID = "/v1/doctor", "01M81J18G0BBBBBBBBBBBBBBBB"
BAD = a_finding(verdict="failed", seen="it broke", evidence=["it broke"])
SEEN = an_examination(verdict="failed", findings=[BAD], changes=[a_change()])
MENDED = an_examination(
    task_id=FIX_ID,
    mode="fix",
    run=TASK_ID,
    findings=[a_finding(verdict="ok", means=None, fix=None)],
    changes=[a_change(outcome="done", told="RecursiveLoop is Allow")],
)


def a_task(state: str = "running", task_id: str = TASK_ID, **fields: Any) -> dict[str, Any]:
    return {"id": task_id, "state": state, "reason": None} | fields


def asked(stub: StubTerminal, *answers: Any, task: dict[str, Any] | None = None) -> None:
    stub.api.tells("POST", ROUTE, a_task("queued"), status=202)
    stub.api.tells("GET", f"{ROUTE}/{TASK_ID}", *answers)
    stub.api.tells("GET", f"/v1/tasks/{TASK_ID}", task or a_task())


def mended(stub: StubTerminal, done: dict[str, Any] = MENDED) -> None:
    asked(stub, SEEN)
    stub.api.tells("POST", f"{ROUTE}/{TASK_ID}/fix", a_task("queued", FIX_ID), status=202)
    stub.api.tells("GET", f"{ROUTE}/{FIX_ID}", done)
    stub.api.tells("GET", f"/v1/tasks/{FIX_ID}", a_task(task_id=FIX_ID))


def test_a_healthy_stage_is_told_in_few_lines_and_ends_with_0(stub: StubTerminal) -> None:
    under_way = an_examination(complete=False, verdict=None)
    asked(stub, NOT_FOUND, under_way, an_examination(findings=[a_finding(verdict="ok")]))
    ended = stub.run("doctor", columns=100)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("verdict       ✓ ok\nchecks        1 ok\n")
    assert "functions.recursion" not in ended.out
    assert "functions.recursion" in stub.run("doctor", "--all").out


def test_what_is_wrong_is_told_with_what_it_means_the_fix_and_the_plan(stub: StubTerminal) -> None:
    asked(stub, SEEN)
    ended = stub.run("doctor", columns=100)
    assert ended.code == 1
    for told in ("saw    it broke", "means  It is bad.", "fix    do this", "○ planned"):
        assert told in ended.out
    assert "`palyra doctor --fix` makes these changes" in ended.err
    assert len(stub.api.orders()) == 1


@pytest.mark.parametrize(
    ("verdict", "flags", "code"),
    [
        ("ok", (), 0),
        ("unknown", ("--strict",), 0),
        ("warning", (), 0),
        ("warning", ("--strict",), 1),
        ("failed", (), 1),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_exit_code_says_whether_something_failed(
    stub: StubTerminal, form: tuple[str, ...], verdict: str, flags: tuple[str, ...], code: int
) -> None:
    seen = an_examination(verdict=verdict, findings=[a_finding(verdict=verdict)])
    asked(stub, seen)
    ended = stub.run("doctor", *flags, *form)
    assert ended.code == code
    if form:
        assert json.loads(ended.out) == seen


def test_options_become_the_order(stub: StubTerminal) -> None:
    asked(stub, an_examination())
    stub.run("doctor", "--only", "tables", "--only", "gate", "--skip", "x", "--since", "2h")
    (order,) = stub.api.orders()
    assert order.body == {
        "only": ["tables", "gate"],
        "skip": ["x"],
        "since": "2026-11-22T10:00:00Z",
    }


def test_a_check_that_does_not_exist_is_a_usage_error(stub: StubTerminal) -> None:
    problem = {"status": 422, "detail": "there is no check", "errors": []}
    stub.api.tells("POST", ROUTE, Told(422, problem))
    assert stub.run("doctor", "--only", "tabels").code == 2


def test_a_dry_run_shows_the_plan_alone(stub: StubTerminal) -> None:
    asked(stub, SEEN)
    ended = stub.run("doctor", "--fix", "--dry-run", "--yes")
    assert (ended.code, "planned" in ended.out) == (1, True)
    assert len(stub.api.orders()) == 1


def test_a_fix_is_made_after_the_plan_was_shown_and_ends_with_what_is_left(
    stub: StubTerminal,
) -> None:
    mended(stub)
    ended = stub.run("doctor", "--fix", "--yes")
    assert ended.code == 0
    assert ended.out.index("planned") < ended.out.index("done")
    assert f"palyra doctor undo {FIX_ID}" in ended.err
    assert [order.path for order in stub.api.orders()] == [ROUTE, f"{ROUTE}/{TASK_ID}/fix"]


def test_a_fix_asks_first(stub: StubTerminal) -> None:
    mended(stub)
    ended = stub.run("doctor", "--fix", sent="y\n")
    assert ended.code == 2
    assert "say --yes" in ended.err  # In a pipe nobody can answer.
    assert len(stub.api.orders()) == 1
    assert stub.run("doctor", "--fix", "--json").code == 2


def test_a_fix_that_failed_ends_with_1(stub: StubTerminal) -> None:
    failed = a_change(outcome="failed", told="it may not")
    mended(stub, MENDED | {"verdict": "failed", "changes": [failed]})
    assert stub.run("doctor", "--fix", "--yes").code == 1


def test_json_of_a_fix_is_the_fixs(stub: StubTerminal) -> None:
    mended(stub)
    ended = stub.run("doctor", "--fix", "--yes", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, MENDED)


def test_what_cannot_be_mended_is_told(stub: StubTerminal) -> None:
    asked(stub, SEEN | {"changes": []})
    ended = stub.run("doctor", "--fix", "--yes")
    assert ended.code == 1
    assert "nothing of it can be mended" in ended.err


def test_a_lane_that_stands_still_is_told(stub: StubTerminal) -> None:
    asked(stub, NOT_FOUND, task=a_task("queued"))
    ended = stub.run("doctor", "--timeout", "10")
    assert (ended.code, sum(stub.waits)) == (69, 10)
    assert "the lane high stands still" in ended.err


def test_an_examination_that_ended_otherwise_is_told(stub: StubTerminal) -> None:
    asked(stub, NOT_FOUND, task=a_task("failed", reason="it broke"))
    ended = stub.run("doctor")
    assert ended.code == 1
    assert "the examination ended failed: it broke" in ended.err


def test_an_undo_says_what_was_put_back(stub: StubTerminal) -> None:
    back = MENDED | {"mode": "undo", "run": FIX_ID, "verdict": "failed", "findings": [BAD]}
    stub.api.tells("POST", f"{ROUTE}/{FIX_ID}/undo", a_task("queued"), status=202)
    stub.api.tells("GET", f"{ROUTE}/{TASK_ID}", back)
    ended = stub.run("doctor", "undo", FIX_ID)
    assert (ended.code, "done" in ended.out) == (0, True)


def test_the_ledger_is_asked_for_alone(stub: StubTerminal) -> None:
    asked(stub, an_examination(findings=[a_finding(key="ledger.consistent", verdict="ok")]))
    ended = stub.run("doctor", "ledger", "--since", "24h")
    assert (ended.code, "ledger.consistent" in ended.out) == (0, True)
    (order,) = stub.api.orders()
    assert order.body == {"only": ["ledger.consistent"], "since": "2026-11-21T12:00:00Z"}


# With the real API, on a stage where something is wrong.


@pytest.fixture
def stage(terminal: Terminal) -> Iterator[Stage]:
    with a_stage(terminal.api.world) as made:

        def work(seconds: float) -> None:
            made.world.clock.move(timedelta(seconds=seconds))
            for task in made.world.services.worker.work.newest("main#tasks", None, 10):
                made.world.services.handle(TaskRef.of("main", task.ref.id))

        terminal.while_waiting = work
        yield made


def test_the_real_doctor_finds_mends_and_puts_back(terminal: Terminal, stage: Stage) -> None:
    plants.a_guard(stage)
    seen = terminal.run("doctor", "--only", "functions")
    assert (seen.code, "worker_low: RecursiveLoop is Terminate" in seen.out) == (1, True)
    done = terminal.run("doctor", "--only", "functions", "--fix", "--yes", "--json")
    fix = json.loads(done.out)
    assert (done.code, fix["changes"][0]["outcome"]) == (0, "done")
    assert terminal.run("doctor", "--only", "functions.recursion").code == 0
    back = terminal.run("doctor", "undo", fix["task_id"])
    assert (back.code, "RecursiveLoop of worker_low is Terminate" in back.out) == (0, True)
    assert terminal.run("doctor", "--only", "functions.recursion").code == 1
    listed = terminal.run("doctor", "list", "--json")
    assert [each["mode"] for each in json.loads(listed.out)["items"]] == [
        *("look", "undo", "look", "fix", "look", "look")
    ]
    assert "functions.recursion" in terminal.run("doctor", "show", fix["task_id"]).out
    assert "tables.schema" in terminal.run("doctor", "checks").out
    assert terminal.run("doctor", "--only", "tabels").code == 2


@pytest.mark.parametrize(("answer", "code", "orders"), [("y\n", 0, 2), ("n\n", 1, 1), ("", 1, 1)])
def test_a_person_is_asked_before_anything_is_changed(
    stub: StubTerminal, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, orders: int
) -> None:
    mended(stub)
    monkeypatch.setattr("cli.asking.sys", SimpleNamespace(stdin=_Keyboard(answer)))
    ended = stub.run("doctor", "--fix", columns=100)
    assert (ended.code, len(stub.api.orders())) == (code, orders)
    assert "Make 1 change? [y/N]" in ended.err


class _Keyboard(StringIO):
    """What a person types at a terminal."""

    def isatty(self) -> bool:
        return True
