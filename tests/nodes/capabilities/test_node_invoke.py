"""The tool `node.invoke`: a run asks a node, and waits without a worker."""

from typing import Any

import pytest

from chalicelib.background.task import State
from tests.nodes.capabilities.helper import CLAIM, OTHER_CLAIM, Helper
from tests.nodes.capabilities.runs import Runs
from tests.support.faults import Crash, crash


def test_a_run_waits_without_a_worker_and_is_woken_by_the_answer(helper: Helper) -> None:
    runs = Runs(helper)
    task = runs.handle()
    assert (task.state, task.lease_until) == (State.QUEUED, None)
    assert task.reason.startswith("waits: request ")

    (request,) = helper.found()
    helper.take(request)
    sent = helper.world.messages()
    helper.succeed(request, {"picture": "7.png"})
    assert helper.world.messages() == sent + 1

    task = runs.handle()
    assert (task.state, task.attempt) == (State.SUCCEEDED, 0)
    assert "7.png" in runs.answer()
    assert helper.request(request)["requested_by"] == f"run:{runs.ref.run_id}"


def test_a_run_asks_once_however_often_it_is_looked_at(helper: Helper) -> None:
    runs = Runs(helper)
    for _ in range(3):
        assert runs.handle().state is State.QUEUED
    assert len(helper.found()) == 1


@pytest.mark.parametrize("at", range(6, 12))
def test_a_worker_that_dies_around_the_request_asks_nothing_twice(helper: Helper, at: int) -> None:
    runs = Runs(helper)
    with pytest.raises(Crash), crash(at, after=True):
        runs.handle()
    helper.move(minutes=10)
    assert runs.handle().state is State.QUEUED
    assert len(helper.api.get(helper.path("invocations")).body["items"]) == 1


def test_an_answer_that_nobody_knows_ends_a_run_unknown(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    (request,) = helper.found()
    helper.take(request)
    helper.move(seconds=30)
    sent = helper.world.messages()
    assert helper.swept() == 1
    assert helper.world.messages() == sent + 1
    assert runs.handle().state is State.UNKNOWN


def test_an_operator_who_retries_it_asks_anew(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    (lost,) = helper.found()
    helper.take(lost)
    helper.move(seconds=30)
    assert runs.handle().state is State.UNKNOWN
    assert helper.api.post(f"/v1/tasks/{runs.ref.id}/retry", {}).status == 200
    assert runs.handle().state is State.QUEUED
    (again,) = helper.found()
    assert again != lost
    helper.take(again, OTHER_CLAIM)
    helper.succeed(again, claim=OTHER_CLAIM)
    assert runs.handle().state is State.SUCCEEDED


def test_a_run_is_told_that_a_node_did_not_take_it(helper: Helper) -> None:
    runs = Runs(helper, wait_seconds=10)
    runs.handle()
    helper.move(seconds=10)
    assert runs.handle().state is State.SUCCEEDED
    assert "not_taken" in runs.answer()


def test_a_run_goes_on_when_its_node_is_thrown_out(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    helper.gateway.revoke(helper.node)
    assert helper.swept() == 1
    assert runs.handle().state is State.SUCCEEDED
    assert "device_not_active" in runs.answer()


def test_what_a_cancelled_run_asked_is_not_handed_over(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    (request,) = helper.found()
    runs.cancel()
    assert helper.take(request).status == 409
    assert helper.state(request) == ("rejected", "run_ended")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"node": "garage"}, "it is no node"),
        ({"node": "01JDABCDEFGHJKMNPQRSTVWXYZ"}, "there is no node"),
        ({"capability": "desktop.open"}, "capability.not_granted"),
        ({"capability": "door.unlock"}, "the node has no capability"),
        ({"capability": 7}, "it is no capability"),
        ({"arguments": {"width": "wide"}}, "it is not of the type integer"),
        ({"arguments": [1]}, "it is not an object"),
        ({"wait_seconds": "soon"}, "wait_seconds is soon"),
        ({"timeout_seconds": 600}, "timeout_seconds is 600"),
        ({"price": 1}, "there is no field"),
    ],
)
def test_a_run_is_told_what_it_asked_wrongly(
    helper: Helper, arguments: dict[str, Any], told: str
) -> None:
    runs = Runs(helper, **arguments)
    assert runs.handle().state is State.SUCCEEDED
    assert told in runs.answer()
    assert helper.found() == []


def test_a_run_without_a_policy_that_permits_it_asks_nothing(helper: Helper) -> None:
    runs = Runs(helper)
    assert helper.api.send("POST", "/v1/policies/0/activate").status == 200
    assert runs.handle().state is State.CLOSED
    assert helper.found() == []


def test_the_answer_under_an_earlier_claim_does_not_wake_a_run(helper: Helper) -> None:
    runs = Runs(helper, capability="disk.look")
    runs.handle()
    (request,) = helper.found()
    helper.take(request)
    helper.move(seconds=30)
    helper.found()
    helper.take(request, OTHER_CLAIM)
    sent = helper.world.messages()
    assert helper.succeed(request, claim=CLAIM).status == 409
    assert helper.world.messages() == sent


def test_what_a_run_asked_is_erased_with_it(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    (request,) = helper.found()
    helper.take(request)
    helper.succeed(request, {"picture": "of Ada"})
    runs.handle()
    runs.erase(runs.ask_erasure())
    assert helper.api.get(helper.path("invocations")).body["items"] == []
    assert "Ada" not in runs.answer()


def test_what_a_cancelled_run_asked_is_erased_before_it_was_taken(helper: Helper) -> None:
    runs = Runs(helper)
    runs.handle()
    (request,) = helper.found()
    runs.cancel()
    runs.erase(runs.ask_erasure())
    assert helper.found() == []
    assert helper.take(request).status == 404
