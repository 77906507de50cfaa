"""Sinks: every way in which text leaves a function, each driven as it is in production.

A sink takes texts with a secret each and returns all that came out of each of them: the items of a
table as DynamoDB keeps them, the lines of the log, the body of an answer or message.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache, wraps
from io import StringIO
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.kinds import Ending, FollowUp
from chalicelib.background.lease import Lease
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Task, TaskRef, derived_key
from chalicelib.clock import SystemClock
from chalicelib.functions.observability import logger, measure, traced
from chalicelib.functions.wiring.container import container as this_container
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.event import Event
from chalicelib.providers import Answer, Conversation, ToolCall, ToolSpec
from chalicelib.runs import prompt
from chalicelib.runs.tools import Tool, Toolbox
from tests.functions.http.api import Api, a_job
from tests.functions.invoke import Context, dead_letter_normal
from tests.functions.log import recorded
from tests.support.tasks import DONE, KIND, OPERATOR, errand, errands
from tests.support.world import World, a_world

# Where in the items of a table their names stand.
_NAMED = {
    "heartbeats": "sk",
    "incidents": "pk",
    "journal": "event_id",
    "runs": "pk",
    "work": "sk",
}
EVENT = SimpleNamespace(context=Context())


@dataclass
class Place:
    """Where the cells of a sink are."""

    world: World
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def api(self) -> Api:
        return Api(self.world)

    def name(self) -> str:
        """Return an id that no other cell has."""
        return f"{next(self.numbers):026}"


@contextmanager
def a_place() -> Iterator[Place]:
    """The functions' own container on a cloud of its own.

    What a transaction takes grows with all that the cloud holds, so sinks do not share one.
    """
    this_container.cache_clear()
    with a_world() as world, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        yield Place(world)


type Sink = Callable[[tuple[str, ...]], list[str]]


def one_by_one(tell: Callable[[str], str]) -> Sink:
    """Return the sink through which texts go one by one."""

    @wraps(tell)
    def sink(texts: tuple[str, ...]) -> list[str]:
        return [tell(text) for text in texts]

    return sink


def in_a_place[T](tell: Callable[[Place, tuple[str, ...]], T]) -> Callable[[tuple[str, ...]], T]:
    """Return what texts go through on a cloud of its own."""

    @wraps(tell)
    def sink(texts: tuple[str, ...]) -> T:
        with a_place() as place:
            return tell(place, texts)

    return sink


@one_by_one
def log_message(text: str) -> str:
    with recorded() as log:
        logging.getLogger("palyra.tick").warning("it said %s", text)
        logger.info(text)
    return log.output.getvalue()


@one_by_one
def log_fields(text: str) -> str:
    with recorded() as log:
        logger.info("seen", extra={"seen": text, "all": {"of": [text]}, "odd": OSError(text)})
    return log.output.getvalue()


@one_by_one
def log_exception(text: str) -> str:
    with recorded() as log:
        try:
            _fail(text)
        except ValueError:
            logging.getLogger("palyra.worker").exception("the attempt failed")
    return log.output.getvalue()


@one_by_one
def failed_function(text: str) -> str:
    """Return what is logged of a failure, and what Lambda is told and logs again."""
    with recorded() as log:
        try:
            traced(lambda _event: _fail(text))(EVENT)
        except Exception as error:  # noqa: BLE001 - whatever Lambda would be told
            return f"{log.output.getvalue()}\n{type(error).__name__}: {error}"
    raise AssertionError("it did not fail")


@one_by_one
def metric(text: str) -> str:
    with redirect_stdout(StringIO()) as printed:
        measure({"DeadLetters": 1}, lane=text)
    return printed.getvalue()


@in_a_place
def journal(place: Place, texts: tuple[str, ...]) -> list[str]:
    events = [_event(place, text) for text in texts]
    for event in events:
        place.world.services.worker.journal.append(event)
    return _kept("journal", [event.id for event in events])


@in_a_place
def incident(place: Place, texts: tuple[str, ...]) -> list[str]:
    store, now = IncidentStore(), place.world.clock.now()
    made = [store.raise_(_sighting(place.name(), text), now) for text in texts]
    for each, text in zip(made, texts, strict=True):
        store.resolve("main", each.id, text, now)
    kept = _kept("incidents", [each.id for each in made])
    assert not any("hunter2-hunter2" in each for each in kept)
    return kept


@in_a_place
def dead_letter(_place: Place, texts: tuple[str, ...]) -> list[str]:
    """Return what is logged of each message, with the incidents of all of them."""
    logs = []
    for text in texts:
        with recorded() as log, redirect_stdout(StringIO()):
            dead_letter_normal(text)
        logs.append(log.output.getvalue())
    (incidents,) = _kept("incidents", ["system#"])
    return [log + incidents for log in logs]


@in_a_place
def failed_task(place: Place, texts: tuple[str, ...]) -> list[str]:
    """Return the row of a task, the history of its attempts in it, and its end in the journal."""
    return _of_tasks([_failed(place, text) for text in texts])


@in_a_place
def cancelled_task(place: Place, texts: tuple[str, ...]) -> list[str]:
    errands(place.world.services)
    tasks = [errand(place.world).ref for _ in texts]
    for task, text in zip(tasks, texts, strict=True):
        place.world.services.tasks.cancel("main", OPERATOR, task.id, text)
    return _of_tasks(tasks)


def message(texts: tuple[str, ...]) -> list[str]:
    """Return the messages of tasks that a machine made, and hands the texts to."""
    return [sent for _, sent in _followed(texts)]


def follow_up(texts: tuple[str, ...]) -> list[str]:
    """Return the rows of tasks that a machine made, and hands the texts to."""
    return [row for row, _ in _followed(texts)]


@in_a_place
def heartbeat(place: Place, texts: tuple[str, ...]) -> list[str]:
    names = [place.name() for _ in texts]
    for name, text in zip(names, texts, strict=True):
        update = WorkHeartbeatUpdate(
            owner="main", kind=WorkHeartbeatKind.RUN, object_id=name, summary=text
        )
        place.world.services.worker.heartbeats.record(update, place.world.clock.now())
    return _kept("heartbeats", names)


@in_a_place
def run(place: Place, texts: tuple[str, ...]) -> list[str]:
    """Return the steps and the headers of runs whose model and tool tell the texts."""
    kept = _kept("runs", [ran(place, text).run_id for text in texts])
    assert all(each.count('"kind') >= len(("tool", "result", "answer")) for each in kept)
    return kept


def ran(place: Place, text: str) -> TaskRef:
    """Return the task of a run whose model and tool tell the text."""
    services = place.world.services
    kind = services.worker.kinds[prompt.KIND]
    assert isinstance(kind, prompt.Prompt)
    before = kind.runs.provider, kind.runs.tools
    kind.runs.provider, kind.runs.tools = _Telling(text), Toolbox([_telling(text)])
    try:
        draft = TaskDraft(kind=prompt.KIND, payload={"prompt": "Say", "tools": ["system.health"]})
        task = services.tasks.create("main", OPERATOR, draft).task
        services.handle(task.ref)
    finally:
        kind.runs.provider, kind.runs.tools = before
    assert place.world.task(task.ref).state == "succeeded"
    return task.ref


@in_a_place
def problem(place: Place, texts: tuple[str, ...]) -> list[str]:
    """Return refusals of a field that the text is told about again, and what is logged of them."""
    return [_refused_tool(place, text) for text in texts]


@in_a_place
def prompt_of_job(place: Place, texts: tuple[str, ...]) -> list[str]:
    before = _count("jobs", "work", "journal")
    told = [_refused_job(place, text) for text in texts]
    assert _count("jobs", "work", "journal") == before
    return told


@in_a_place
def prompt_of_task(place: Place, texts: tuple[str, ...]) -> list[str]:
    before = _count("work", "journal")
    told = [_refused_task(place, text) for text in texts]
    assert _count("work", "journal") == before
    return told


# What tells the text itself, and so must show a marker in its place.
TELLING: Mapping[str, Sink] = {
    sink.__name__: sink
    for sink in (
        *(log_message, log_fields, log_exception, failed_function, metric),
        *(journal, incident, dead_letter, failed_task, cancelled_task),
        *(heartbeat, run, follow_up),
    )
}
# What must not hold the text at all.
SILENT: Mapping[str, Sink] = {
    sink.__name__: sink for sink in (message, problem, prompt_of_job, prompt_of_task)
}


class _Telling:
    """A model that asks for a tool with the text, and answers with it."""

    name, deadline = "telling", timedelta(seconds=5)

    def __init__(self, text: str) -> None:
        self._text = text

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        asked = (
            ToolCall("system.health", {"about": "all"}),
            ToolCall("system.health", {"about": self._text}),
            Answer(self._text),
        )
        return asked[len(conversation.turns) // 2]


def _telling(text: str) -> Tool:
    spec = ToolSpec(name="system.health", effect="read", description="Tells all.")
    return Tool(spec=spec, call=lambda _call: {"seen": text}, is_idempotent=True)


def _event(place: Place, text: str) -> Event:
    return Event(
        id=f"{place.name()}/done",
        owner="main",
        kind="cell.done",
        actor=f"token:{text}",
        subject=text,
        at=place.world.clock.now(),
        details={"reason": text, "deep": [{"note": text}], text: 1},
    )


def _sighting(name: str, text: str) -> Sighting:
    return Sighting(
        owner="main",
        kind=kinds.DEAD_LETTER,
        dedupe_key=f"{name} {text}",
        occurrence=name,
        summary=text,
        detail=text,
        evidence={"seen": text, "password": "hunter2-hunter2"},
        related=(text,),
    )


def _failed(place: Place, text: str) -> TaskRef:
    services = place.world.services

    def fail(_task: Task, _lease: Lease) -> Ending:
        raise ValueError(text)

    errands(services, fail)
    task = errand(place.world, max_attempts=2)
    with recorded():
        services.handle(task.ref)
        place.world.clock.move(timedelta(minutes=2))
        services.handle(task.ref)
    assert place.world.task(task.ref).state == "failed"
    return task.ref


def _refused_tool(place: Place, text: str) -> str:
    with recorded() as log:
        reply = place.api.post("/v1/jobs", a_job(tools=[text]))
    assert reply.status == 422
    return json.dumps(reply.body) + log.output.getvalue()


def _refused_job(place: Place, text: str) -> str:
    with recorded() as log:
        refused = [
            place.api.post("/v1/jobs", a_job(prompt=f"Please use this: {text}")),
            place.api.post("/v1/jobs", a_job(name=text[:100])),
        ]
    assert [reply.status for reply in refused] == [422, 422]
    return json.dumps([reply.body for reply in refused]) + log.output.getvalue()


def _refused_task(place: Place, text: str) -> str:
    payload = {"prompt": "Say", "then": {"prompt": f"Please use this: {text}"}}
    with recorded() as log:
        refused = place.api.post("/v1/tasks", {"kind": prompt.KIND, "payload": payload})
    assert refused.status == 422
    assert refused.body["errors"][0]["field"] == "payload.then.prompt"
    return json.dumps(refused.body) + log.output.getvalue()


# Both sinks look at the same tasks.
@lru_cache(maxsize=1)
@in_a_place
def _followed(place: Place, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the row and the messages of the task that is made of each text."""
    tasks = [_follow_up(place, text).sk for text in texts]
    messages = list(_messages())
    sent = ["".join(each for each in messages if task in each) for task in tasks]
    assert all(sent)
    return list(zip(_kept("work", tasks), sent, strict=True))


