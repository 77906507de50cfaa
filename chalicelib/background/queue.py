"""LaneQueue: messages are pointers to tasks, at least once, in about the order of their sending."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from chalicelib import aws
from chalicelib.background.task import TaskRef, slot_key
from chalicelib.errors import Malformed
from chalicelib.settings import resource

LONGEST_DELAY = timedelta(minutes=15)
_POINTER = re.compile(
    r"[a-z][a-z0-9-]{0,31}"
    r"#(tasks|[0-9A-Z]{1,64}(-[0-9A-Z]{1,64}){0,63})"
    r"/([0-9]{12}|[0-9A-Z]{26})"
)
_LAST_SLOT = slot_key(datetime.max.replace(tzinfo=UTC))
_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


def encode(ref: TaskRef) -> str:
    """Return the body of the message that points to a task."""
    return json.dumps({"pk": ref.pk, "sk": ref.sk})


def decode(body: str) -> TaskRef:
    """Return the task that a message points to.

    Raises:
        Malformed: it is not such a message.
    """
    try:
        content = json.loads(body)
        ref = TaskRef(str(content["pk"]), str(content["sk"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Malformed("the message does not point to a task") from error
    is_beyond = ref.is_slot and ref.sk > _LAST_SLOT
    if not _POINTER.fullmatch(f"{ref.pk}/{ref.sk}") or is_beyond:
        raise Malformed("the message points to what cannot be a task")
    return ref


class LaneQueue:
    """The queue of one lane."""

    def __init__(self, lane: str) -> None:
        """Take the lane; nothing is asked of AWS before the first use."""
        self._lane = lane

    def send(self, ref: TaskRef, delay: timedelta = timedelta()) -> None:
        """Send a task's message, to be delivered after a delay of at most 15 minutes.

        Raises:
            Unavailable: SQS did not answer; the sweep will send it.
        """
        seconds = math.ceil(max(min(delay, LONGEST_DELAY), timedelta()).total_seconds())
        aws.call(
            "SQS",
            self._client.send_message,
            QueueUrl=self._url,
            MessageBody=encode(ref),
            DelaySeconds=seconds,
        )

    def depths(self) -> dict[str, int]:
        """Return about how many messages are waiting, in flight and delayed."""
        answer = aws.call(
            "SQS",
            self._client.get_queue_attributes,
            QueueUrl=self._url,
            AttributeNames=list(_DEPTHS.values()),
        )
        return {name: int(answer["Attributes"][of]) for name, of in _DEPTHS.items()}

    def date(self) -> str:
        """Return the `Date` of an answer of SQS, which is its clock; empty where it says none."""
        answer = aws.call("SQS", self._client.get_queue_attributes, QueueUrl=self._url)
        return str(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))

    @cached_property
    def _client(self) -> Any:
        return aws.client("sqs")

    @cached_property
    def _url(self) -> str:
        answer = aws.call("SQS", self._client.get_queue_url, QueueName=resource(self._lane))
        return str(answer["QueueUrl"])
