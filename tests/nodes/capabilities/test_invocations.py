"""What a node is asked to do, from the request to the answer."""

import json
from typing import Any

import pytest

from chalicelib.functions.http import etag
from tests.functions.http.api import assert_problem
from tests.nodes.calls import failing
from tests.nodes.capabilities.helper import CLAIM, OTHER_CLAIM, Helper
from tests.support.faults import before, every_write_retried


@pytest.fixture
def helper(helper: Helper) -> Helper:
    helper.granted("camera.take", "disk.look", "desktop.open")
    return helper


def test_a_request_is_taken_and_answered(helper: Helper) -> None:
    reply = helper.invoke()
    request = reply.body["id"]
    assert (reply.status, reply.body["state"]) == (202, "queued")
    assert reply.headers["Location"] == helper.path(f"invocations/{request}")

    assert helper.found() == [request]
    taken = helper.take(request).body
    assert (taken["state"], taken["arguments"]) == ("dispatched", {"width": 640})
    assert helper.found() == []
    assert helper.succeed(request, {"picture": "1.png"}).body["state"] == "succeeded"

    told = helper.request(request)
    assert (told["state"], told["output"]) == ("succeeded", {"picture": "1.png"})
    assert (told["requested_by"], told["dispatches"]) == ("token:laptop", 1)
    listed = helper.api.get(helper.path("invocations")).body["items"]
    assert listed == [told]


def test_who_asked_is_journaled_once(helper: Helper) -> None:
    first, again = helper.asked(key="once"), helper.asked(key="once")
    assert first == again
    (event,) = helper.world.events("node.invoked")
    assert json.loads(event.content)["actor"] == "token:laptop"
    assert helper.found() == [first]


def test_a_key_of_another_request_is_refused(helper: Helper) -> None:
    helper.asked(key="once")
    reply = helper.invoke(key="once", arguments={"width": 1})
    assert_problem(reply, 422, "Idempotency-Key")


def test_requests_are_found_oldest_first(helper: Helper) -> None:
    asked = []
    for _ in range(3):
        asked.append(helper.asked())
        helper.move(milliseconds=1)
    assert helper.found() == asked


def test_requests_are_listed_newest_first_in_pages(helper: Helper) -> None:
    asked = []
    for _ in range(3):
        asked.append(helper.asked())
        helper.move(milliseconds=1)
    pages = [
        [each["id"] for each in page] for page in helper.api.pages(helper.path("invocations"), 2)
    ]
    assert pages == [asked[:0:-1], asked[:1]]


def test_a_failure_is_told_with_its_reason_cut(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    helper.fail(request, "no camera " * 100)
    state, reason = helper.state(request)
    assert (state, len(reason or "")) == ("failed", 240)


def test_no_secret_of_an_answer_is_kept(helper: Helper) -> None:
    secret = "AKIA" + "QZ7WX2RN5TKD4VBM"
    request = helper.asked()
    helper.take(request)
    helper.succeed(request, {"found": f"key {secret} here"})
    assert secret not in str(helper.request(request))


def test_arguments_that_hold_a_secret_are_refused(helper: Helper) -> None:
    secret = "AKIA" + "QZ7WX2RN5TKD4VBM"
    helper.registered({**LOOSE})
    helper.grant("note.write")
    reply = helper.invoke("note.write", arguments={"text": secret})
    assert reply.status == 422
    assert secret not in str(reply.body)


LOOSE = {
    "name": "note.write",
    "description": "Write a note.",
    "arguments": {"type": "object"},
    "effect": "write",
    "idempotent": False,
}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"arguments": {}}, "arguments.width"),
        ({"arguments": {"width": "640"}}, "arguments.width"),
        ({"arguments": {"width": True}}, "arguments.width"),
        ({"arguments": {"width": 0}}, "arguments.width"),
        ({"arguments": {"width": 4001}}, "arguments.width"),
        ({"arguments": {"width": 1, "path": "/"}}, "arguments.path"),
        ({"arguments": []}, "arguments"),
        ({"capability": "Camera"}, "capability"),
        ({"wait_seconds": 9}, "wait_seconds"),
        ({"wait_seconds": 3601}, "wait_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 121}, "timeout_seconds"),
        ({"timeout_seconds": 1.5}, "timeout_seconds"),
        ({"device": "x"}, "device"),
    ],
)
def test_what_does_not_fit_is_refused(helper: Helper, asked: dict[str, Any], field: str) -> None:
    assert_problem(helper.invoke(**asked), 422, field)
    assert helper.found() == []


