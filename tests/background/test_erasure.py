"""Erasing a job or task: the key first, then every room, and nothing is readable at the end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import BotoCoreError

from chalicelib.background.erasure import FORGOTTEN_AFTER
from chalicelib.background.erasures import Erasures
from chalicelib.background.events import UNSAID
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import State, Task
from chalicelib.errors import Conflict, Invalid, NotFound, Unavailable
from chalicelib.functions.wiring import api, journal_tasks
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.erasure.store import ErasureRow, KeyRow, KeyStore
from chalicelib.journal.verify import Progress, Verifier
from chalicelib.runs.prompt import KIND as PROMPT
from chalicelib.scheduler.job import Change, Job
from tests.support.faults import Crash, crash, recorded
from tests.support.tasks import OPERATOR
from tests.support.world import MINUTE, World

NAME, ASKED, WHY = "dinner with Ada", "Remind Ada of her appointment", "Ada does not want it"
WORDS = ("Ada", "appointment")


def a_container(world: World) -> Container:
    return Container(settings=world.settings, clock=world.clock, random_bytes=bytes)


def erasures(world: World) -> Erasures:
    return api.erasures(a_container(world))


def a_job(world: World) -> Job:
    """Make a job, let it run once, cancel a firing of it, and delete it."""
    job = world.job(name=NAME, prompt=ASKED)
    world.at(1)
    world.services.handle(world.ref(job))
    world.services.tasks.cancel("main", OPERATOR, world.ref(job, 2).id, WHY)
    world.at(3)
    world.services.jobs.delete("main", OPERATOR, job.id)
    for minutes in (3, 4):
        ref = world.ref(job, minutes)
        if world.services.worker.work.get(ref):
            world.at(minutes)
            world.services.handle(ref)
    return job


def a_task(world: World, **payload: Any) -> Task:
    draft = TaskDraft(kind=PROMPT, payload={"prompt": ASKED} | payload)
    task = world.services.tasks.create("main", OPERATOR, draft).task
    world.services.handle(task.ref)
    return task


def ask(world: World, subject: str) -> Task:
    fields = {"subject": subject, "reason": "asked for"}
    return erasures(world).ask("main", OPERATOR, fields).task


def carried_out(world: World, task: Task) -> Task:
    """Let workers carry out a task to its end, whenever it goes on."""
    for _ in range(5):
        world.container().handle(task.ref)
        task = world.task(task.ref)
        if task.state.is_terminal:
            break
        world.clock.instant = max(world.clock.instant, task.due or world.clock.instant)
    return task


def readable() -> list[str]:
    """Return what holds any of the words in clear, of all tables and buckets."""
    return [kept for kept in (*_items(), *_objects()) if any(word in kept for word in WORDS)]


def _items() -> Iterator[str]:
    dynamo = boto3.client("dynamodb")
    for table in dynamo.list_tables()["TableNames"]:
        for item in dynamo.scan(TableName=table, ConsistentRead=True)["Items"]:
            yield json.dumps(item, default=repr)


def _objects() -> Iterator[str]:
    s3 = boto3.client("s3")
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            yield s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode()


@contextmanager
def failing(operation: str, error: Exception) -> Iterator[None]:
    """Let all calls of an operation fail."""
    make = botocore.client.BaseClient._make_api_call

    def call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if name == operation:
            raise error
        return make(client, name, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        yield


def verified(world: World) -> Progress:
    kind = journal_tasks.verify(a_container(world))
    progress = Progress()
    reading = kind._reading("main")
    Verifier("main", reading, lambda *_: True, progress).advance()
    return progress


def test_nothing_of_a_job_is_readable_at_the_end(world: World) -> None:
    job = a_job(world)
    assert readable()
    assert world.personal("task.cancelled") == [{"reason": WHY}]

    task = carried_out(world, ask(world, job.id))

    assert task.state is State.SUCCEEDED
    assert readable() == []
    assert world.personal("job.created") == world.personal("task.cancelled") == ["erased"]


def test_verification_holds_before_and_after_and_says_erased(world: World) -> None:
    job = a_job(world)
    before = verified(world)
    assert (before.holds, before.personal, before.erased) == (True, 2, 0)

    carried_out(world, ask(world, job.id))

    after = verified(world)
    assert (after.troubles, after.personal, after.erased) == ([], 2, 2)
    assert after.erased_runs == before.runs > 0


def test_the_ledger_stays(world: World) -> None:
    job = a_job(world)
    before = world.ledger(job)
    carried_out(world, ask(world, job.id))
    assert world.ledger(job) == before


def test_a_task_is_erased_with_all_that_came_of_it(world: World) -> None:
    task = a_task(world, then={"prompt": ASKED * 300})
    (child,) = world.services.worker.work.offspring(task.ref)
    world.services.handle(child.ref)
    assert child.payload_key

    carried_out(world, ask(world, task.ref.id))

    assert readable() == []
    assert world.task(child.ref).is_erased
    assert verified(world).holds


def test_a_run_that_was_erased_is_shown_without_its_steps(world: World) -> None:
    task = a_task(world)
    carried_out(world, ask(world, task.ref.id))
    view = world.services.transcripts.view("main", task.ref.run_id)
    assert (view.header.prompt, list(view.steps), view.header.state) == (
        "[erased]",
        [],
        State.SUCCEEDED,
    )


def test_it_ends_only_when_no_container_can_remember_the_key(world: World) -> None:
    job = a_job(world)
    task = ask(world, job.id)
    begun = world.clock.now()
    world.container().handle(task.ref)
    waiting = world.task(task.ref)
    assert (waiting.state, waiting.due) == (State.QUEUED, begun + FORGOTTEN_AFTER)
    assert [row.done_at for row in ErasureRow.query("main#erasures")] == [None]
    assert carried_out(world, task).state is State.SUCCEEDED
    assert None not in [row.done_at for row in ErasureRow.query("main#erasures")]


def test_what_still_runs_is_waited_for(world: World) -> None:
    job = world.job(name=NAME, prompt=ASKED)
    world.at(1)
    running = world.services.worker.work.claim(world.ref(job), "a", world.clock.now())
    world.services.jobs.delete("main", OPERATOR, job.id)
    task = ask(world, job.id)

    world.container().handle(task.ref)
    assert world.personal("job.created") == ["erased"]
    assert not world.task(running.ref).is_erased

    world.clock.move(2 * MINUTE)
    world.services.handle(running.ref)
    for minutes in range(2, 5):
        if world.services.worker.work.get(world.ref(job, minutes)):
            world.at(max(minutes, 3))
            world.services.handle(world.ref(job, minutes))
    assert carried_out(world, task).state is State.SUCCEEDED
    assert readable() == []


def test_a_life_of_an_erased_task_is_its_last(world: World) -> None:
    draft = TaskDraft(kind=PROMPT, payload={"prompt": ASKED})
    task = world.services.tasks.create("main", OPERATOR, draft).task
    world.services.tasks.cancel("main", OPERATOR, task.ref.id, WHY)
    carried_out(world, ask(world, task.ref.id))
    with pytest.raises(Conflict, match="erased"):
        world.services.tasks.retry("main", OPERATOR, task.ref.id)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 20, 2))
def test_a_worker_that_dies_is_followed_by_one_that_goes_on(
    world: World, at: int, *, after: bool
) -> None:
    task = a_task(world)
    erasing = ask(world, task.ref.id)
    worker = world.container()

    with crash(at, after=after):
        try:
            worker.handle(erasing.ref)
        except Crash:
            world.clock.move(2 * MINUTE)
    ended = carried_out(world, erasing)

    assert ended.state is State.SUCCEEDED
    assert readable() == []
    assert len(world.events("subject.erased")) == 1
    assert verified(world).holds


def test_asking_again_erases_what_a_restored_table_brought_back(world: World) -> None:
    job = a_job(world)
    (key,) = KeyRow.query("main#personal")
    carried_out(world, ask(world, job.id))
    for row in KeyRow.query("main#personal"):
        row.delete()
    key.save()  # As the table was before.
    assert any("can be read again" in each.what for each in verified(world).troubles)

    world.clock.move(10 * MINUTE)
    carried_out(world, ask(world, job.id))

    assert verified(world).holds
    assert world.personal("job.created") == ["erased"]


def test_a_key_that_somebody_deleted_is_no_erasure(world: World) -> None:
    world.job(name=NAME)
    (key,) = KeyRow.query("main#personal")
    key.update([KeyRow.wrapped.remove(), KeyRow.erased_at.set(1), KeyRow.erasure.set("T")])
    (trouble,) = verified(world).troubles
    assert "nothing says that it was erased" in trouble.what


def test_nothing_personal_is_written_of_it_from_then_on(world: World) -> None:
    task = a_task(world)
    carried_out(world, ask(world, task.ref.id))
    stored = KeyStore().find("main", task.ref.id)
    assert stored
    assert stored.wrapped is None
    assert stored.erasing


def test_a_task_is_cancelled_without_a_key_where_nobody_said_why(world: World) -> None:
    draft = TaskDraft(kind=PROMPT, payload={"prompt": ASKED})
    task = world.services.tasks.create("main", OPERATOR, draft).task
    with recorded() as calls:
        world.services.tasks.cancel("main", OPERATOR, task.ref.id, UNSAID)
    assert "GenerateDataKey" not in calls.made
    assert world.personal("task.cancelled") == [None]


def test_without_kms_no_job_is_made(world: World) -> None:
    with failing("GenerateDataKey", BotoCoreError()), pytest.raises(Unavailable):
        world.job()
    assert world.events("job.created") == []
    assert world.services.jobs.list("main", None, 10).items == []


def test_without_kms_no_words_are_changed(world: World) -> None:
    job = world.job()
    jobs = world.container().jobs  # Which remembers no key.
    with failing("Decrypt", BotoCoreError()), pytest.raises(Unavailable):
        jobs.edit("main", OPERATOR, job.id, Change(name=NAME))
    assert world.events("job.edited") == []
    assert jobs.get("main", job.id).definition.name == "health"


def test_slots_fire_without_kms(world: World) -> None:
    job = world.job()
    container = world.container()
    with recorded() as calls:
        world.at(1)
        container.handle(world.ref(job))
        container.tick.run()
        container.swept()
    assert world.ledger(job)["12:01:00"] == "fired"
    assert not {"GenerateDataKey", "Decrypt"} & set(calls.made)


def test_a_second_erasure_writes_no_second_event(world: World) -> None:
    job = a_job(world)
    carried_out(world, ask(world, job.id))
    assert carried_out(world, ask(world, job.id)).state is State.SUCCEEDED
    assert len(world.events("subject.erased")) == 1


def test_the_event_says_who_asked_and_why(world: World) -> None:
    job = a_job(world)
    task = carried_out(world, ask(world, job.id))
    (row,) = world.events("subject.erased")
    content = json.loads(row.content)
    assert (content["actor"], content["subject"]) == (OPERATOR, job.id)
    assert content["details"] == {
        "key": KeyRow.get("main#personal", job.id).key_id,
        "task": task.ref.id,
        "reason": "asked for",
    }


# What is refused.


def test_a_job_must_be_deleted_first(world: World) -> None:
    with pytest.raises(Conflict, match="not deleted"):
        ask(world, world.job().id)


def test_a_task_must_have_ended(world: World) -> None:
    draft = TaskDraft(kind=PROMPT, payload={"prompt": ASKED})
    task = world.services.tasks.create("main", OPERATOR, draft).task
    with pytest.raises(Conflict, match="queued"):
        ask(world, task.ref.id)


def test_a_part_is_erased_with_its_whole(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        ask(world, "01M81J18G068RKEJVNQ9RFVHWP-001795348920")
    assert "erase 01M81J18G068RKEJVNQ9RFVHWP" in refused.value.fix


def test_what_nobody_knows_is_not_erased(world: World) -> None:
    with pytest.raises(NotFound):
        ask(world, "01M81J18G068RKEJVNQ9RFVHWP")


def test_another_owners_job_is_not_erased(world: World) -> None:
    job = world.job(owner="other")
    world.services.jobs.delete("other", OPERATOR, job.id)
    with pytest.raises(NotFound):
        ask(world, job.id)


@pytest.mark.parametrize("reason", ["", " ", "x" * 201, None, 7])
def test_a_reason_is_a_short_text(world: World, reason: Any) -> None:
    with pytest.raises(Invalid):
        erasures(world).ask("main", OPERATOR, {"subject": "J", "reason": reason})
