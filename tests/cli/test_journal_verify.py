import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.background.task import TaskRef
from chalicelib.journal.store import JournalRow
from tests.cli.documents import TASK_ID, a_trouble, a_verification
from tests.cli.stub import NOT_FOUND
from tests.cli.terminal import StubTerminal, Terminal
from tests.journal.events import an_event, append

VERIFY = "/v1/journal/verify"


def a_task(state: str = "running", **fields: Any) -> dict[str, Any]:
    return {"id": TASK_ID, "state": state, "reason": None} | fields


def asked(stub: StubTerminal, *answers: Any, task: dict[str, Any] | None = None) -> None:
    stub.api.tells("POST", VERIFY, a_task("queued"), status=202)
    stub.api.tells("GET", f"{VERIFY}/{TASK_ID}", *answers)
    stub.api.tells("GET", f"/v1/tasks/{TASK_ID}", task or a_task())


def test_a_journal_that_holds_is_told_with_what_was_looked_at(stub: StubTerminal) -> None:
    begun = a_verification(complete=False, holds=None, unsealed=None)
    asked(stub, NOT_FOUND, begun, a_verification())

    ended = stub.run("journal", "verify", columns=80)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "journal   ✓ holds\n"
        "events    1204\n"
        "seals     12\n"
        "sealed    2 m ago  2026-11-22 11:58:00 UTC\n"
        "unsealed  3\n"
        "payloads  2\n"
        "runs      40\n"
    )


def test_a_journal_that_does_not_hold_ends_with_1_and_says_where(stub: StubTerminal) -> None:
    asked(stub, a_verification(holds=False, trouble_count=1, troubles=[a_trouble()]))

    ended = stub.run("journal", "verify", columns=80)

    assert ended.code == 1
    assert ended.out.startswith("journal   ✗ broken\n")
    assert ended.out.endswith(
        "\nSTREAM        SEQ  PROVEN  WHAT\nmain#audit#3  17   12      the link\n"
    )


@pytest.mark.parametrize("holds", [True, False])
def test_json_is_the_apis_own_and_ends_alike(stub: StubTerminal, *, holds: bool) -> None:
    found = a_verification(holds=holds)
    asked(stub, found)
    ended = stub.run("journal", "verify", "--json")
    assert (ended.code, json.loads(ended.out)) == (0 if holds else 1, found)


def test_a_verification_that_ended_otherwise_is_told(stub: StubTerminal) -> None:
    asked(stub, NOT_FOUND, task=a_task("failed", reason="it broke"))
    ended = stub.run("journal", "verify")
    assert ended.code == 1
    assert "the verification ended failed: it broke" in ended.err


def test_it_is_not_waited_for_beyond_the_timeout(stub: StubTerminal) -> None:
    asked(stub, NOT_FOUND)
    assert (stub.run("journal", "verify", "--timeout", "10").code, sum(stub.waits)) == (69, 10)


@pytest.mark.parametrize("is_changed", [False, True])
def test_the_real_journal_is_verified(terminal: Terminal, *, is_changed: bool) -> None:
    append(an_event("a"), an_event("b", 1))
    if is_changed:
        JournalRow(an_event("").stream, 1).update([JournalRow.content.set("{}")])

    def work(seconds: float) -> None:
        world = terminal.api.world
        world.clock.move(timedelta(seconds=seconds))
        for task in world.services.worker.work.newest("main#tasks", None, 10):
            world.services.handle(TaskRef.of("main", task.ref.id))

    terminal.while_waiting = work
    ended = terminal.run("journal", "verify", columns=80)
    assert ended.code == (1 if is_changed else 0)
    assert ("✗ broken" if is_changed else "✓ holds") in ended.out
