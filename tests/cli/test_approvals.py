import json

import pytest

from tests.cli import documents
from tests.cli.documents import APPROVAL_ID, TASK_ID, an_approval
from tests.cli.stub import Told
from tests.cli.terminal import StubTerminal
from tests.functions.http.api import Api
from tests.permissions.approvals import a_caller, asked
from tests.support.world import World

ROUTES = "/v1/approvals"
ONE = f"{ROUTES}/{APPROVAL_ID}"
APPROVED = {
    "state": "approved",
    "decided_by": "token:laptop",
    "decided_at": "2026-11-22T12:00:00Z",
    "scope": "once",
}


def test_approvals_are_listed_with_what_they_are_for(stub: StubTerminal) -> None:
    stub.api.tells("GET", ROUTES, documents.a_page(an_approval()))

    head, line = stub.run("approvals", "list").out.splitlines()

    assert head.split() == ["ID", "STATE", "RISK", "EXPIRES", "ACTION", "TASK", "BY"]
    told = [APPROVAL_ID, "pending", "high", "2026-11-22T12:58:00Z", "webhook.post", TASK_ID, "-"]
    assert line.split() == told


def test_a_list_can_be_narrowed(stub: StubTerminal) -> None:
    stub.api.tells("GET", ROUTES, documents.a_page())

    assert stub.run("approvals", "list", "--state", "pending").err == "no approvals\n"
    assert stub.api.asked[-1].query["state"] == "pending"


def test_an_approval_is_shown_with_what_would_be_done(stub: StubTerminal) -> None:
    stub.api.tells("GET", ONE, an_approval())

    shown = stub.run("approvals", "show", APPROVAL_ID).out

    assert "ask-before-posting" in shown
    assert "once or run" in shown
    assert shown.endswith('\n\nfor health\narguments {"to":"the team"}\n')
    assert json.loads(stub.run("approvals", "show", APPROVAL_ID, "--json").out) == an_approval()


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["approve"], {"decision": "approve"}),
        (["approve", "--scope", "run"], {"decision": "approve", "scope": "run"}),
        (["approve", "--reason", "fine"], {"decision": "approve", "reason": "fine"}),
        (["deny"], {"decision": "deny"}),
        (["deny", "--reason", "no"], {"decision": "deny", "reason": "no"}),
    ],
)
def test_a_decision_is_sent_as_it_was_said(
    stub: StubTerminal, words: list[str], sent: dict[str, str]
) -> None:
    stub.api.tells("POST", f"{ONE}/decision", an_approval(**APPROVED))
    command, *options = words

    ended = stub.run("approvals", command, APPROVAL_ID, *options)

    assert stub.api.asked[-1].body == sent
    assert ended.out.split() == [APPROVAL_ID, "approved"]


def test_what_an_approval_covers_is_told(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ONE}/decision", an_approval(**APPROVED | {"scope": "routine"}))

    assert stub.run("approvals", "approve", APPROVAL_ID).out.endswith("for the routine\n")


def test_a_decision_that_was_made_otherwise_is_refused(stub: StubTerminal) -> None:
    detail = "it was denied by token:ben at 2026-11-22T12:00:00Z"
    stub.api.tells("POST", f"{ONE}/decision", Told(409, {"status": 409, "detail": detail}))

    ended = stub.run("approvals", "approve", APPROVAL_ID)

    assert ended.code == 5
    assert detail in ended.err


def test_an_unknown_scope_is_refused_before_anything_is_sent(stub: StubTerminal) -> None:
    ended = stub.run("approvals", "approve", APPROVAL_ID, "--scope", "always")

    assert ended.code == 2
    assert stub.api.asked == []


def test_the_document_has_the_fields_of_the_real_one(api: Api, container: World) -> None:
    caller = a_caller(container)
    approval, _ = asked(container, caller)

    assert set(api.get(f"{ROUTES}/{approval}").body) == set(an_approval())
