import json
from typing import Any

from chalicelib.background.rows import WorkRow
from tests.functions.http.api import Api
from tests.functions.http.tasks import a_task, claimed, made, moved, performed, shown


def test_a_made_task_is_queued_and_has_a_place(api: Api) -> None:
    reply = api.post("/v1/tasks", a_task())

    assert reply.status == 201
    assert reply.body["state"] == "queued"
    assert reply.headers["Location"] == f"/v1/tasks/{reply.body['id']}"
    assert api.get(reply.headers["Location"]).body == reply.body


def test_its_message_is_sent_at_once(api: Api) -> None:
    made(api)

    assert api.world.messages() == 1


def test_a_task_keeps_what_it_was_made_with(api: Api) -> None:
    fields: dict[str, Any] = {"priority": -3, "max_attempts": 7}
    instants = {"not_before": "2026-11-23T12:00:00Z", "expires_at": "2026-11-24T12:00:00.5Z"}

    task = shown(api, made(api, **fields, **instants))

    assert task["payload"] == a_task()["payload"]
    assert (task["priority"], task["lane"], task["max_attempts"]) == (-3, "low", 7)
    assert task["not_before"] == "2026-11-23T12:00:00Z"
    assert task["expires_at"] == "2026-11-24T12:00:00.500Z"


def test_an_instant_of_another_offset_is_shown_in_utc(api: Api) -> None:
    task = shown(api, made(api, not_before="2026-11-23t01:30:00+05:30"))

    assert task["not_before"] == "2026-11-22T20:00:00Z"


def test_a_large_payload_is_shown_as_where_it_is(api: Api) -> None:
    payload = {"prompt": "p" * 5_000}

    task = shown(api, made(api, payload=payload))

    assert task["payload"].keys() == {"in", "sha256"}
    assert task["payload"]["in"] == "s3"


def test_the_first_task_of_a_dedupe_key_is_returned_again(api: Api) -> None:
    first = made(api, dedupe_key="nightly")

    reply = api.post("/v1/tasks", a_task(dedupe_key="nightly", priority=5))

    assert (reply.status, reply.body["id"], reply.body["priority"]) == (200, first, 0)
    assert reply.headers["Location"] == f"/v1/tasks/{first}"
    assert len(api.get("/v1/tasks").body["items"]) == 1


def test_a_dedupe_key_is_each_owners_own(api: Api) -> None:
    first = made(api, dedupe_key="nightly")

    assert made(api, dedupe_key="nightly", owner="other") != first


def test_a_dedupe_key_may_be_any_text(api: Api) -> None:
    key = "ключ #/ " + "k" * 248

    assert made(api, dedupe_key=key) == api.post("/v1/tasks", a_task(dedupe_key=key)).body["id"]


def test_a_delegated_task_names_its_parent(api: Api) -> None:
    parent = made(api)

    child = shown(api, made(api, parent=parent, group="reports", serial=True))

    assert child["id"].startswith(f"{parent}-")
    assert (child["parent"], child["group"], child["serial"]) == (parent, "reports", True)
    assert child["links"]["parent"] == f"/v1/tasks/{parent}"
    assert shown(api, parent)["children"] == 1


def test_a_firing_may_delegate(api: Api) -> None:
    firing = api.get(f"/v1/tasks?parent={api.job()}").body["items"][0]["id"]

    assert shown(api, made(api, parent=firing))["parent"] == firing


def test_a_task_made_through_the_api_is_carried_out(api: Api) -> None:
    task_id = made(api)

    performed(api, task_id)

    assert shown(api, task_id)["state"] == "succeeded"
    assert "system.health" in api.get(f"/v1/runs/{task_id}").body["result"]


def test_a_run_that_no_job_asked_for_names_none(api: Api) -> None:
    task_id = made(api)
    performed(api, task_id)

    run = api.get(f"/v1/runs/{task_id}").body

    assert (run["id"], run["job_id"], run["slot"]) == (task_id, None, None)


def test_the_deepest_id_that_a_chain_gives_is_one_of_ours(api: Api) -> None:
    payload: dict[str, Any] = {"prompt": "7"}
    for number in range(6, -1, -1):
        payload = {"prompt": str(number), "then": payload}
    task_id = made(api, payload=payload)
    for _ in range(7):
        performed(api, task_id)
        (follow_up,) = api.get(f"/v1/tasks?parent={task_id}").body["items"]
        task_id = follow_up["id"]

    assert len(task_id) == 215
    assert json.dumps(shown(api, task_id)["payload"]) == '{"prompt": "7"}'


def test_what_a_holder_works_on_is_asked_to_stop(api: Api) -> None:
    task_id = made(api)
    claimed(api, task_id)

    task = moved(api, task_id, "cancel")

    assert task["state"] == "cancel_requested"
    assert task["cancel"]["requested_at"] == "2026-11-22T12:00:00Z"


def test_a_task_of_no_known_kind_can_be_read(api: Api) -> None:
    task_id = made(api)
    WorkRow.change("main#tasks", task_id, [WorkRow.kind.set("dream")], WorkRow.pk.exists())

    assert shown(api, task_id)["kind"] == "dream"
