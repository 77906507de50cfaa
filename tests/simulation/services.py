"""SQS, S3 and STS as far as Palyra uses them, in memory, behind the calls of their clients."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

VISIBILITY = timedelta(minutes=30)
MOST_RECEIVES = 10


@dataclass(eq=False)
class Message:
    """A message on its way.

    Attributes:
        lane: the queue it is in.
        visible_at: when it can be received.
        receives: how often it was.
    """

    lane: str
    body: str
    visible_at: datetime
    number: int
    receives: int = 0

    @property
    def task(self) -> tuple[str, str]:
        """Return the key of the row it points to."""
        content = json.loads(self.body)
        return content["pk"], content["sk"]


@dataclass
class SimQueues:
    """The queues of the lanes."""

    now: Callable[[], datetime]
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, lane: str, body: str, delay: int) -> None:
        """Put a message into a lane."""
        self.sent += 1
        visible_at = self.now() + timedelta(seconds=delay)
        self.messages.append(Message(lane, body, visible_at, self.sent))

    def visible(self) -> list[Message]:
        """Return what can be received now, oldest first."""
        now = self.now()
        return [message for message in self.messages if message.visible_at <= now]

    def receive(self, message: Message) -> None:
        """Hide a message while it is carried out."""
        message.receives += 1
        message.visible_at = self.now() + VISIBILITY

    def duplicate(self, message: Message) -> Message:
        """Return a second delivery of a message; the one may be deleted and the other come back."""
        again = copy(message)
        self.messages.append(again)
        return again

    def delete(self, message: Message) -> None:
        """Take a message out for good."""
        if message in self.messages:
            self.messages.remove(message)

    def bury(self, message: Message) -> None:
        """Move a message that came back too often to the dead letters."""
        if message.receives >= MOST_RECEIVES:
            self.delete(message)
            self.dead.append(message)

    def depth(self, lane: str) -> dict[str, str]:
        """Return SQS's counts of a lane."""
        now = self.now()
        own = [message for message in self.messages if message.lane == lane]
        waiting = sum(message.visible_at <= now for message in own)
        return {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": str(len(own) - waiting),
        }


class Cloud(Protocol):
    """What the clients stand on: clients are cached, and what a schedule begins with is new."""

    queues: SimQueues
    objects: dict[str, bytes]

    def make(self, operation: str, arguments: Mapping[str, Any], do: Callable[[], Any]) -> Any:
        """Make a call, unless something goes wrong with it."""


class SqsClient:
    """What LaneQueue asks of botocore's client."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get_queue_url(self, **arguments: Any) -> Any:
        url = f"https://sqs/{arguments['QueueName']}"
        return self._cloud.make("GetQueueUrl", arguments, lambda: {"QueueUrl": url})

    def send_message(self, **arguments: Any) -> Any:
        lane = arguments["QueueUrl"].rpartition("-")[2]
        body, delay = arguments["MessageBody"], arguments["DelaySeconds"]

        def send() -> dict[str, str]:
            self._cloud.queues.send(lane, body, delay)
            return {}

        return self._cloud.make("SendMessage", arguments, send)

    def get_queue_attributes(self, **arguments: Any) -> Any:
        lane = arguments["QueueUrl"].rpartition("-")[2]
        answer = {"Attributes": self._cloud.queues.depth(lane)}
        return self._cloud.make("GetQueueAttributes", arguments, lambda: answer)


class S3Client:
    """What Payloads asks of botocore's client."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def put_object(self, **arguments: Any) -> Any:
        def put() -> dict[str, str]:
            self._cloud.objects[arguments["Key"]] = arguments["Body"]
            return {"ETag": hashlib.md5(arguments["Body"], usedforsecurity=False).hexdigest()}

        return self._cloud.make("PutObject", arguments, put)

    def get_object(self, **arguments: Any) -> Any:
        def get() -> dict[str, Any]:
            return {"Body": io.BytesIO(self._cloud.objects[arguments["Key"]])}

        return self._cloud.make("GetObject", arguments, get)

    def list_objects_v2(self, **arguments: Any) -> Any:
        def found() -> dict[str, Any]:
            prefix, after = arguments["Prefix"], arguments.get("StartAfter", "")
            names = [it for it in sorted(self._cloud.objects) if it.startswith(prefix)]
            return {"Contents": [{"Key": it} for it in names if it > after]}

        return self._cloud.make("ListObjectsV2", arguments, found)


class StsClient:
    """What says whose account it is."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get_caller_identity(self, **arguments: Any) -> Any:
        return self._cloud.make("GetCallerIdentity", arguments, lambda: {"Account": "123456789012"})
