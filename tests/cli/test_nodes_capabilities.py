"""`palyra capabilities` and `palyra invocations`."""

import json
from typing import Any

from tests.cli.terminal import StubTerminal

NODE, REQUEST = "01JDABCDEFGHJKMNPQRSTVWXYZ", "01M81J18G00000000000000000"
ROUTE = f"/v1/nodes/{NODE}"
DECLARED = {
    "name": "camera.take",
    "description": "Take a picture.",
    "arguments": {"type": "object"},
    "effect": "write",
    "idempotent": False,
    "local_mediation": True,
    "terms_sha256": "5f" * 32,
    "granted": False,
    "granted_at": None,
    "granted_by": None,
}


def a_request(state: str = "succeeded", **more: Any) -> dict[str, Any]:
    return {
        "id": REQUEST,
        "node": NODE,
        "capability": "camera.take",
        "arguments": {"width": 640},
        "state": state,
        "reason": None,
        "output": None,
        "uncertain": False,
        "requested_by": "token:laptop",
        "task_id": None,
        "dispatches": 0,
        "created_at": "2026-11-22T11:58:00Z",
        "changed_at": "2026-11-22T11:59:00Z",
        "deadline": None,
    } | more


def test_what_a_node_can_do_is_listed(stub: StubTerminal) -> None:
    told = {"registered_at": "2026-11-22T11:58:00Z", "items": [DECLARED]}
    stub.api.tells("GET", f"{ROUTE}/capabilities", told)

    _, line = stub.run("capabilities", "list", NODE).out.splitlines()

    wanted = ["camera.take", "write", "no", "no", "asked", "5f" * 8, "Take", "a", "picture."]
    assert line.split() == wanted
    assert json.loads(stub.run("capabilities", "list", NODE, "--json").out) == told


def test_a_node_that_said_nothing_has_no_table(stub: StubTerminal) -> None:
    stub.api.tells("GET", f"{ROUTE}/capabilities", {"registered_at": None, "items": []})

    ended = stub.run("capabilities", "list", NODE)

    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("the node has not said")


def test_what_was_seen_is_granted(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTE}/capabilities/camera.take/grant", DECLARED)

    ended = stub.run("capabilities", "grant", NODE, "camera.take", "--terms", "5f" * 32)

    assert ended.out == "camera.take  granted\n"
    assert stub.api.asked[-1].body == {"terms_sha256": "5f" * 32}


def test_a_grant_is_taken_back(stub: StubTerminal) -> None:
    told = {"registered_at": None, "items": [DECLARED]}
    stub.api.tells("POST", f"{ROUTE}/capabilities/camera.take/revoke", told)

    assert stub.run("capabilities", "revoke", NODE, "camera.take").out == "camera.take  revoked\n"


def test_a_name_that_is_none_is_not_sent(stub: StubTerminal) -> None:
    assert stub.run("capabilities", "grant", NODE, "../x").code == 2
    assert stub.run("capabilities", "list", "../x").code == 2
    assert stub.api.asked == []


def test_a_node_is_asked_and_followed_to_the_end(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTE}/invoke", a_request("queued"), status=202)
    route = f"{ROUTE}/invocations/{REQUEST}"
    done = a_request(output={"picture": "1.png"})
    stub.api.tells("GET", route, a_request("dispatched"), done)

    ended = stub.run(
        *("invocations", "create", NODE, "camera.take", "--arguments", '{"width": 640}'),
        *("--wait", "60", "--answer", "10", "--watch"),
    )

    assert ended.code == 0
    assert '{"picture": "1.png"}' in ended.out
    told = [line.split()[-1] for line in ended.out.splitlines() if line.startswith(REQUEST)]
    assert told == ["queued", "dispatched"]
    assert stub.api.asked[0].body == {
        "capability": "camera.take",
        "arguments": {"width": 640},
        "wait_seconds": 60,
        "timeout_seconds": 10,
    }


def test_who_stops_waiting_is_told_how_to_go_on(stub: StubTerminal) -> None:
    stub.api.tells("POST", f"{ROUTE}/invoke", a_request("queued"), status=202)

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    stub.while_waiting = interrupt
    ended = stub.run("invocations", "create", NODE, "camera.take", "--watch")
    assert f"it goes on: `palyra invocations show {NODE} {REQUEST}`" in ended.err


def test_what_ends_without_success_exits_with_1(stub: StubTerminal) -> None:
    lost = a_request("failed", reason="outcome_unknown", uncertain=True)
    stub.api.tells("POST", f"{ROUTE}/invoke", lost, status=202)

    ended = stub.run("invocations", "create", NODE, "camera.take", "--watch")

    assert ended.code == 1
    assert "nobody knows whether it was done" in ended.out


def test_a_request_is_listed_shown_and_cancelled(stub: StubTerminal) -> None:
    page = {"items": [a_request()], "next": None}
    stub.api.tells("GET", f"{ROUTE}/invocations", page)
    stub.api.tells("GET", f"{ROUTE}/invocations/{REQUEST}", a_request())
    stub.api.tells("POST", f"{ROUTE}/invocations/{REQUEST}/cancel", a_request("rejected"))

    assert REQUEST in stub.run("invocations", "list", NODE).out
    assert "token:laptop" in stub.run("invocations", "show", NODE, REQUEST).out
    assert "rejected" in stub.run("invocations", "cancel", NODE, REQUEST).out
