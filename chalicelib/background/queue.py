"""LaneQueue: messages are pointers to tasks, at least once, in about the order of their sending."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from chalicelib.background.task import TaskRef, slot_key
from chalicelib.errors import Malformed, Unavailable
from chalicelib.settings import resource

LONGEST_DELAY = timedelta(minutes=15)
_POINTER = re.compile(r"[a-z][a-z0-9-]{0,31}#[0-9A-Z]{1,64}/[0-9]{12}")
_LAST_SLOT = slot_key(datetime.max.replace(tzinfo=UTC))
_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "delayed": "ApproximateNumberOfMessagesDelayed",
}


@cache
def _session() -> Session:
    return get_session()


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
    if not _POINTER.fullmatch(f"{ref.pk}/{ref.sk}") or ref.sk > _LAST_SLOT:
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
        self._call(
            self._client.send_message,
            QueueUrl=self._url,
            MessageBody=encode(ref),
            DelaySeconds=seconds,
        )

    def depths(self) -> dict[str, int]:
        """Return about how many messages are waiting, in flight and delayed."""
        answer = self._call(
            self._client.get_queue_attributes,
            QueueUrl=self._url,
            AttributeNames=list(_DEPTHS.values()),
        )
        return {name: int(answer["Attributes"][of]) for name, of in _DEPTHS.items()}

    @cached_property
    def _client(self) -> Any:
        config = Config(
            connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
        )
        # Not boto3: importing it takes as long as all the rest of a worker.
        return _session().create_client("sqs", config=config)

    @cached_property
    def _url(self) -> str:
        answer = self._call(self._client.get_queue_url, QueueName=resource(self._lane))
        return str(answer["QueueUrl"])

    def _call(
        self, operation: Callable[..., Mapping[str, Any]], **arguments: Any
    ) -> Mapping[str, Any]:
        try:
            return operation(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable(
                f"SQS did not answer: {type(error).__name__}", fix="try again"
            ) from error
