"""Checks of the queues, against the template, and of what waits in them."""

import json
from collections.abc import Iterator, Mapping

from chalicelib.healing.doctor.blueprint import WantedQueue
from chalicelib.healing.doctor.check import Look, NotKnown, Verdict, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.settings import resource

MOST_WAITING = 1_000
_WAITING = "ApproximateNumberOfMessages"
_ALL = ["All"]


def attributes(rooms: Rooms) -> Look:
    """Hold visibility, retention and redrive against the template."""
    queues = rooms.wanted.queues
    bad = [
        f"{name}: {what}"
        for name, wanted in queues.items()
        for what in _faults(_told(rooms, name), wanted)
    ]
    return found(bad, f"{len(queues)} queues are as the template has them")


def dead_letters(rooms: Rooms) -> Look:
    """See that the functions of dead letters take them."""
    dead = [each.dead_letters for each in rooms.wanted.queues.values() if each.dead_letters]
    waiting = {name: _waiting(rooms, name) for name in dead}
    bad = [f"{name}: {number} wait" for name, number in waiting.items() if number]
    return found(bad, "no dead letter waits")


def backlog(rooms: Rooms) -> Look:
    """See that workers take about as much as is sent."""
    waiting = {lane: queue.depths()["waiting"] for lane, queue in rooms.lanes.items()}
    bad = [
        f"{lane}: about {number} messages wait"
        for lane, number in waiting.items()
        if number > MOST_WAITING
    ]
    told = ", ".join(f"{lane} {number}" for lane, number in waiting.items())
    return found(bad, f"waiting: {told}", verdict=Verdict.WARNING)


def _waiting(rooms: Rooms, name: str) -> int:
    told = _told(rooms, name)
    if told is None:
        raise NotKnown(f"there is no queue {name}")
    return int(told.get(_WAITING, 0))


def _told(rooms: Rooms, name: str) -> Mapping[str, str] | None:
    url = rooms.cloud.ask("sqs", "get_queue_url", QueueName=resource(name))
    if url is None:
        return None
    answer = rooms.cloud.ask(
        "sqs", "get_queue_attributes", QueueUrl=url["QueueUrl"], AttributeNames=_ALL
    )
    return None if answer is None else answer.get("Attributes", {})


def _faults(told: Mapping[str, str] | None, wanted: WantedQueue) -> Iterator[str]:
    if told is None:
        yield "it is missing"
        return
    visibility = int(told.get("VisibilityTimeout", -1))
    if visibility != wanted.visibility_seconds:
        yield f"messages are hidden for {visibility} s; it must be {wanted.visibility_seconds}"
    kept = int(told.get("MessageRetentionPeriod", -1))
    if kept != wanted.retention_seconds:
        yield f"messages are kept for {kept} s; it must be {wanted.retention_seconds}"
    redrive = json.loads(told.get("RedrivePolicy", "{}"))
    dead = str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2] or None
    if dead != (wanted.dead_letters and resource(wanted.dead_letters)):
        yield f"dead letters go to {dead or 'nowhere'}"
    elif wanted.most_receives and int(redrive["maxReceiveCount"]) != wanted.most_receives:
        yield f"a message dies after {redrive['maxReceiveCount']} receives"
