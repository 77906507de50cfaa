"""A run that asks a node only with an approval: it waits twice, without a worker, and asks once."""

from datetime import timedelta

import pytest

from chalicelib.background.task import State, Task
from tests.nodes.capabilities.helper import CLAIM, OTHER_CLAIM, Helper
from tests.nodes.capabilities.runs import ASK_FIRST, Runs
from tests.support.faults import Crash, crash

MOST_CALLS = 60
HOUR = timedelta(hours=1)


@pytest.fixture
def runs(helper: Helper) -> Runs:
    return Runs(helper, ASK_FIRST)


def pending(runs: Runs) -> list[str]:
    """Return the prompts that the run of the task waits for."""
    items = runs.helper.api.get("/v1/approvals?state=pending").body["items"]
    return [each["id"] for each in items if each["subject"] == runs.ref.id]


def decide(runs: Runs, decision: str = "approve") -> str:
    (prompt,) = pending(runs)
    reply = runs.helper.api.post(f"/v1/approvals/{prompt}/decision", {"decision": decision})
    assert reply.status == 200, reply
    return prompt


def asked(runs: Runs) -> list[str]:
    """Return all that the run of the task ever asked of the node."""
    items = runs.helper.api.get(runs.helper.path("invocations")).body["items"]
    return [each["id"] for each in items if each["requested_by"] == f"run:{runs.ref.id}"]


def begun(runs: Runs) -> str:
    """Let the run ask for an approval, get it, and ask the node; return the request."""
    runs.handle()
    decide(runs)
    assert runs.handle().state is State.QUEUED
    (request,) = runs.helper.found()
    return request


def rescued(runs: Runs) -> Task:
    """Let workers take the task again until it ends, deciding and answering what it waits for."""
    helper = runs.helper
    for _ in range(6):
        helper.move(minutes=2)
        task = runs.handle()
        if task.state.is_terminal:
            return task
        if pending(runs):
            decide(runs)
        for request in helper.found():
            helper.take(request)
            helper.succeed(request, {"picture": "7.png"})
    raise AssertionError(task)


def test_nothing_is_asked_of_a_node_before_it_is_approved(runs: Runs) -> None:
    for _ in range(3):
        task = runs.handle()
        assert (task.state, task.lease_until) == (State.QUEUED, None)

    assert task.reason == f"waits: approval {pending(runs)[0]}"
    assert len(pending(runs)) == 1
    assert asked(runs) == []


def test_what_is_approved_is_asked_once_and_the_run_goes_on_with_the_answer(runs: Runs) -> None:
    runs.handle()
    decide(runs)
    for _ in range(3):
        task = runs.handle()
        assert (task.state, task.lease_until) == (State.QUEUED, None)

    (request,) = runs.helper.found()
    assert task.reason == f"waits: request {request} to node {runs.helper.node.id}"
    runs.helper.take(request)
    sent = runs.helper.world.messages()
    runs.helper.succeed(request, {"picture": "7.png"})
    assert runs.helper.world.messages() == sent + 1

    task = runs.handle()
    assert (task.state, task.attempt) == (State.SUCCEEDED, 0)
    assert "7.png" in runs.answer()
    assert asked(runs) == [request]
    assert len(runs.helper.world.events("approval.asked")) == 1


def test_the_prompt_says_which_node_is_asked_what(runs: Runs) -> None:
    runs.handle()

    prompt = runs.helper.api.get(f"/v1/approvals/{pending(runs)[0]}").body
    assert runs.helper.node.id in prompt["text"]
    assert "camera.take" in prompt["text"]


def test_what_is_denied_is_never_asked_and_fails(runs: Runs) -> None:
    runs.handle()
    prompt = decide(runs, "deny")

    task = runs.handle()
    assert (task.state, task.reason) == (State.FAILED, f"approval.denied: {prompt}")
    assert asked(runs) == []


def test_what_nobody_decides_in_time_is_never_asked(runs: Runs) -> None:
    runs.handle()
    runs.helper.world.clock.move(HOUR)

    assert runs.handle().state is State.FAILED
    assert asked(runs) == []


def test_policies_that_forbid_it_meanwhile_take_back_what_was_approved(runs: Runs) -> None:
    runs.handle()
    decide(runs)
    assert runs.helper.api.send("POST", "/v1/policies/0/activate").status == 200
    runs.helper.move(minutes=5)

    assert runs.handle().state.is_terminal
    assert asked(runs) == []


def test_what_was_approved_is_not_asked_of_a_node_that_was_thrown_out(runs: Runs) -> None:
    runs.handle()
    decide(runs)
    runs.helper.gateway.revoke(runs.helper.node)

    assert runs.handle().state is State.SUCCEEDED
    assert "the node is revoked" in runs.answer()
    assert asked(runs) == []


@pytest.mark.parametrize("stage", ["asking", "approved", "answered"])
def test_a_worker_that_dies_anywhere_asks_the_node_once(runs: Runs, stage: str) -> None:
    for at in range(1, MOST_CALLS):
        runs.asked()
        if stage != "asking":
            runs.handle()
            decide(runs)
        if stage == "answered":
            runs.handle()
            (request,) = runs.helper.found()
            runs.helper.take(request)
            runs.helper.succeed(request, {"picture": "7.png"})
        try:
            with crash(at, after=True):
                runs.handle()
        except Crash:
            assert rescued(runs).state is State.SUCCEEDED, at
            assert len(asked(runs)) == 1, at
            assert "7.png" in runs.answer(), at
        else:
            break
    else:
        pytest.fail("it never comes to an end")
    assert at > len(("claim", "checkpoint", "end"))


def test_who_retries_what_nobody_knows_the_end_of_is_asked_again(runs: Runs) -> None:
    lost = begun(runs)
    runs.helper.take(lost)
    runs.helper.move(seconds=30)
    assert runs.handle().state is State.UNKNOWN

    assert runs.helper.api.post(f"/v1/tasks/{runs.ref.id}/retry", {}).status == 200
    assert runs.handle().reason.startswith("waits: approval ")
    assert asked(runs) == [lost]
    decide(runs)
    assert runs.handle().state is State.QUEUED
    (again,) = runs.helper.found()
    assert again != lost
    runs.helper.take(again, OTHER_CLAIM)
    runs.helper.succeed(again, claim=OTHER_CLAIM)
    assert runs.handle().state is State.SUCCEEDED


def test_what_was_approved_and_taken_is_not_taken_by_another_claim(runs: Runs) -> None:
    request = begun(runs)
    assert runs.helper.take(request, CLAIM).status == 200
    assert runs.helper.take(request, OTHER_CLAIM).status == 409


def test_what_a_run_asked_with_an_approval_is_erased_with_it(runs: Runs) -> None:
    request = begun(runs)
    runs.helper.take(request)
    runs.helper.succeed(request, {"picture": "of Ada"})
    assert runs.handle().state is State.SUCCEEDED

    runs.erase(runs.ask_erasure())
    assert asked(runs) == []
    assert "Ada" not in runs.answer()