def _follow_up(place: Place, text: str) -> TaskRef:
    services = place.world.services
    follow_up = FollowUp("next", KIND, {"note": text, "password": "hunter2-hunter2"})
    errands(services, lambda *_: Ending(end=DONE.end, follow_ups=[follow_up]))
    task = errand(place.world, dedupe_key=f"{place.name()} {text}")
    services.handle(task.ref)
    return task.ref.offspring(derived_key(task.ref.id, "next"))


def _fail(text: str) -> None:
    raise ValueError(text)


def _messages() -> Iterator[str]:
    sqs = _client("sqs")
    queue = sqs.get_queue_url(QueueName="palyra-local-normal")["QueueUrl"]
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for each in got:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            yield json.dumps(each)


def _of_tasks(refs: Sequence[TaskRef]) -> list[str]:
    rows = _kept("work", [ref.sk for ref in refs])
    events = _kept("journal", [ref.id for ref in refs])
    return [row + event for row, event in zip(rows, events, strict=True)]


def _kept(table: str, names: Sequence[str]) -> list[str]:
    """Return the items with each name in their key; fail where there are none of one.

    The table is read once: a scan for each name would take longer with every cell before it.
    """
    pages = _client("dynamodb").get_paginator("scan").paginate(TableName=f"palyra-local-{table}")
    items = [
        (item[_NAMED[table]]["S"], json.dumps(item, ensure_ascii=False))
        for page in pages
        for item in page["Items"]
    ]
    kept = ["\n".join(item for key, item in items if name in key) for name in names]
    assert all(kept)
    return kept


def _count(*tables: str) -> int:
    """Return how many items there are."""
    scan = _client("dynamodb").scan
    return sum(scan(TableName=f"palyra-local-{each}", Select="COUNT")["Count"] for each in tables)


@cache
def _client(service: str) -> Any:
    # Making a client takes longer than most cells.
    return boto3.client(service)
