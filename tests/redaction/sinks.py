"""Sinks: every way in which text leaves a function, each driven as it is in production.

A sink takes a text with a secret and returns all that came out of it: the items of a table as
DynamoDB keeps them, the lines of the log, the body of an answer or message.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from io import StringIO
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.kinds import Ending, FollowUp
from chalicelib.background.lease import Lease
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Task, TaskRef, derived_key
from chalicelib.functions.observability import logger, measure, traced
from chalicelib.incidents.incident import IncidentDomain, IncidentSeverity, Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.event import Event
from chalicelib.providers import Answer, Conversation, ToolCall, ToolSpec
from chalicelib.runs import prompt
from chalicelib.runs.tools import Tool, Toolbox
from tests.functions.http.api import Api, a_job
from tests.functions.invoke import Context, dead_letter_normal
from tests.functions.log import recorded
from tests.support.tasks import DONE, KIND, OPERATOR, errand, errands
from tests.support.world import World

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
    """Where the cells of a module are."""

    world: World
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def api(self) -> Api:
        return Api(self.world)

    def name(self) -> str:
        """Return an id that no other cell has."""
        return f"{next(self.numbers):026}"


type Sink = Callable[[Place, str], str]


def log_message(_place: Place, text: str) -> str:
    with recorded() as log:
        logging.getLogger("palyra.tick").warning("it said %s", text)
        logger.info(text)
    return log.output.getvalue()


def log_fields(_place: Place, text: str) -> str:
    with recorded() as log:
        logger.info("seen", extra={"seen": text, "all": {"of": [text]}, "odd": OSError(text)})
    return log.output.getvalue()


def log_exception(_place: Place, text: str) -> str:
    with recorded() as log:
        try:
            _fail(text)
        except ValueError:
            logging.getLogger("palyra.worker").exception("the attempt failed")
    return log.output.getvalue()


def failed_function(_place: Place, text: str) -> str:
    """Return what is logged of a failure, and what Lambda is told and logs again."""
    with recorded() as log:
        try:
            traced(lambda _event: _fail(text))(EVENT)
        except Exception as error:  # noqa: BLE001 - whatever Lambda would be told
            return f"{log.output.getvalue()}\n{type(error).__name__}: {error}"
    raise AssertionError("it did not fail")


def metric(_place: Place, text: str) -> str:
    with redirect_stdout(StringIO()) as printed:
        measure({"DeadLetters": 1}, lane=text)
    return printed.getvalue()


def journal(place: Place, text: str) -> str:
    event = Event(
        id=f"{place.name()}/done",
        owner="main",
        kind="cell.done",
        actor=f"token:{text}",
        subject=text,
        at=place.world.clock.now(),
        details={"reason": text, "deep": [{"note": text}], text: 1},
    )
    place.world.services.worker.journal.append(event)
    return _newest("journal", event.id)


def incident(place: Place, text: str) -> str:
    store, now, name = IncidentStore(), place.world.clock.now(), place.name()
    sighting = Sighting(
        owner="main",
        domain=IncidentDomain.QUEUE,
        dedupe_key=f"{name} {text}",
        occurrence=name,
        severity=IncidentSeverity.LOW,
        summary=text,
        detail=text,
        evidence={"seen": text, "password": "hunter2-hunter2"},
        related=(text,),
    )
    made = store.raise_(sighting, now)
    store.resolve("main", made.id, text, now)
    kept = _newest("incidents", made.id)
    assert "hunter2-hunter2" not in kept
    return kept


def dead_letter(_place: Place, text: str) -> str:
    with recorded() as log, redirect_stdout(StringIO()):
        dead_letter_normal(text)
    return log.output.getvalue() + _newest("incidents", "system#")


def failed_task(place: Place, text: str) -> str:
    """Return the row of a task, the history of its attempts in it, and its end in the journal."""
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
    return _newest("work", task.ref.sk) + _newest("journal", task.ref.id)


def cancelled_task(place: Place, text: str) -> str:
    errands(place.world.services)
    task = errand(place.world)
    place.world.services.tasks.cancel("main", OPERATOR, task.ref.id, text)
    return _newest("work", task.ref.sk) + _newest("journal", task.ref.id)


def message(place: Place, text: str) -> str:
    """Return the message of a task that a machine made, and hands the text to."""
    sent = list(_messages(_follow_up(place, text)))
    assert sent
    return "".join(sent)


def follow_up(place: Place, text: str) -> str:
    """Return the row of a task that a machine made, and hands the text to."""
    return _newest("work", _follow_up(place, text).sk)


def heartbeat(place: Place, text: str) -> str:
    name = place.name()
    update = WorkHeartbeatUpdate(
        owner="main", kind=WorkHeartbeatKind.RUN, object_id=name, summary=text
    )
    place.world.services.worker.heartbeats.record(update, place.world.clock.now())
    return _newest("heartbeats", name)


def run(place: Place, text: str) -> str:
    """Return the steps and the header of a run whose model and tool tell the text."""
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
    kept = _newest("runs", task.ref.run_id)
    assert place.world.task(task.ref).state == "succeeded"
    assert kept.count('"kind') >= len(("tool", "result", "answer"))
    return kept


def problem(place: Place, text: str) -> str:
    """Return the refusal of a field that the text is told about again, and what is logged of it."""
    with recorded() as log:
        reply = place.api.post("/v1/jobs", a_job(tools=[text]))
    assert reply.status == 422
    return json.dumps(reply.body) + log.output.getvalue()


def prompt_of_job(place: Place, text: str) -> str:
    before = _count("jobs", "work", "journal")
    with recorded() as log:
        refused = [
            place.api.post("/v1/jobs", a_job(prompt=f"Please use this: {text}")),
            place.api.post("/v1/jobs", a_job(name=text[:100])),
        ]
    assert [reply.status for reply in refused] == [422, 422]
    assert _count("jobs", "work", "journal") == before
    return json.dumps([reply.body for reply in refused]) + log.output.getvalue()


def prompt_of_task(place: Place, text: str) -> str:
    payload = {"prompt": "Say", "then": {"prompt": f"Please use this: {text}"}}
    before = _count("work", "journal")
    with recorded() as log:
        refused = place.api.post("/v1/tasks", {"kind": prompt.KIND, "payload": payload})
    assert refused.status == 422
    assert refused.body["errors"][0]["field"] == "payload.then.prompt"
    assert _count("work", "journal") == before
    return json.dumps(refused.body) + log.output.getvalue()


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


def _follow_up(place: Place, text: str) -> TaskRef:
    services = place.world.services
    follow_up = FollowUp("next", KIND, {"note": text, "password": "hunter2-hunter2"})
    errands(services, lambda *_: Ending(end=DONE.end, follow_ups=[follow_up]))
    task = errand(place.world, dedupe_key=f"{place.name()} {text}")
    services.handle(task.ref)
    return task.ref.offspring(derived_key(task.ref.id, "next"))


def _fail(text: str) -> None:
    raise ValueError(text)


def _messages(ref: TaskRef) -> Iterator[str]:
    sqs = _client("sqs")
    queue = sqs.get_queue_url(QueueName="palyra-local-normal")["QueueUrl"]
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for each in got:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
            if ref.sk in each["Body"]:
                yield json.dumps(each)


def _newest(table: str, name: str) -> str:
    """Return the items of a table that have a name in their key, and fail where there are none."""
    answer = _client("dynamodb").scan(
        TableName=f"palyra-local-{table}",
        FilterExpression="contains(#named, :name)",
        ExpressionAttributeNames={"#named": _NAMED[table]},
        ExpressionAttributeValues={":name": {"S": name}},
    )
    assert answer["Items"]
    return "\n".join(json.dumps(item, ensure_ascii=False) for item in answer["Items"])


def _count(*tables: str) -> int:
    """Return how many items there are."""
    scan = _client("dynamodb").scan
    return sum(scan(TableName=f"palyra-local-{each}", Select="COUNT")["Count"] for each in tables)


@cache
def _client(service: str) -> Any:
    # Making a client takes longer than most cells.
    return boto3.client(service)
