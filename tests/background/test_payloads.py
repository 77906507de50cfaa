"""Payloads: small ones in the row, large ones in S3."""

import json

import boto3
import pytest

from chalicelib.background.kinds import Ending
from chalicelib.background.lease import Lease
from chalicelib.background.payloads import INLINE_BYTES, LARGEST_BYTES, PayloadLost, Payloads
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.errors import Invalid, Unavailable
from tests.support.tasks import DONE, a_task, errand, errands
from tests.support.world import World

REF = TaskRef("main#tasks", "01M81J18G068RKEJVNQ9RFVHWP")
FRAME = len(json.dumps({"text": ""}))


@pytest.fixture
def payloads(world: World) -> Payloads:
    return world.services.tasks.maker.payloads


def a_text(size: int) -> dict[str, str]:
    """Return a payload that has so many bytes as JSON."""
    return {"text": "x" * (size - FRAME)}


def tamper(payloads: Payloads, key: str, body: bytes) -> None:
    boto3.client("s3").put_object(Bucket=payloads._bucket, Key=key, Body=body)


@pytest.mark.parametrize(("size", "is_inline"), [(INLINE_BYTES, True), (INLINE_BYTES + 1, False)])
def test_over_4_kb_a_payload_is_kept_in_s3(
    payloads: Payloads, size: int, *, is_inline: bool
) -> None:
    content = json.dumps(a_text(size))

    kept = payloads.keep(REF, content)

    assert (kept.inline == content) == is_inline
    assert (kept.key == "") == is_inline


def test_bytes_count_and_not_characters(payloads: Payloads) -> None:
    assert payloads.keep(REF, "é" * (INLINE_BYTES // 2)).inline
    assert payloads.keep(REF, "é" * (INLINE_BYTES // 2 + 1)).key


def test_a_payload_of_256_kb_is_taken(payloads: Payloads) -> None:
    assert payloads.keep(REF, "x" * LARGEST_BYTES).key


def test_a_larger_payload_is_refused_by_name(payloads: Payloads) -> None:
    with pytest.raises(Invalid) as invalid:
        payloads.keep(REF, "x" * (LARGEST_BYTES + 1))

    (fault,) = invalid.value.faults
    assert fault == ("payload", "the payload has 262145 bytes", "use at most 262144 bytes")


@pytest.mark.parametrize("size", [FRAME, INLINE_BYTES, INLINE_BYTES + 1, LARGEST_BYTES])
def test_a_payload_is_read_as_it_was_kept(world: World, payloads: Payloads, size: int) -> None:
    errands(world.services)

    task = errand(world, payload=a_text(size))

    assert payloads.read(world.task(task.ref)) == a_text(size)


def test_a_task_without_a_payload_has_none(payloads: Payloads) -> None:
    assert payloads.read(a_task()) is None


def test_the_key_begins_with_the_owner(payloads: Payloads) -> None:
    assert payloads.keep(REF, "x" * LARGEST_BYTES).key.startswith(f"main/{REF.id}/")


def test_a_payload_that_was_changed_is_not_read(payloads: Payloads) -> None:
    kept = payloads.keep(REF, json.dumps(a_text(INLINE_BYTES + 1)))
    tamper(payloads, kept.key, b'{"text": "pay me"}')
    task = a_task(payload_key=kept.key, payload_sha256=kept.sha256)

    with pytest.raises(PayloadLost):
        payloads.read(task)


def test_an_s3_that_does_not_answer_is_said_so(payloads: Payloads) -> None:
    with pytest.raises(Unavailable):
        payloads.read(a_task(payload_key="main/nowhere.json", payload_sha256="x"))


def test_a_changed_payload_is_a_failed_attempt(world: World, payloads: Payloads) -> None:
    def read(task: Task, _lease: Lease) -> Ending:
        payloads.read(task)
        return DONE

    errands(world.services, read)
    task = errand(world, payload=a_text(INLINE_BYTES + 1))
    tamper(payloads, task.payload_key, b"{}")

    world.services.handle(task.ref)

    again = world.task(task.ref)
    assert (again.state, again.attempt) == (State.QUEUED, 1)
    assert again.history[0].reason == f"PayloadLost: the payload of {task.ref.id} has changed"
