"""What pairing, devices and requests say of persons: sealed where it is kept, and erasable."""

from typing import Any

from chalicelib.background.task import TaskRef
from tests.nodes.capabilities.helper import Helper
from tests.permissions.policies import acting_as

CODE = {"method": "pin", "client_kind": "cli", "label": "Ada's phone"}


def minted(helper: Helper) -> Any:
    """Mint a code that names somebody; return its entry of the journal."""
    assert helper.api.post("/v1/pairing/codes", CODE).status == 201
    (entry,) = helper.api.get("/v1/journal?kind=pairing.code_minted").body["items"]
    return entry


def erased(helper: Helper, subject: str) -> None:
    """Erase a subject to the end."""
    asked = {"subject": subject, "reason": "ticket 4711"}
    reply = helper.api.post("/v1/erasures", asked)
    assert reply.status == 202, reply
    task = TaskRef.of("main", reply.body["id"])
    for _ in range(6):
        with acting_as("worker"):
            helper.world.services.handle(task)
        helper.move(minutes=10)
    assert helper.world.task(task).state == "succeeded"


def test_whom_a_code_is_for_is_sealed_in_the_journal(helper: Helper) -> None:
    assert minted(helper)["personal"] == {"label": "Ada's phone"}
    (event,) = helper.world.events("pairing.code_minted")
    assert "Ada" not in event.content


def test_whom_a_code_was_for_is_erased_by_the_subject_of_its_entry(helper: Helper) -> None:
    entry = minted(helper)
    erased(helper, entry["subject"])

    shown = helper.api.get(f"/v1/journal/{entry['stream']}/{entry['seq']}").body
    assert shown["personal"] == "erased"
    assert shown["details"]["code_id"]


def test_why_a_device_was_thrown_out_is_not_in_the_journal(helper: Helper) -> None:
    reply = helper.api.post(helper.path("revoke"), {"reason": "Ada lost it"})
    assert reply.status == 200, reply
    (event,) = helper.world.events("node.revoked")
    assert "Ada" not in event.content


def test_what_a_person_asked_of_a_node_is_not_in_the_journal(helper: Helper) -> None:
    helper.granted("disk.look", "camera.take")
    request = helper.asked()
    helper.take(request)
    helper.succeed(request, {"picture": "of Ada"})

    (event,) = helper.world.events("node.invoked")
    assert "640" not in event.content
    entries = helper.api.get("/v1/journal?limit=100").body["items"]
    assert "Ada" not in str(entries)
