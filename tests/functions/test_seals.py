"""The sealer and the verification of what it seals, as their triggers run them."""

import pytest

from chalicelib.background.task import TaskRef
from chalicelib.journal.store import JournalRow
from tests.functions.http.api import Api
from tests.functions.invoke import journal_seal, message, sweep, worker_normal
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("container")


def verified(caller: Api) -> dict[str, object]:
    """Ask for a verification, let it be carried out, and return what it found."""
    made = caller.post("/v1/journal/verify", {})
    assert made.status == 202
    return finished(caller, made.body["id"])


def finished(caller: Api, task_id: str) -> dict[str, object]:

    worker_normal(message(TaskRef.of("main", task_id)))
    found: dict[str, object] = caller.get(f"/v1/journal/verify/{task_id}").body
    return found


def test_a_journal_that_was_sealed_holds(world: World) -> None:
    caller = Api(world)
    caller.job()
    assert journal_seal()["seal"] == 1
    found = verified(caller)
    assert (found["complete"], found["holds"], found["troubles"]) == (True, True, [])
    assert (found["seals"], found["sealed_at"]) == (1, "2026-11-22T12:00:00Z")
    # The making of the task that verifies came after the seal.
    assert found["unsealed"] == 1


def test_an_event_that_was_changed_is_named_and_is_an_incident(world: World) -> None:
    caller = Api(world)
    caller.job()
    journal_seal()
    (row,) = [row for row in JournalRow.scan() if row.kind == "job.created"]
    row.content = row.content.replace("job.created", "job.nothing")
    row.save()
    found = verified(caller)
    assert (found["holds"], found["trouble_count"]) == (False, 2)
    troubles: object = found["troubles"]
    assert isinstance(troubles, list)
    assert {(each["stream"], each["seq"], each["proven"]) for each in troubles} == {(row.pk, 1, 0)}


def test_a_verification_belongs_to_its_owner(world: World) -> None:
    caller = Api(world)
    made = caller.post("/v1/journal/verify", {}).body["id"]
    finished(caller, made)
    assert caller.get(f"/v1/journal/verify/{made}", owner="other").status == 404
    assert caller.get("/v1/journal/verify", owner="other").body["items"] == []
    assert [it["task_id"] for it in caller.get("/v1/journal/verify").body["items"]] == [made]


def test_a_key_asks_once(world: World) -> None:
    caller, once = Api(world), {"Idempotency-Key": "once"}
    first, again = [caller.post("/v1/journal/verify", {}, headers=once) for _ in range(2)]
    assert (first.status, again.status) == (202, 200)
    assert first.body["id"] == again.body["id"]


def test_a_body_that_says_anything_is_refused(world: World) -> None:
    assert Api(world).post("/v1/journal/verify", {"x": 1}).status == 422


def test_a_payload_of_such_a_task_is_refused(world: World) -> None:
    asked = {"kind": "journal_verify", "payload": {"owner": "other"}}
    assert Api(world).post("/v1/tasks", asked).status == 422


def test_the_sweep_says_that_seals_are_late(world: World) -> None:
    journal_seal()
    assert sweep()["late_seals"] == 0
    world.at(16)
    assert sweep()["late_seals"] == 1
