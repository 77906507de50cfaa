from collections.abc import Callable

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.functions.http.tasks import a_task, claimed, made, moved, performed, shown
from tests.support.world import MINUTE

MOVES = ["pause", "resume", "retry", "cancel"]


def test_a_paused_task_says_so(api: Api) -> None:
    task = moved(api, made(api), "pause")

    assert (task["state"], task["reason"]) == ("paused", "paused by an operator")


def test_a_paused_task_is_not_carried_out(api: Api) -> None:
    task_id = made(api)
    moved(api, task_id, "pause")
    performed(api, task_id)

    assert shown(api, task_id)["state"] == "paused"


def test_a_resumed_task_is_queued_again_and_sent(api: Api) -> None:
    task_id = made(api)
    moved(api, task_id, "pause")
    sent = api.world.messages()

    assert moved(api, task_id, "resume")["state"] == "queued"
    assert api.world.messages() == sent + 1


def test_a_retried_task_gets_all_its_attempts_again(api: Api) -> None:
    task_id = made(api, max_attempts=1)
    performed(api, task_id, max_steps=2)
    assert shown(api, task_id)["state"] == "failed"

    moved(api, task_id, "retry")
    performed(api, task_id)

    assert shown(api, task_id)["state"] == "succeeded"


def test_a_task_that_nobody_holds_is_cancelled_at_once(api: Api) -> None:
    task = moved(api, made(api), "cancel")

    assert (task["state"], task["reason"]) == ("cancelled", "cancelled by an operator")


def test_a_cancel_says_why(api: Api) -> None:
    task_id = made(api)
    reply = api.post(f"/v1/tasks/{task_id}/cancel", {"reason": "not needed any more"})

    assert (reply.status, reply.body["reason"]) == (202, "not needed any more")


def test_a_running_task_is_asked_to_stop_and_ends_by_the_sweep(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)
    assert moved(api, task_id, "cancel")["state"] == "cancel_requested"

    api.world.clock.move(3 * MINUTE)
    api.world.services.swept()

    assert shown(api, task_id)["state"] == "cancelled"


def test_a_second_cancel_of_a_running_task_changes_nothing(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)
    first = moved(api, task_id, "cancel")
    api.world.clock.move(MINUTE / 2)

    assert moved(api, task_id, "cancel") == first


def test_children_are_cancelled_with_their_parent(api: Api) -> None:
    parent = made(api)
    child = made(api, parent=parent)

    assert moved(api, parent, "cancel")["state"] == "cancelled"

    assert shown(api, child)["state"] == "cancelled"
    assert shown(api, child)["reason"] == "delegated_parent_cancelled"


def test_a_firing_can_be_cancelled(api: Api) -> None:
    firing = api.get(f"/v1/tasks?parent={api.job()}").body["items"][0]["id"]

    assert moved(api, firing, "cancel")["state"] == "cancelled"


@pytest.mark.parametrize("how", MOVES)
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_body_may_be_left_out_or_empty(api: Api, how: str, body: bytes) -> None:
    task_id = made(api)
    if how == "resume":
        moved(api, task_id, "pause")
    if how == "retry":
        moved(api, task_id, "cancel")

    assert api.post(f"/v1/tasks/{task_id}/{how}", body).status in {200, 202}


@pytest.mark.parametrize("how", MOVES)
def test_each_move_is_in_the_journal(api: Api, how: str) -> None:
    task_id = made(api)
    if how == "resume":
        moved(api, task_id, "pause")
    if how == "retry":
        moved(api, task_id, "cancel")
    moved(api, task_id, how)

    past = {"pause": "paused", "resume": "resumed", "retry": "retried", "cancel": "cancelled"}
    (event,) = api.world.events(f"task.{past[how]}")
    assert "token:laptop" in event.content


@pytest.mark.parametrize(
    ("state", "how", "fix"),
    [
        ("running", "pause", "only a queued task can be paused; cancel it instead"),
        ("running", "resume", "only a paused task can be resumed"),
        (
            "running",
            "retry",
            "only a failed, unknown, cancelled or expired task can be retried",
        ),
        ("paused", "pause", "only a queued task can be paused; cancel it instead"),
        ("queued", "resume", "only a paused task can be resumed"),
        ("cancelled", "pause", "only a queued task can be paused; cancel it instead"),
        ("cancelled", "resume", "only a paused task can be resumed"),
        ("cancelled", "cancel", "nothing is left to cancel"),
        ("succeeded", "cancel", "nothing is left to cancel"),
        (
            "succeeded",
            "retry",
            "only a failed, unknown, cancelled or expired task can be retried",
        ),
    ],
)
def test_a_move_from_another_state_is_refused_with_that_state(
    api: Api, state: str, how: str, fix: str
) -> None:
    task_id = made(api)
    bring_about: dict[str, Callable[[], object]] = {
        "queued": lambda: None,
        "running": lambda: claimed(api, task_id),
        "paused": lambda: moved(api, task_id, "pause"),
        "cancelled": lambda: moved(api, task_id, "cancel"),
        "succeeded": lambda: performed(api, task_id),
    }
    bring_about[state]()

    problem = assert_problem(api.send("POST", f"/v1/tasks/{task_id}/{how}"), 409)

    assert (problem["detail"], problem["fix"]) == (f"the task is {state}", fix)
    assert shown(api, task_id)["state"] == state


def test_a_task_that_was_asked_to_stop_is_left_alone(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)
    moved(api, task_id, "cancel")

    problem = assert_problem(api.send("POST", f"/v1/tasks/{task_id}/pause"), 409)

    assert problem["detail"] == "the task is cancel_requested"


def test_a_firing_cannot_be_paused(api: Api) -> None:
    firing = api.get(f"/v1/tasks?parent={api.job()}").body["items"][0]["id"]

    problem = assert_problem(api.send("POST", f"/v1/tasks/{firing}/pause"), 409)

    assert problem["fix"] == "pause its job"


@pytest.mark.parametrize("how", MOVES)
def test_a_task_of_another_owner_cannot_be_moved(api: Api, how: str) -> None:
    task_id = made(api, owner="other")

    assert_problem(api.send("POST", f"/v1/tasks/{task_id}/{how}"), 404)


def test_a_refused_move_leaves_no_trace(api: Api) -> None:
    task_id = made(api)
    before = shown(api, task_id)
    api.post(f"/v1/tasks/{task_id}/cancel", {"reason": ""})
    api.post("/v1/tasks", a_task(parent=task_id, group="a b"))

    assert shown(api, task_id) == before