def test_a_capability_that_the_node_does_not_have_is_not_found(helper: Helper) -> None:
    assert_problem(helper.invoke("door.unlock"), 404, "capability")


def test_arguments_have_64_kilobytes_at_most(helper: Helper) -> None:
    helper.registered(LOOSE)
    helper.grant("note.write")
    reply = helper.invoke("note.write", arguments={"text": "x" * 66_000})
    assert_problem(reply, 422, "arguments")


def test_an_answer_has_64_kilobytes_at_most(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    reply = helper.succeed(request, {"text": "x" * 66_000})
    assert (reply.status, reply.body["errors"][0]["field"]) == (422, "output")
    assert helper.stored(request)[0] == "dispatched"


def test_an_answer_says_what_it_is(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    wrong: tuple[dict[str, Any], ...] = (
        {"state": "succeeded", "error": "x"},
        {"state": "failed"},
        {"state": "failed", "error": "x", "output": {}},
        {"state": "done"},
    )
    for said in wrong:
        reply = helper.node.call("POST", f"requests/{request}/result", {"claim": CLAIM, **said})
        assert reply.status == 422, said


def test_32_requests_are_open_at_most(helper: Helper) -> None:
    requests = [helper.asked() for _ in range(32)]
    assert_problem(helper.invoke(), 409)
    helper.take(requests[0])
    helper.succeed(requests[0])
    helper.asked()


# Who answers what.


def test_another_node_neither_sees_nor_answers_a_request(helper: Helper) -> None:
    request, other = helper.asked(), helper.gateway.node()
    assert helper.found(other) == []
    assert helper.take(request, node=other).status == 404
    helper.take(request)
    assert helper.succeed(request, node=other).status == 404
    path = helper.node.path(f"requests/{request}/result")
    said = {"claim": CLAIM, "state": "succeeded"}
    assert helper.gateway.call("POST", path, said, certificate=other.der).status == 403
    assert helper.stored(request)[0] == "dispatched"


def test_who_takes_or_answers_what_another_was_asked_is_told_of_once_an_hour(
    helper: Helper,
) -> None:
    request, other = helper.asked(), helper.gateway.node()
    assert helper.take(request, node=other).status == 404
    helper.take(request)
    assert helper.succeed(request, node=other).status == 404
    (row,) = helper.gateway.world.events("node.refused")
    told = json.loads(row.content)
    assert (told["subject"], told["details"]["reason"]) == (f"device:{other.id}", "not_asked")
    with failing("PutItem"):
        assert helper.succeed(request, node=other).status == 404


def test_a_request_is_not_answered_before_it_was_taken(helper: Helper) -> None:
    request = helper.asked()
    assert helper.succeed(request).status == 409
    assert helper.fail(request).status == 409
    assert helper.stored(request)[0] == "queued"


def test_a_claim_that_is_none_is_refused(helper: Helper) -> None:
    request = helper.asked()
    for claim in ("", "short", "x" * 65, "with spaces in it ..", "ümlaut-ümlaut-ümlaut"):
        reply = helper.take(request, claim)
        assert (reply.status, reply.body["errors"][0]["field"]) == (422, "claim")


def test_the_same_claim_again_finds_what_it_took(helper: Helper) -> None:
    request = helper.asked()
    assert helper.take(request).body == helper.take(request).body
    assert helper.request(request)["dispatches"] == 1


def test_a_request_is_handed_over_under_one_claim(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    assert helper.take(request, OTHER_CLAIM).status == 409
    assert helper.succeed(request, claim=OTHER_CLAIM).status == 409
    assert helper.succeed(request).status == 200


def test_an_answer_is_given_once_and_may_be_sent_again(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    assert helper.succeed(request, {"seen": 1}).status == 200
    assert helper.succeed(request, {"seen": 1}).status == 200
    assert helper.succeed(request, {"seen": 2}).status == 409
    assert helper.fail(request).status == 409
    assert helper.request(request)["output"] == {"seen": 1}


def test_lost_replies_change_nothing(helper: Helper) -> None:
    with every_write_retried():
        request = helper.asked(key="once")
        assert helper.take(request).status == 200
        assert helper.succeed(request).status == 200
    assert helper.state(request) == ("succeeded", None)
    assert helper.found() == []


def test_nothing_is_told_where_the_table_does_not_answer(helper: Helper) -> None:
    request = helper.asked()
    with failing("TransactWriteItems"):
        assert helper.take(request).status == 503
    assert helper.found() == [request]


# Time.


def test_what_nobody_takes_in_time_ends_undone(helper: Helper) -> None:
    request = helper.asked(wait_seconds=10)
    helper.move(seconds=10)
    assert helper.found() == []
    assert helper.state(request) == ("timed_out", "not_taken")
    assert not helper.request(request)["uncertain"]
    assert helper.take(request).status == 409


def test_what_is_not_answered_in_time_is_unknown_and_never_asked_again(helper: Helper) -> None:
    request = helper.asked(timeout_seconds=30)
    helper.take(request)
    helper.move(seconds=30)
    assert helper.found() == []
    assert helper.state(request) == ("failed", "outcome_unknown")
    assert helper.request(request)["uncertain"]
    assert helper.take(request, OTHER_CLAIM).status == 409


def test_what_does_no_harm_twice_is_asked_again_three_times_at_most(helper: Helper) -> None:
    request = helper.asked("disk.look", wait_seconds=3600)
    for number in range(3):
        assert helper.found() == [request]
        assert helper.take(request, f"{CLAIM}-{number}").status == 200
        helper.move(seconds=30)
    assert helper.found() == []
    assert helper.state(request) == ("timed_out", "not_answered")


def test_an_answer_under_an_earlier_claim_is_refused(helper: Helper) -> None:
    request = helper.asked("disk.look")
    helper.take(request)
    helper.move(seconds=30)
    helper.found()
    helper.take(request, OTHER_CLAIM)
    assert helper.succeed(request).status == 409
    assert helper.succeed(request, claim=OTHER_CLAIM).status == 200


def test_a_late_answer_counts_while_nobody_said_otherwise(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    helper.move(minutes=10)
    assert helper.succeed(request).status == 200
    assert helper.state(request) == ("succeeded", None)


def test_the_sweep_ends_what_nobody_looks_at(helper: Helper) -> None:
    waits, lost = helper.asked(wait_seconds=60), helper.asked()
    helper.take(lost)
    assert helper.swept() == 0
    helper.move(seconds=60)
    assert helper.swept() == 2
    assert helper.stored(waits) == ("timed_out", "not_taken")
    assert helper.stored(lost) == ("failed", "outcome_unknown")
    assert helper.swept() == 0


# The person at the node.


def test_a_person_agrees_before_anything_is_done(helper: Helper) -> None:
    request = helper.asked("desktop.open")
    assert helper.take(request).body["state"] == "awaiting_local_mediation"
    assert helper.succeed(request).status == 409
    assert helper.mediate(request, agreed=True).body["state"] == "dispatched"
    assert helper.mediate(request, agreed=True).body["dispatches"] == 1
    assert helper.succeed(request).status == 200
    (event,) = helper.world.events("node.mediation_agreed")
    assert json.loads(event.content)["actor"] == f"node:{helper.node.id}"


def test_a_person_refuses_and_nothing_is_done(helper: Helper) -> None:
    request = helper.asked("desktop.open")
    helper.take(request)
    assert helper.mediate(request, agreed=False).body["state"] == "rejected"
    assert helper.state(request) == ("rejected", "person_refused")
    assert helper.succeed(request).status == 409
    assert helper.mediate(request, agreed=True).status == 409
    assert len(helper.world.events("node.mediation_refused")) == 1


def test_a_person_who_does_not_answer_lets_it_end_undone(helper: Helper) -> None:
    request = helper.asked("desktop.open", wait_seconds=60)
    helper.take(request)
    helper.move(seconds=60)
    assert helper.mediate(request, agreed=True).status == 409
    assert helper.state(request) == ("timed_out", "not_agreed")
    assert not helper.request(request)["uncertain"]


def test_a_node_that_was_started_anew_asks_its_person_anew(helper: Helper) -> None:
    request = helper.asked("desktop.open")
    helper.take(request)
    assert helper.found() == [request]
    assert helper.take(request, OTHER_CLAIM).status == 200
    assert helper.mediate(request, agreed=True).status == 409
    assert helper.mediate(request, agreed=True, claim=OTHER_CLAIM).status == 200


def test_nobody_agrees_to_what_needs_no_mediation(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    assert helper.mediate(request, agreed=False).status == 409


# What takes a request back.


def test_a_device_that_was_thrown_out_is_handed_nothing(helper: Helper) -> None:
    waits, taken = helper.asked(), helper.asked()
    helper.take(taken)
    helper.gateway.revoke(helper.node)
    assert helper.take(waits).status == 403
    assert helper.succeed(taken).status == 403
    assert helper.state(waits) == ("rejected", "device_not_active")
    assert helper.state(taken) == ("rejected", "device_not_active")
    assert not helper.request(waits)["uncertain"]
    assert helper.request(taken)["uncertain"]
    assert_problem(helper.invoke(), 409)


def test_the_sweep_rejects_what_a_device_was_asked_that_was_thrown_out(helper: Helper) -> None:
    request = helper.asked(wait_seconds=3600)
    helper.gateway.revoke(helper.node)
    assert helper.swept() == 1
    assert helper.stored(request) == ("rejected", "device_not_active")


def test_a_revocation_between_the_check_and_the_handing_over_wins(helper: Helper) -> None:
    request = helper.asked()
    with before("TransactWriteItems", "", lambda: helper.gateway.revoke(helper.node)):
        assert helper.take(request).status == 403
    assert helper.stored(request)[0] == "queued"
    assert helper.state(request) == ("rejected", "device_not_active")


def test_a_grant_taken_back_takes_back_what_was_asked(helper: Helper) -> None:
    request = helper.asked()
    helper.revoke_grant("camera.take")
    assert helper.take(request).status == 409
    assert helper.state(request) == ("rejected", "not_granted")


def test_a_grant_taken_back_in_between_wins(helper: Helper) -> None:
    request = helper.asked()
    with before("TransactWriteItems", "", lambda: helper.revoke_grant("camera.take")):
        assert helper.take(request).status == 409
    assert helper.state(request) == ("rejected", "not_granted")


def test_what_is_declared_otherwise_is_not_handed_over(helper: Helper) -> None:
    request = helper.asked("disk.look")
    helper.registered(LOOSE | {"name": "disk.look"})
    assert helper.take(request).status == 409
    assert helper.state(request) == ("rejected", "not_granted")


def test_an_operator_takes_a_request_back(helper: Helper) -> None:
    request = helper.asked()
    path = helper.path(f"invocations/{request}/cancel")
    assert helper.api.post(path, {}).body["state"] == "rejected"
    assert helper.api.post(path, {}).status == 200
    assert helper.take(request).status == 409
    assert len(helper.world.events("node.invocation_cancelled")) == 1


def test_what_has_ended_is_not_taken_back(helper: Helper) -> None:
    request = helper.asked()
    helper.take(request)
    helper.succeed(request)
    assert_problem(helper.api.post(helper.path(f"invocations/{request}/cancel"), {}), 409)


def test_a_request_of_another_node_is_not_found(helper: Helper) -> None:
    request, other = helper.asked(), helper.gateway.node()
    for name in (request, "X", "%F0%9F%92%A9"):
        assert_problem(helper.api.get(f"/v1/nodes/{other.id}/invocations/{name}"), 404)


# How often a node asks.


def test_a_node_asks_every_5_seconds_and_less_and_less_often_when_idle(helper: Helper) -> None:
    pauses = []
    request = helper.asked()
    for minutes in (0, 0, 2, 2, 2, 2, 60):
        helper.move(minutes=minutes)
        pauses.append(helper.node.call("GET", "requests").body["poll_after_seconds"])
        if helper.found():
            helper.take(request)
            helper.succeed(request)
    assert pauses == [5, 5, 10, 20, 40, 60, 60]


def test_a_node_that_has_the_answer_is_told_so(helper: Helper) -> None:
    helper.asked()
    told = helper.node.call("GET", "requests").body
    tag = etag.of(json.dumps(told, separators=(",", ":")))
    same = helper.node.call("GET", "requests", headers={"If-None-Match": tag})
    assert (same.status, same.body) == (304, None)
    helper.asked()
    assert helper.node.call("GET", "requests", headers={"If-None-Match": tag}).status == 200
